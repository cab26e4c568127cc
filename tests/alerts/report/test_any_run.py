"""Whatever runs a journal holds, there is a report of them, in every format, and its bundle is sound."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.facts import NOON, a_failure, a_run, a_step, an_exchange
from support.reporting import evidence_of

from alerts.report import as_email, as_json, as_markdown
from alerts.report.bundle import bundle_bytes, files_of
from alerts.report.codec import decode, encode
from alerts.report.evidence import Evidence
from alerts.report.html import render
from alerts.report.json_twin import json_text
from alerts.report.reckoning import report_of
from alerts.report.verify import verify
from probes import answers
from probes.model import Exchange, Run, StepResult, Transition
from probes.words import CorrelationState, FailureKind, Operation, Outcome

NASTY = [
    "",
    "\x00",
    "\ud800",
    "\u202eevil",
    "x" * 5000,
    "😀" * 500,
    "'; --",
    "`|`",
    "<b>",
    "\r\nBcc: x",
    "NaN",
    "psu_1234567",
]
BODIES = [
    b"",
    b"[" * 200,
    b'{"data": {"result": {"status": NaN}}}',
    b"\xff\xfe",
    b'{"n": ' + b"9" * 5000 + b"}",
    b"x" * 7_000,
]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
bodies = st.one_of(
    st.sampled_from(BODIES), st.binary(max_size=60), texts.map(lambda text: json.dumps({text: text}).encode())
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "retry-after", "X-Odd"]),
        st.sampled_from(["9" * 400, "-1", "0", "60", "1e999", "nan", "é"]),
    ),
    max_size=3,
)
seconds = st.floats(0, 1e6)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    known = {
        "operation": draw(st.sampled_from(Operation)),
        "path": f"/{draw(texts)}",
        "request_body": draw(bodies),
        "idempotency_key": draw(st.none() | texts),
        "expected": draw(st.booleans()),
        "own_key": draw(st.booleans()),
        "request_id_state": draw(st.sampled_from(CorrelationState)),
        "duration_seconds": draw(seconds),
    }
    if draw(st.booleans()):
        return an_exchange(
            answer=answers.read(draw(st.integers(100, 599)), draw(headers), draw(bodies), now=NOON), **known
        )
    kind = draw(st.sampled_from(FailureKind))
    return an_exchange(failure=replace(a_failure(kind), expected=draw(texts), observed=draw(texts)), **known)


@st.composite
def steps(draw: st.DrawFn, outcome: Outcome) -> StepResult:
    failed = outcome is Outcome.FAILED and draw(st.booleans())
    change = Transition(from_status=draw(texts), to_status=draw(texts), documented=draw(st.booleans()))
    failure = replace(a_failure(draw(st.sampled_from(FailureKind))), observed=draw(texts))
    return a_step(
        name=draw(st.sampled_from(["search", "book", "x" * 300])),
        outcome=Outcome.FAILED if failed else Outcome.PASSED,
        failure=failure if failed else None,
        exchanges=tuple(draw(st.lists(exchanges(), max_size=2))),
        transitions=(change,),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Run]:
    found = []
    for number in range(draw(st.integers(0, 7))):
        outcome = draw(st.sampled_from(Outcome))
        found.append(
            a_run(
                outcome,
                run_id=f"r{number}",
                target=draw(st.sampled_from(["acme", "beta"])),
                scenario=draw(st.sampled_from(["golden_path", "own"])),
                started_at=NOON + timedelta(seconds=draw(seconds)),
                duration_seconds=draw(seconds),
                reason=draw(st.none() | st.sampled_from(FailureKind)),
                recheck=draw(st.booleans()),
                steps=tuple(draw(st.lists(steps(outcome), max_size=2))),
            )
        )
    return found


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=histories(), focus=st.sampled_from([None, "r0", "r3"]))
def test_any_history_is_reported_in_every_format_and_proved(
    history: list[Run], focus: str | None, tmp_path: Path
) -> None:
    evidence = evidence_of(history, focus)
    report = report_of(evidence)
    file = tmp_path / "evidence.tar.gz"
    file.write_bytes(bundle_bytes(evidence, as_json(report), render(report)))
    found = verify(files_of(file), "1.2.3", render)

    assert json.loads(json_text(as_json(report)))["headline"] == report.headline
    assert as_markdown(report).startswith("# ")
    assert as_email(report).isascii()
    assert found.problems == ()
    assert report_of(decode(Evidence, json.loads(json.dumps(encode(evidence))))) == report
