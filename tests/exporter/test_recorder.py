from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.facts import (
    NOON,
    RUN_ID,
    a_failed_step,
    a_failure,
    a_run,
    a_start,
    a_step,
    an_answer,
    an_exchange,
)
from support.prometheus import value, values

from exporter.recorder import Recorder
from probes.journal.kept import LastVerdict
from probes.model import Booking, Finding, JournalState, Phases, Transition
from probes.words import (
    BookingState,
    CorrelationState,
    FailureKind,
    FindingKind,
    Operation,
    Outcome,
)

NOW = NOON.timestamp()


def test_gauges_of_verdicts_are_absent_before_the_first_verdict(recorder: Recorder) -> None:
    assert value(recorder, "brek_probe_success") is None
    assert value(recorder, "brek_probe_last_run_timestamp_seconds") is None
    assert value(recorder, "brek_probe_last_success_timestamp_seconds") is None
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio") is None
    assert value(recorder, "brek_monitor_heartbeat_timestamp_seconds") is None


def test_counters_that_rules_use_start_at_zero(recorder: Recorder) -> None:
    for outcome in Outcome:
        assert value(recorder, "brek_probe_runs_total", outcome=outcome) == 0
    for kind in ("server_error", "auth_missing", "auth_rejected", "rate_limited", "unexpected_booking"):
        assert set(values(recorder, "brek_probe_failures_total", kind=kind, step="search").values()) == {0}
    assert value(recorder, "brek_probe_objective_runs_total", result="bad") == 0
    assert value(recorder, "brek_probe_skipped_total", reason="quota") == 0
    assert value(recorder, "brek_probe_bookings_total", state="unexpected") == 0
    assert value(recorder, "brek_probe_http_requests_total", status_code="503", expected="false") == 0
    assert value(recorder, "brek_probe_contract_findings_total", kind="undocumented_transition") == 0
    assert value(recorder, "brek_monitor_slots_total", state="skipped") == 0
    assert value(recorder, "brek_monitor_faults_total", kind="journal") == 0


def test_zeros_carry_the_blame_that_a_failure_would_have(recorder: Recorder) -> None:
    before = values(recorder, "brek_probe_failures_total")

    recorder.run_finished(a_run(Outcome.FAILED))

    after = values(recorder, "brek_probe_failures_total")
    assert before.keys() == after.keys()
    assert sum(after.values()) == 1


def test_the_configuration_is_told_from_the_start(recorder: Recorder) -> None:
    assert value(recorder, "brek_probe_interval_seconds", target="acme", scenario="quick_search") == 300
    assert value(recorder, "brek_probe_objective_ratio", target="acme") == 0.99
    assert value(recorder, "brek_probe_latency_objective_seconds", target="acme") == 30
    assert value(recorder, "brek_probe_scheduled_since_timestamp_seconds", target="acme") == NOW
    assert value(recorder, "brek_probe_target_info", environment="sandbox", location="eu-1") == 1
    assert value(recorder, "brek_probe_maintenance", target="acme") == 0
    assert value(recorder, "brek_monitor_build_info") == 1


@pytest.mark.parametrize(
    ("outcome", "success"), [(Outcome.PASSED, 1), (Outcome.DEGRADED, 1), (Outcome.FAILED, 0)], ids=str
)
def test_success_is_that_of_the_last_judged_run(recorder: Recorder, outcome: Outcome, success: int) -> None:
    recorder.run_finished(a_run(Outcome.PASSED if not success else Outcome.FAILED))
    recorder.run_finished(a_run(outcome))

    assert value(recorder, "brek_probe_success", target="acme", scenario="quick_search") == success
    assert value(recorder, "brek_probe_last_run_timestamp_seconds") == NOW


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.SKIPPED], ids=str)
def test_what_is_no_verdict_touches_neither_success_nor_objective(recorder: Recorder, outcome: Outcome) -> None:
    recorder.run_finished(a_run(outcome))

    assert value(recorder, "brek_probe_success") is None
    assert value(recorder, "brek_probe_last_run_timestamp_seconds") is None
    assert value(recorder, "brek_probe_objective_runs_total") == 0
    assert value(recorder, "brek_probe_run_duration_seconds_count") is None
    assert value(recorder, "brek_probe_runs_total", outcome=outcome) == 1


def test_a_failed_run_leaves_the_time_of_the_last_success_alone() -> None:
    clock = [1.0]
    recorder = Recorder(now=lambda: clock[0])

    recorder.run_finished(a_run(Outcome.PASSED))
    clock[0] = 2.0
    recorder.run_finished(a_run(Outcome.FAILED))

    assert value(recorder, "brek_probe_last_success_timestamp_seconds") == 1
    assert value(recorder, "brek_probe_last_run_timestamp_seconds") == 2


