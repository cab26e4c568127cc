"""Reports of runs that were really played to the sandbox and really kept in a journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import jsonschema_rs
import pytest
from support.keeping import keeping
from support.playing import play, target_for

from alerts.report import as_json
from alerts.report.facts import ExchangeView, Report
from alerts.report.gathering import Setting, of_stretch
from alerts.report.json_twin import schema_text
from alerts.report.reckoning import report_of
from probes.journal.reading import Reader
from probes.model import Objective, Probe, Target
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service, Settings
from probes.words import Blame, Environment, FailureKind, Operation


def settings_for(target: Target) -> Settings:
    probe = Probe(scenario="golden_path", target=target.name, every_seconds=60.0, objective=Objective())
    service = Service(journal="", external_url="https://brekwatch.example")
    return Settings(
        service=service, targets={target.name: target}, probes=(probe,), scenarios=shipped(), secrets=(target.api_key,)
    )


async def told(
    url: str, faults: Sequence[str], *, good: int = 1, bad: int = 3, scenario: str = "golden_path"
) -> Report:
    """Of good runs, and then bad ones."""
    async with keeping(url) as journal, SandboxServer(random=Random(7)) as sandbox:  # noqa: S311 - known keys
        target = target_for(sandbox)
        for number in range(good + bad):
            sandbox.set_faults(faults if number >= good else [])
            await play(scenario, target, ledger=journal, listener=journal, step_deadline_seconds=1.0)
    reader = Reader(url)
    try:
        now = datetime.now(UTC)
        settings = settings_for(target)
        scrub = Scrubber(settings.secrets).text
        setting = Setting(now=now, version="1.2.3", scenarios=shipped(), settings=settings, scrub=scrub)
        return report_of(of_stretch(reader, now - timedelta(hours=1), setting))
    finally:
        reader.close()


async def test_a_server_error_is_reported_whole(sqlite_url: str) -> None:
    report = await told(sqlite_url, ["server_error@search"])

    assert "golden_path on sandbox has failed since" in report.headline
    assert "POST /events answers HTTP 500" in report.headline
    assert "at step search." in report.headline
    assert (report.kind, report.operation, report.step) == (FailureKind.SERVER_ERROR, Operation.SEND_EVENT, "search")
    assert (report.blame, report.environment) == (Blame.API, Environment.SANDBOX)
    assert (report.counts.runs, report.counts.passed, report.counts.failed) == (4, 1, 3)
    assert len(report.ids) == 3
    assert all(each.request_id for each in report.ids)
    assert report.runbook_url == "https://brekwatch.example/runbooks/BrekServerErrors"


async def test_the_chain_holds_what_was_seen_against_what_is_documented(sqlite_url: str) -> None:
    report = await told(sqlite_url, ["server_error@name"])
    links = {link.step: link for link in report.chain}

    assert links["search"].documented == ("shortlist",)
    assert (links["search"].seen, links["search"].last_good) == ("shortlist", "shortlist")
    failed = next(link for link in report.chain if link.outcome == "failed")
    assert (failed.documented, failed.seen) == (("payment_setup_required",), None)
    assert failed.last_good == "payment_setup_required"


def differing(view: ExchangeView | None) -> list[str]:
    lines = (*view.facts, *view.request, *view.answer) if view else ()
    return [f"{line.name} {line.value}".strip() for line in lines if line.differs]


async def test_the_failing_exchange_stands_beside_the_good_one_of_the_same_step(sqlite_url: str) -> None:
    report = await told(sqlite_url, ["server_error@search"])

    assert report.failing is not None
    assert report.last_good is not None
    assert (report.failing.step, report.last_good.step) == ("search", "search")
    assert "status HTTP 500" in differing(report.failing)
    assert "status HTTP 200" in differing(report.last_good)
    assert any('"success": false' in line for line in differing(report.failing))


async def test_ids_and_times_are_not_marked_as_different(sqlite_url: str) -> None:
    report = await told(sqlite_url, ["wrong_status@search"])

    assert report.failing is not None
    assert [line.value for line in report.failing.request if line.differs] == []
    marked = differing(report.failing)
    assert any(line.startswith("chat status") for line in marked)
    assert any('"status":' in line for line in marked)
    assert "sess_" not in " ".join(marked)
    assert len(marked) < 6, marked


async def test_the_key_is_in_no_part_of_a_report(sqlite_url: str) -> None:
    async with SandboxServer(random=Random(7)) as sandbox:  # noqa: S311 - the same keys
        key = sandbox.api_key
    report = await told(sqlite_url, ["key_echoed"])

    assert key not in json.dumps(as_json(report))
    assert report.curl is not None
    assert "$BREK_PARTNER_API_KEY" in report.curl


@pytest.mark.parametrize(
    ("fault", "kind", "advised"),
    [
        pytest.param("auth_rejected", FailureKind.AUTH_REJECTED, "Rotate or fix the key.", id="403"),
        pytest.param("rate_limited@search", FailureKind.RATE_LIMITED, "Retry with backoff.", id="429"),
        pytest.param("server_error_html@search", FailureKind.SERVER_ERROR, "Retry with backoff, and alert.", id="html"),
    ],
)
async def test_what_the_guide_says_to_do_is_told_with_its_place(
    sqlite_url: str, fault: str, kind: FailureKind, advised: str
) -> None:
    report = await told(sqlite_url, [fault], bad=1)

    assert report.kind is kind
    assert advised in report.advice[0].sentences
    assert "Error catalog" in report.advice[0].source


async def test_the_json_keeps_to_its_published_schema(sqlite_url: str) -> None:
    report = await told(sqlite_url, ["server_error@search"])
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema_text()))

    assert [error.message for error in validator.iter_errors(json.loads(json.dumps(as_json(report))))] == []
