"""What programs read of `ready` and `audit`: it keeps to its schema, and no secret is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest
from support.places import schema_complaints
from support.readiness_samples import AUDIT_SAMPLES, READY_SAMPLES, a_ready_report, a_seen, an_audit_report, an_evidence
from support.reports import with_texts

from exporter.audit_json import audit_as_json
from exporter.ready_json import ready_as_json
from probes.readiness.evidence_json import digest, digest_of_json
from probes.readiness.words import (
    AuditKind,
    CheckId,
    CheckState,
    Lost,
    RuleId,
    RuleState,
    SituationName,
    Statement,
    Verdict,
)
from probes.redaction import MASK, Scrubber, Secret
from probes.words import AuthHeader, Environment, Operation, Outcome

KEY = "sk_test_51H8xQz"


def schema(name: str) -> dict[str, object]:
    text = (resources.files("exporter") / "schemas" / f"{name}.schema.json").read_text()
    loaded: dict[str, object] = json.loads(text)
    return loaded


def read(document: object) -> dict[str, object]:
    """As whoever reads the file."""
    told: dict[str, object] = json.loads(json.dumps(document))
    return told


def enums(value: object) -> Iterator[frozenset[str]]:
    """The closed sets of a schema."""
    if isinstance(value, dict):
        if "enum" in value:
            yield frozenset(word for word in value["enum"] if word is not None)
        for item in value.values():
            yield from enums(item)
    elif isinstance(value, list):
        for item in value:
            yield from enums(item)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("name", READY_SAMPLES)
def test_every_verdict_of_ready_keeps_to_the_schema(name: str) -> None:
    assert schema_complaints("ready", read(ready_as_json(READY_SAMPLES[name](), str))) == []


@pytest.mark.parametrize("name", AUDIT_SAMPLES)
def test_every_verdict_of_audit_keeps_to_the_schema(name: str) -> None:
    assert schema_complaints("audit", read(audit_as_json(AUDIT_SAMPLES[name](), str))) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ready", [Verdict, Environment, CheckId, CheckState, Outcome, Operation]),
        (
            "audit",
            [Verdict, AuditKind, RuleId, RuleState, SituationName, Statement, Lost, Operation, AuthHeader],
        ),
    ],
    ids=["ready", "audit"],
)
def test_the_closed_sets_of_a_schema_are_those_of_the_code(name: str, words: list[type]) -> None:
    assert set(enums(schema(name))) == {frozenset(each) for each in words}  # type: ignore[call-overload]


def test_a_run_of_ready_is_described_as_any_other() -> None:
    described, told = schema("runs")["$defs"], schema("ready")["$defs"]

    assert isinstance(described, dict)
    assert isinstance(told, dict)
    assert {name: told.get(name) for name in described} == described


def test_an_expired_waiver_is_told_beside_the_check_that_it_does_not_save() -> None:
    checks = read(ready_as_json(a_ready_report(), str))["checks"]

    assert isinstance(checks, list)
    told = {each["id"]: (each["waived"], each["waiver"] and each["waiver"]["expired"]) for each in checks}
    assert told["retry_after"] == (False, True)
    assert told["quota_headers"] == (True, False)


def test_a_broken_rule_holds_its_very_exchanges() -> None:
    rules = read(audit_as_json(an_audit_report(), str))["rules"]

    assert isinstance(rules, list)
    broken = next(rule for rule in rules if rule["state"] == "broken")
    assert [(each["number"], each["status_code"]) for each in broken["exchanges"]] == [(2, 429), (3, 200)]


def test_a_lost_answer_tells_no_status_and_why() -> None:
    exchanges = read(audit_as_json(an_audit_report(), str))["exchanges"]

    assert isinstance(exchanges, list)
    assert (exchanges[3]["status_code"], exchanges[3]["lost"]) == (None, "by_server")


def test_situations_count_their_own_requests() -> None:
    situations = read(audit_as_json(an_audit_report(), str))["situations"]

    assert isinstance(situations, list)
    assert {each["name"]: each["requests"] for each in situations} == {
        "normal_booking": 1,
        "rate_limited": 2,
        "lost_answer": 2,
    }


def test_a_key_in_every_text_of_a_verdict_of_ready_is_masked() -> None:
    report = with_texts(a_ready_report(), lambda text: f"{text} {KEY}" if " " in text else text)
    document = read(ready_as_json(report, Scrubber([Secret(KEY)]).text))

    assert [text for text in texts(document) if KEY in text] == []
    assert MASK in json.dumps(document)


def test_a_key_in_every_text_of_an_audit_is_masked() -> None:
    report = an_audit_report(
        evidence=an_evidence(exchanges=(a_seen(path=f"/x/{KEY}", request={"idempotencyKey": KEY}),))
    )
    document = read(audit_as_json(with_texts(report, lambda text: f"{text}{KEY}"), Scrubber([Secret(KEY)]).text))
    ours = ("evidence_sha256", "suite_version", "monitor_version")

    assert [text for name, value in document.items() if name not in ours for text in texts(value) if KEY in text] == []
    assert MASK in json.dumps(document)


def test_the_digest_can_be_made_again_of_the_document_though_a_secret_came_up_late() -> None:
    exchanges = (a_seen(path=f"/x/{KEY}"),)
    report = an_audit_report(evidence=an_evidence(exchanges=exchanges), evidence_sha256=digest(exchanges))
    for scrub in (str, Scrubber([Secret(KEY)]).text):
        document = read(audit_as_json(report, scrub))
        told = document["exchanges"]

        assert isinstance(told, list)
        assert document["evidence_sha256"] == digest_of_json(told)