@pytest.mark.parametrize(
    ("outcome", "seconds", "result"),
    [
        (Outcome.PASSED, 29.0, "good"),
        (Outcome.DEGRADED, 29.0, "good"),
        (Outcome.DEGRADED, 31.0, "bad"),
        (Outcome.PASSED, 31.0, "bad"),
        (Outcome.FAILED, 1.0, "bad"),
    ],
)
def test_a_run_is_good_for_the_objective_if_it_passed_in_time(
    recorder: Recorder, outcome: Outcome, seconds: float, result: str
) -> None:
    recorder.run_finished(a_run(outcome, duration_seconds=seconds))

    assert value(recorder, "brek_probe_objective_runs_total", result=result) == 1
    assert value(recorder, "brek_probe_objective_runs_total") == 1


@pytest.mark.parametrize(
    ("outcome", "seconds", "slow"),
    [
        (Outcome.PASSED, 30.0, 0),
        (Outcome.PASSED, 30.1, 1),
        (Outcome.DEGRADED, 31.0, 1),
        (Outcome.FAILED, 31.0, 0),
        (Outcome.UNKNOWN, 31.0, 0),
    ],
)
def test_a_good_run_is_slow_by_its_own_objective(
    recorder: Recorder, outcome: Outcome, seconds: float, slow: int
) -> None:
    recorder.run_finished(a_run(outcome, duration_seconds=seconds))

    assert value(recorder, "brek_probe_slow_runs_total") == slow


def test_a_slow_run_in_maintenance_is_not_held_against_the_objective(recorder: Recorder) -> None:
    recorder.set_maintenance("acme", active=True)
    recorder.run_finished(a_run(Outcome.PASSED, duration_seconds=31.0))

    assert value(recorder, "brek_probe_slow_runs_total") == 0


def test_a_recheck_counts_as_a_run_and_as_a_failure_but_not_for_the_objective(recorder: Recorder) -> None:
    recorder.run_finished(a_run(Outcome.FAILED, recheck=True))

    assert value(recorder, "brek_probe_runs_total", outcome="failed") == 1
    assert value(recorder, "brek_probe_failures_total", kind="server_error", step="search") == 1
    assert value(recorder, "brek_probe_success") == 0
    assert value(recorder, "brek_probe_objective_runs_total") == 0


def test_maintenance_is_measured_but_not_held_against_the_objective(recorder: Recorder) -> None:
    recorder.set_maintenance("acme", active=True)
    recorder.run_finished(a_run(Outcome.FAILED))

    assert value(recorder, "brek_probe_maintenance") == 1
    assert value(recorder, "brek_probe_runs_total", outcome="failed") == 1
    assert value(recorder, "brek_probe_objective_runs_total") == 0

    recorder.set_maintenance("acme", active=False)
    recorder.run_finished(a_run(Outcome.FAILED))

    assert value(recorder, "brek_probe_maintenance") == 0
    assert value(recorder, "brek_probe_objective_runs_total", result="bad") == 1


def test_durations_are_those_of_passed_and_degraded_runs_and_steps_only(recorder: Recorder) -> None:
    for outcome in Outcome:
        recorder.run_finished(a_run(outcome))
        recorder.step_finished(a_start(), a_step(outcome=outcome, failure=a_failure()))

    assert value(recorder, "brek_probe_run_duration_seconds_count") == 2
    assert value(recorder, "brek_probe_step_duration_seconds_count", step="search") == 2


def test_a_failed_run_counts_one_failure_whatever_its_retries_and_its_cleanup(recorder: Recorder) -> None:
    attempts = tuple(an_exchange(attempt=n, answer=an_answer(503), expected=False) for n in (1, 2, 3))
    run = a_run(
        Outcome.FAILED,
        steps=(a_failed_step(exchanges=attempts), a_step(name="later", outcome=Outcome.SKIPPED)),
        cleanup=(a_failed_step(name="action_cancel_booking"),),
    )

    recorder.run_finished(run)

    assert value(recorder, "brek_probe_failures_total") == 1
    assert value(recorder, "brek_probe_failures_total", step="search", kind="server_error", blame="api") == 1


def test_a_failed_cleanup_of_a_good_run_is_no_failure(recorder: Recorder) -> None:
    recorder.run_finished(a_run(cleanup=(a_failed_step(name="action_cancel_booking"),)))

    assert value(recorder, "brek_probe_failures_total") == 0


