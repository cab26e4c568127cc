"""From checks to one word and one sentence: what counts, what is waived, and what chance may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from support.facts import NOON, a_failed_step, a_run, a_step, a_target, an_answer, an_exchange
from support.readying import TODAY, Readied, judged, played, ready_target, with_faults

from probes.model import Quota, Run, Target
from probes.readiness.checks import Heard
from probes.readiness.model import Waiver
from probes.readiness.words import CheckState, Verdict
from probes.sandbox.server import SandboxServer
from probes.words import Environment, FailureKind, Operation, Outcome

GOOD, BAD, LOST = a_run(), a_run(Outcome.FAILED), a_run(Outcome.UNKNOWN, steps=())
SCENARIO = "scenario:quick_search"
HTTPS = "https://sandbox.example"


def asked(*runs: Run, target: Target | None = None, waivers: tuple[Waiver, ...] = (), **options: Any) -> Readied:
    options = {"scenarios": ("quick_search",), "repeat": max(1, len(runs)), **options}
    return judged(target or a_target(), Heard(runs=runs), waivers=waivers, now=NOON, **options)


def waiver(check_id: str, until: date = TODAY) -> Waiver:
    return Waiver(check_id=check_id, reason="known", until=until, place="waivers.yaml:2")


async def test_a_good_sandbox_is_ready() -> None:
    async with SandboxServer() as sandbox:
        readied = await played(ready_target(sandbox))

    assert readied.verdict is Verdict.READY
    assert readied.sentence == "ready; 3 not exercised"
    assert [check.check_id for check in readied.checks if check.state is CheckState.NOT_EXERCISED] == [
        "tls",
        "headroom",
        "retry_after",
    ]


async def test_production_is_read_only_and_says_so() -> None:
    async with SandboxServer() as sandbox:
        target = ready_target(sandbox, environment=Environment.PRODUCTION, portal=None)
        readied = await played(target)

    left_out = [check.check_id for check in readied.checks if check.seen.startswith("left out")]
    missed = sum(check.state is CheckState.NOT_EXERCISED for check in readied.checks)
    assert len(left_out) == 11
    assert readied.sentence == f"ready, read-only; {missed} not exercised"
    assert readied.state("wrong_key") is readied.state("idempotency") is CheckState.NOT_EXERCISED


def test_without_a_portal_nobody_can_tell() -> None:
    readied = asked(GOOD, scenarios=("quick_search", "golden_path"))

    assert readied.verdict is Verdict.CANNOT_TELL
    assert "scenario:golden_path: left out: golden_path attaches a card" in readied.sentence
    assert "--card manual" in readied.check("scenario:golden_path").what_to_do


def test_a_plan_with_nothing_in_it_tells_nothing() -> None:
    target = a_target(environment=Environment.PRODUCTION, base_url="https://www.brek.ai")
    readied = asked(target=target, scenarios=("golden_path",))

    assert (readied.verdict, readied.sentence) == (
        Verdict.CANNOT_TELL,
        "can't tell, because there was nothing to play",
    )


def test_a_failure_is_told_with_what_was_seen_and_counts_what_fell_with_it() -> None:
    readied = asked(BAD, scenarios=("quick_search",))

    assert readied.sentence == (
        f"not ready, because {SCENARIO} failed: step search: server_error, expected 200, saw 503"
    )


@pytest.mark.parametrize(
    ("runs", "least", "verdict"),
    [
        ([GOOD, GOOD, BAD], Fraction(1, 2), Verdict.READY),
        ([GOOD, GOOD, BAD], Fraction(2, 3), Verdict.READY),
        ([GOOD, GOOD, BAD], Fraction(1), Verdict.NOT_READY),
        ([GOOD, BAD, BAD], Fraction(1, 2), Verdict.NOT_READY),
        ([GOOD, GOOD, LOST], Fraction(2, 3), Verdict.READY),
        ([GOOD, GOOD, LOST], Fraction(1), Verdict.CANNOT_TELL),
        ([GOOD, BAD, LOST], Fraction(2, 3), Verdict.CANNOT_TELL),
        ([BAD, BAD, LOST], Fraction(1, 2), Verdict.NOT_READY),
        ([LOST, LOST], Fraction(0), Verdict.CANNOT_TELL),
    ],
)
def test_the_share_of_good_runs_decides_and_what_was_lost_might_be_either(
    runs: list[Run], least: Fraction, verdict: Verdict
) -> None:
    assert asked(*runs, least=least).verdict is verdict


def test_runs_that_are_missing_might_be_either() -> None:
    assert asked(GOOD, repeat=3).verdict is Verdict.CANNOT_TELL
    assert asked(BAD, repeat=3).verdict is Verdict.NOT_READY


def test_a_degraded_run_passes_and_says_so() -> None:
    slow = replace(GOOD, outcome=Outcome.DEGRADED, reason=FailureKind.SERVER_ERROR, detail="search: 2 attempts")
    readied = asked(slow)

    assert readied.verdict is Verdict.READY
    assert readied.check(SCENARIO).seen == "1 good; degraded: search: 2 attempts"


def test_a_step_over_its_time_fails_the_latency_alone() -> None:
    late = replace(GOOD, outcome=Outcome.DEGRADED, reason=FailureKind.LATENCY, detail="search took 9 s")

    assert asked(late).failed == ["latency"]


def test_a_waived_failure_is_told_and_lets_it_be_ready() -> None:
    begun = replace(BAD, steps=(a_step(name="create_session"), *BAD.steps))
    readied = asked(begun, waivers=(waiver(SCENARIO),))

    assert readied.verdict is Verdict.READY
    assert readied.check(SCENARIO).waived
    assert readied.sentence.endswith(f"{SCENARIO} waived until {TODAY}")


def test_an_expired_waiver_counts_no_more_and_the_sentence_says_so() -> None:
    yesterday = TODAY - timedelta(days=1)
    readied = asked(BAD, waivers=(waiver(SCENARIO, yesterday),))

    assert readied.verdict is Verdict.NOT_READY
    assert not readied.check(SCENARIO).waived
    assert readied.sentence.endswith(f"; the waiver of {SCENARIO} expired on {yesterday}")
    assert f"(waivers.yaml:2) expired on {yesterday}" in readied.check(SCENARIO).what_to_do


def test_a_waiver_of_what_passed_is_not_needed() -> None:
    readied = asked(GOOD, waivers=(waiver(SCENARIO),))

    assert not readied.check(SCENARIO).waived
    assert readied.check(SCENARIO).waiver is not None
    assert "is not needed: take it out" in readied.check(SCENARIO).what_to_do


def test_a_waiver_makes_nothing_known_that_nobody_could_tell() -> None:
    readied = asked(LOST, waivers=(waiver(SCENARIO),))

    assert readied.verdict is Verdict.CANNOT_TELL
    assert not readied.check(SCENARIO).waived


def test_another_failure_than_the_waived_one_still_counts() -> None:
    beyond = asked(replace(BAD, run_id="b"), waivers=(waiver("latency"),))

    assert beyond.verdict is Verdict.NOT_READY


async def test_what_one_fault_breaks_is_named_in_order_and_scenarios_are_counted() -> None:
    readied = await with_faults("missing_headers")

    assert readied.sentence.endswith("So did documented_headers, correlation and 1 scenario")


@pytest.mark.parametrize(
    ("peak", "limit", "state", "seen"),
    [
        (None, 60, CheckState.NOT_EXERCISED, "the expected traffic was not given"),
        (7.0, 60, CheckState.PASSED, "7 sessions a minute, 7 requests each, and 6 of probes: 55 of 60 requests"),
        (5.0, 60, CheckState.PASSED, "41 of 60 requests a minute"),
        (7.8, 60, CheckState.FAILED, "60.6 of 60 requests a minute"),
        (1.0, 5, CheckState.FAILED, "7.5 of 5"),
    ],
)
def test_the_expected_peak_is_held_against_the_limit(
    peak: float | None, limit: int, state: CheckState, seen: str
) -> None:
    told = an_exchange(answer=an_answer(ratelimit_limit=limit, ratelimit_remaining=1))
    readied = asked(a_run(steps=(a_step(exchanges=(told,)),)), peak_sessions_per_minute=peak)

    assert readied.state("headroom") is state
    assert seen in readied.check("headroom").seen


def test_a_peak_near_the_limit_passes_with_a_warning() -> None:
    close, far = asked(GOOD, peak_sessions_per_minute=7.0), asked(GOOD, peak_sessions_per_minute=5.0)

    assert "It is close" in close.check("headroom").what_to_do
    assert far.check("headroom").what_to_do == ""


def test_without_a_told_limit_the_configured_one_counts() -> None:
    untold = a_run(steps=(a_step(exchanges=(an_exchange(answer=an_answer(ratelimit_limit=None)),)),))
    configured = a_target(quota=Quota(limit=10))

    assert asked(untold, peak_sessions_per_minute=5.0).state("headroom") is CheckState.NOT_EXERCISED
    assert asked(untold, peak_sessions_per_minute=5.0, target=configured).state("headroom") is CheckState.FAILED


@pytest.mark.parametrize(
    ("base_url", "days", "state", "seen"),
    [
        ("http://127.0.0.1:3000", None, CheckState.NOT_EXERCISED, "plain http on loopback"),
        ("http://sandbox.example", None, CheckState.FAILED, "plain http to another machine"),
        (HTTPS, 14.1, CheckState.PASSED, "holds for 14.1 days"),
        (HTTPS, 13.9, CheckState.FAILED, "holds for 13.9 days"),
        (HTTPS, None, CheckState.PASSED, "the end of the certificate is not known"),
    ],
)
def test_tls_is_asked_of_the_address_and_of_the_certificate(
    base_url: str, days: float | None, state: CheckState, seen: str
) -> None:
    ends = None if days is None else (NOON + timedelta(days=days)).timestamp()
    run = a_run(steps=(a_step(exchanges=(an_exchange(certificate_expires_at=ends),)),))
    readied = asked(run, target=a_target(base_url=base_url))

    assert readied.state("tls") is state
    assert seen in readied.check("tls").seen


def test_the_portals_certificate_is_none_of_the_apis() -> None:
    soon = (NOON + timedelta(days=1)).timestamp()
    at_portal = an_exchange(operation=Operation.ATTACH_CARD, certificate_expires_at=soon)
    run = a_run(steps=(a_step(), a_step(name="card", exchanges=(at_portal,))))

    assert asked(run, target=a_target(base_url=HTTPS)).state("tls") is CheckState.PASSED


def test_a_handshake_that_fails_fails_tls() -> None:
    failure = a_failed_step(FailureKind.TLS).failure
    step = a_failed_step(FailureKind.TLS, exchanges=(an_exchange(failure=failure, expected=False),))
    readied = asked(a_run(Outcome.FAILED, steps=(step,)), target=a_target(base_url=HTTPS))

    assert readied.failed[0] == "tls"


def test_the_limit_at_the_portal_is_none_of_the_keys_headroom() -> None:
    limited = an_exchange(operation=Operation.ATTACH_CARD, answer=an_answer(429), expected=False)
    step = a_failed_step(FailureKind.RATE_LIMITED, exchanges=(limited,))

    assert "headroom" not in asked(a_run(Outcome.FAILED, steps=(step,))).failed


def test_checks_can_be_asked_while_the_plan_is_played() -> None:
    readied = judged(a_target(), Heard(), now=datetime.now(UTC))

    assert readied.failed == []
    assert len(readied.checks) == 19 + 13


async def test_nothing_is_ready_that_never_answered_the_key() -> None:
    async with SandboxServer() as sandbox:
        readied = await played(ready_target(sandbox), scenarios=("contract_files",))

    assert readied.state("scenario:contract_files") is CheckState.PASSED
    assert readied.verdict is Verdict.CANNOT_TELL
    assert readied.sentence == "can't tell, because key_accepted: no request came so far as to tell"


async def test_no_waiver_makes_an_api_ready_that_never_answered_the_key() -> None:
    waivers = waiver("scenario:quick_search"), waiver("envelopes"), waiver("correlation")
    readied = await with_faults("server_error", scenarios=("quick_search",), waivers=waivers)

    assert readied.failed == ["scenario:quick_search"]
    assert readied.verdict is Verdict.CANNOT_TELL
