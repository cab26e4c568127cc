"""Whom a failure concerns, at the edges that no server on loopback can show, and without any run around it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.facts import a_failed_step, a_failure, a_run, a_step, an_answer, an_exchange

from alerts.blame import blame, blame_of_run, possible, ruling_of_run
from probes.model import Exchange, Finding, Phases, Run
from probes.words import Blame, FailureKind, FindingKind, Operation, Outcome

SENT = Phases(send=0.001, wait=0.2)


def failed_with(*exchanges: Exchange, before: Iterable[Exchange] = (), **step: object) -> Run:
    """A run whose last exchange failed as it says."""
    failure = exchanges[-1].failure
    assert failure is not None
    failed = a_failed_step(failure.kind, failure=failure, exchanges=exchanges, **step)
    return a_run(Outcome.FAILED, steps=(a_step(name="create_session", exchanges=tuple(before)), failed))


def lost(kind: FailureKind, observed: str = "it is lost", **facts: object) -> Exchange:
    return an_exchange(failure=a_failure(kind, observed=observed), expected=False, **facts)


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.DEGRADED, Outcome.SKIPPED])
def test_a_run_that_is_good_or_was_not_played_concerns_nobody(outcome: Outcome) -> None:
    assert blame_of_run(a_run(outcome)) is None


def test_a_run_that_can_not_tell_is_the_monitors_whatever_failed_in_it() -> None:
    run = a_run(Outcome.UNKNOWN, steps=(a_failed_step(),))

    assert blame_of_run(run) is Blame.MONITOR


@pytest.mark.parametrize(
    ("observed", "phases", "expected"),
    [
        ("the connection broke as it opened: Connection reset by peer", Phases(connect=0.01), Blame.NETWORK),
        ("the connection broke: Connection reset by peer", SENT, Blame.API),
        ("the connection broke: No route to host", SENT, Blame.NETWORK),
        ("the connection broke: Connection timed out", SENT, Blame.NETWORK),
        ("the connection ended before the first byte of an answer", SENT, Blame.API),
    ],
    ids=["before a byte was sent", "after the request", "no route any more", "nothing acknowledged", "in order"],
)
def test_a_connection_that_breaks_is_the_apis_once_it_has_the_request(
    observed: str, phases: Phases, expected: Blame
) -> None:
    assert blame_of_run(failed_with(lost(FailureKind.RESET, observed, phases=phases))) is expected


def test_a_deadline_that_earlier_steps_used_up_is_the_apis() -> None:
    run = failed_with(lost(FailureKind.TIMEOUT, phases=Phases(), duration_seconds=0.0), before=[an_exchange()])

    assert blame_of_run(run) is Blame.API


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.9, Blame.API), (1.9, Blame.MONITOR)],
    ids=["less than a second", "more than a second"],
)
def test_a_short_wait_of_ours_is_not_held_against_us(seconds: float, expected: Blame) -> None:
    run = failed_with(lost(FailureKind.TIMEOUT, phases=SENT), duration_seconds=0.2 + seconds)

    assert blame_of_run(run) is expected


def test_most_of_a_step_must_have_been_ours() -> None:
    run = failed_with(lost(FailureKind.TIMEOUT, phases=Phases(send=0.0, wait=27.0)), duration_seconds=30.0)

    assert blame_of_run(run) is Blame.API


def test_pauses_between_attempts_are_not_our_fault() -> None:
    first = an_exchange(answer=an_answer(500), expected=False)
    run = failed_with(first, lost(FailureKind.TIMEOUT, phases=SENT, attempt=2), duration_seconds=30.0)

    assert blame_of_run(run) is Blame.API


def test_the_time_of_a_kept_connection_that_died_is_not_our_fault() -> None:
    died = Finding(kind=FindingKind.KEPT_CONNECTION_DIED, detail="it died")
    run = failed_with(lost(FailureKind.TIMEOUT, phases=SENT), duration_seconds=30.0, findings=(died,))

    assert blame_of_run(run) is Blame.API


def test_an_answer_of_the_api_does_not_speak_for_the_portal() -> None:
    refused = lost(
        FailureKind.CONNECT, "no connection to pay port 443: Connection refused", operation=Operation.ATTACH_CARD
    )

    assert blame_of_run(failed_with(refused, before=[an_exchange()])) is Blame.NETWORK


def test_a_refusal_of_a_key_after_nothing_but_errors_is_the_keys() -> None:
    failed = an_exchange(answer=an_answer(500), expected=False)
    run = a_run(
        Outcome.FAILED,
        steps=(
            a_failed_step(
                FailureKind.AUTH_REJECTED, exchanges=(failed, an_exchange(answer=an_answer(403), expected=False))
            ),
        ),
    )

    assert blame_of_run(run) is Blame.CREDENTIALS


def test_a_key_that_was_accepted_for_another_tenant_says_nothing_of_ours() -> None:
    other = an_exchange(own_key=False)
    refused = a_failed_step(FailureKind.AUTH_REJECTED, exchanges=(an_exchange(answer=an_answer(403), expected=False),))

    assert blame_of_run(a_run(Outcome.FAILED, steps=(a_step(exchanges=(other,)), refused))) is Blame.CREDENTIALS


def test_a_failure_before_anything_was_sent_has_a_blame_too() -> None:
    step = a_failed_step(FailureKind.ARTIFACT, exchanges=())

    assert blame_of_run(a_run(Outcome.FAILED, steps=(step,))) is Blame.CONVERSATION


def test_a_default_needs_no_reason_and_a_rule_gives_its_own() -> None:
    by_default = ruling_of_run(a_run(Outcome.FAILED))
    by_rule = ruling_of_run(failed_with(lost(FailureKind.RESET, phases=Phases(connect=0.01))))

    assert by_default is not None
    assert by_rule is not None
    assert (by_default.blame, by_default.reason) == (Blame.API, None)
    assert by_rule.reason is not None


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("operation", [None, *Operation])
def test_the_kind_alone_says_where_to_look_first(kind: FailureKind, operation: Operation | None) -> None:
    foreseen = possible(kind, operation)

    assert blame(a_failure(kind), operation) is foreseen[0]
    assert len(set(foreseen)) == len(foreseen)


def test_a_limit_of_the_portal_is_nothing_of_the_quota_and_needs_no_context() -> None:
    assert possible(FailureKind.RATE_LIMITED, Operation.ATTACH_CARD) == (Blame.API,)