def test_blame_is_that_of_the_request_that_failed_not_of_the_snapshot_read_after_it(recorder: Recorder) -> None:
    portal = an_exchange(operation=Operation.ATTACH_CARD, answer=an_answer(429), expected=False)
    snapshot = an_exchange(operation=Operation.GET_SESSION)
    step = a_failed_step(FailureKind.RATE_LIMITED, name="attach_card", exchanges=(portal, snapshot))

    recorder.run_finished(a_run(Outcome.FAILED, steps=(step,)))

    assert value(recorder, "brek_probe_failures_total", step="attach_card", kind="rate_limited", blame="api") == 1


@pytest.mark.parametrize(
    ("status_code", "label"),
    [(200, "200"), (201, "201"), (429, "429"), (418, "4xx"), (599, "5xx"), (302, "3xx"), (101, "1xx"), (777, "other")],
)
def test_status_codes_are_listed_or_told_by_their_class(recorder: Recorder, status_code: int, label: str) -> None:
    recorder.exchange_finished(a_start(), "search", an_exchange(answer=an_answer(status_code)))

    labels = {"target": "acme", "operation": "send_event", "expected": "true", "code": "none"}
    assert value(recorder, "brek_probe_http_requests_total", status_code=label, **labels) == 1


def test_a_request_without_an_answer_has_no_status_and_no_code(recorder: Recorder) -> None:
    lost = an_exchange(failure=a_failure(FailureKind.TIMEOUT), expected=False)

    recorder.exchange_finished(a_start(), "search", lost)

    labels = {"operation": "send_event", "status_code": "none", "code": "none", "expected": "false"}
    assert value(recorder, "brek_probe_http_requests_total", **labels) == 1


def test_a_server_that_invents_words_adds_no_series(recorder: Recorder) -> None:
    def tell(word: str, status_code: int) -> None:
        answer = an_answer(status_code, code=word, chat_status=word)
        changes = (Transition(from_status=word, to_status=word, documented=False),)
        recorder.exchange_finished(a_start(), "search", an_exchange(answer=answer))
        recorder.step_finished(a_start(), a_step(transitions=changes))

    for status_code in range(200, 600):
        tell("first", status_code)
    before = len(recorder.render("")[0].splitlines())
    for number in range(2_000):
        tell(f"word {number}", 200 + number % 400)

    assert len(recorder.render("")[0].splitlines()) == before
    assert value(recorder, "brek_probe_http_requests_total", code="other", status_code="200") == 6
    assert value(recorder, "brek_probe_chat_transitions_total", from_status="other", to_status="other") == 2_400


def test_phases_that_did_not_happen_are_not_observed(recorder: Recorder) -> None:
    recorder.exchange_finished(a_start(), "search", an_exchange(phases=Phases(send=0.1, wait=0.2, receive=0.3)))

    assert set(values(recorder, "brek_probe_http_phase_duration_seconds_count", operation="send_event")) == {
        ("receive", "acme"),
        ("send", "acme"),
        ("wait", "acme"),
    }
    assert value(recorder, "brek_probe_http_phase_duration_seconds_sum", phase="wait") == 0.2


def test_correlation_is_counted_where_it_was_judged(recorder: Recorder) -> None:
    recorder.exchange_finished(
        a_start(),
        "search",
        an_exchange(request_id_state=CorrelationState.MISMATCHED, trace_id_state=None),
    )

    assert value(recorder, "brek_probe_correlation_total", id="request_id", state="mismatched") == 1
    assert value(recorder, "brek_probe_correlation_total", id="trace_id") == 0


def test_transitions_findings_and_bookings_are_counted(recorder: Recorder) -> None:
    finding = Finding(kind=FindingKind.MISSING_HEADER, detail="x-partner-id", operation=Operation.SEND_EVENT)
    change = Transition(from_status="none", to_status="shortlist", documented=True)
    booking = Booking(run_id=RUN_ID, target="acme", session_id="s", state=BookingState.MADE)

    recorder.step_finished(a_start(), a_step(findings=(finding,), transitions=(change,)))
    recorder.run_finished(a_run(bookings=(booking, replace(booking, state=BookingState.CANCELLED))))

    assert value(recorder, "brek_probe_contract_findings_total", operation="send_event", kind="missing_header") == 1
    labels = {"from_status": "none", "to_status": "shortlist", "documented": "true"}
    assert value(recorder, "brek_probe_chat_transitions_total", **labels) == 1
    assert value(recorder, "brek_probe_bookings_total", state="made") == 1
    assert value(recorder, "brek_probe_bookings_total", state="cancelled") == 1
    assert value(recorder, "brek_probe_bookings_total", state="left") == 0


def test_quota_gauges_show_the_lowest_of_the_last_run(recorder: Recorder) -> None:
    for remaining in (50, 12, 31):
        recorder.exchange_finished(a_start(), "search", an_exchange(answer=an_answer(ratelimit_remaining=remaining)))

    assert value(recorder, "brek_probe_ratelimit_remaining") is None

    recorder.run_finished(a_run())

    assert value(recorder, "brek_probe_ratelimit_remaining", target="acme") == 12
    assert value(recorder, "brek_probe_ratelimit_limit", target="acme") == 60
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio", target="acme") == 0.2
    assert value(recorder, "brek_probe_ratelimit_observed_timestamp_seconds", target="acme") == NOW


@pytest.mark.parametrize(
    "exchange",
    [
        an_exchange(answer=an_answer(401)),
        an_exchange(answer=an_answer(403)),
        an_exchange(own_key=False),
        an_exchange(answer=an_answer(ratelimit_remaining=None)),
        an_exchange(failure=a_failure(FailureKind.TIMEOUT)),
    ],
    ids=["key missing", "key refused", "another key", "no header", "no answer"],
)
def test_quota_gauges_are_of_our_own_valid_key_only(recorder: Recorder, exchange: object) -> None:
    recorder.exchange_finished(a_start(), "search", exchange)  # type: ignore[arg-type]
    recorder.run_finished(a_run())

    assert value(recorder, "brek_probe_ratelimit_remaining") is None
    assert value(recorder, "brek_probe_ratelimit_observed_timestamp_seconds") is None


def test_a_limit_that_is_told_no_more_takes_the_ratio_with_it(recorder: Recorder) -> None:
    for run_id, limit, target in (("one", 60, "acme"), ("two", 60, "other"), ("three", None, "acme")):
        answer = an_answer(ratelimit_limit=limit, ratelimit_remaining=30)
        recorder.exchange_finished(a_start(run_id=run_id, target=target), "search", an_exchange(answer=answer))
        recorder.run_finished(a_run(run_id=run_id, target=target))

    assert value(recorder, "brek_probe_ratelimit_remaining", target="acme") == 30
    assert value(recorder, "brek_probe_ratelimit_limit", target="acme") is None
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio", target="acme") is None
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio", target="other") == 0.5


def test_a_limit_of_nothing_gives_no_ratio(recorder: Recorder) -> None:
    answer = an_answer(ratelimit_limit=0, ratelimit_remaining=0)

    recorder.exchange_finished(a_start(), "search", an_exchange(answer=answer))
    recorder.run_finished(a_run())

    assert value(recorder, "brek_probe_ratelimit_remaining") == 0
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio") is None


def test_the_targets_certificate_tells_its_end_and_the_portals_does_not(recorder: Recorder) -> None:
    recorder.exchange_finished(a_start(), "search", an_exchange(certificate_expires_at=1_900_000_000.0))
    recorder.exchange_finished(a_start(), "card", an_exchange(certificate_expires_at=1.0, own_key=False))

    assert value(recorder, "brek_probe_certificate_expiry_timestamp_seconds", target="acme") == 1_900_000_000.0


def test_what_was_known_before_a_restart_is_shown_at_once(recorder: Recorder) -> None:
    earlier = NOON - timedelta(minutes=30)
    known = LastVerdict(
        target="acme",
        scenario="quick_search",
        outcome=Outcome.FAILED,
        reason="server_error",
        finished_at=NOON - timedelta(minutes=2),
        succeeded_at=earlier,
    )

    recorder.restore([known, replace(known, scenario="no_longer_configured")])

    assert value(recorder, "brek_probe_success") == 0
    assert value(recorder, "brek_probe_last_run_timestamp_seconds") == (NOON - timedelta(minutes=2)).timestamp()
    assert value(recorder, "brek_probe_last_success_timestamp_seconds") == earlier.timestamp()
    assert [(row.scenario, row.outcome, row.standing) for row in recorder.board.rows()] == [
        ("quick_search", "failed", "failing")
    ]


def test_how_the_journal_does_is_shown(recorder: Recorder) -> None:
    assert value(recorder, "brek_monitor_journal_lost_total") == 0

    recorder.journal_changed(JournalState(problem="the disk is full", waiting=7, lost=2, size_bytes=4096))
    recorder.journal_changed(JournalState(problem="the disk is full", waiting=9, lost=3))

    assert value(recorder, "brek_monitor_journal_up") == 0
    assert value(recorder, "brek_monitor_journal_waiting_results") == 9
    assert value(recorder, "brek_monitor_journal_lost_total") == 3
    assert value(recorder, "brek_monitor_journal_size_bytes") == 4096


def test_a_booking_that_was_looked_up_later_is_counted(recorder: Recorder) -> None:
    recorder.booking_settled(Booking(run_id=RUN_ID, target="acme", session_id="s", state=BookingState.LEFT))

    assert value(recorder, "brek_probe_bookings_total", state="left") == 1
