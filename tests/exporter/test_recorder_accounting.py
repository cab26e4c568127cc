from __future__ import annotations

import random

from support.facts import (
    NOON,
    REQUEST_ID,
    SEARCH,
    a_probe,
    a_run,
    a_start,
    a_step,
    a_target,
    an_exchange,
)
from support.prometheus import value

from exporter.recorder import Recorder
from probes.model import MonitorFault, Objective
from probes.words import (
    FaultKind,
    Outcome,
    SkipReason,
    SlotState,
)

NOW = NOON.timestamp()


def test_each_slot_is_counted_once_by_how_it_ended(recorder: Recorder) -> None:
    recorder.slot_finished(a_probe(), SlotState.RUN, None, 0.002)
    recorder.slot_finished(a_probe(), SlotState.LATE, None, 3.0)
    recorder.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.CAPACITY, 0.0)

    assert {state: value(recorder, "brek_monitor_slots_total", state=state) for state in SlotState} == {
        "run": 1,
        "late": 1,
        "skipped": 1,
    }
    assert value(recorder, "brek_probe_skipped_total", reason="capacity") == 1
    assert value(recorder, "brek_probe_skipped_total") == 1
    assert value(recorder, "brek_monitor_slot_lateness_seconds_count") == 2


def test_a_run_that_was_refused_is_skipped_with_its_reason(recorder: Recorder) -> None:
    recorder.slot_finished(a_probe(), SlotState.RUN, None, 0.0)
    recorder.run_finished(a_run(Outcome.SKIPPED, reason=SkipReason.SAFETY))

    assert value(recorder, "brek_probe_skipped_total", reason="safety") == 1
    assert value(recorder, "brek_probe_skipped_total") == 1
    assert value(recorder, "brek_probe_runs_started_total") == 1
    assert value(recorder, "brek_probe_runs_under_way") == 0


def test_nothing_but_a_committed_verdict_makes_the_heart_beat(recorder: Recorder) -> None:
    recorder.slot_finished(a_probe(), SlotState.SKIPPED, SkipReason.QUOTA, 0.0)
    recorder.slot_finished(a_probe(), SlotState.RUN, None, 0.0)
    recorder.run_finished(a_run(Outcome.UNKNOWN))
    recorder.observe_loop_lag(0.001)

    assert value(recorder, "brek_monitor_heartbeat_timestamp_seconds") is None

    recorder.run_kept(a_run(Outcome.UNKNOWN))

    assert value(recorder, "brek_monitor_heartbeat_timestamp_seconds") is None

    recorder.run_kept(a_run(Outcome.FAILED))

    assert value(recorder, "brek_monitor_heartbeat_timestamp_seconds") == NOW


def test_faults_and_loop_lag_are_counted(recorder: Recorder) -> None:
    recorder.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail="disk full"))
    recorder.observe_loop_lag(0.2)

    assert value(recorder, "brek_monitor_faults_total", kind="journal") == 1
    assert value(recorder, "brek_monitor_loop_lag_seconds_bucket", le="0.1") == 0
    assert value(recorder, "brek_monitor_loop_lag_seconds_bucket", le="0.5") == 1


def test_runs_that_began_are_those_that_ended_and_those_under_way(recorder: Recorder) -> None:
    chance = random.Random(7)  # noqa: S311 - the same runs each time
    under_way: list[str] = []
    for number in range(10_000):
        run_id = f"run-{number}"
        refused = chance.random() < 0.1
        if not refused:
            recorder.run_started(a_start(run_id=run_id))
            under_way.append(run_id)
        if refused:
            recorder.run_finished(a_run(Outcome.SKIPPED, run_id=run_id, reason=SkipReason.SAFETY))
        elif chance.random() < 0.97:
            ended = under_way.pop(chance.randrange(len(under_way)))
            recorder.run_finished(a_run(chance.choice(list(Outcome)), run_id=ended))

    assert value(recorder, "brek_probe_runs_started_total") == 10_000
    assert value(recorder, "brek_probe_runs_under_way") == len(under_way) > 0
    assert value(recorder, "brek_probe_runs_total") == 10_000 - len(under_way)


def test_a_probe_that_is_configured_no_more_takes_its_series_with_it() -> None:
    recorder = Recorder(now=lambda: NOW)
    keeps = a_probe(objective=Objective())
    recorder.expect([a_target()], [keeps], {SEARCH.name: SEARCH}, "eu-1")
    recorder.exchange_finished(a_start(), "search", an_exchange())
    baseline = len(recorder.render("")[0].splitlines())

    goes = a_probe(target="other")
    recorder.expect([a_target(), a_target(name="other")], [keeps, goes], {SEARCH.name: SEARCH}, "eu-1")
    start = a_start(target="other", run_id="under-way")
    recorder.run_started(start)
    recorder.exchange_finished(start, "search", an_exchange())
    recorder.expect([a_target()], [keeps], {SEARCH.name: SEARCH}, "eu-1")
    recorder.exchange_finished(start, "search", an_exchange())
    recorder.step_finished(start, a_step())
    recorder.run_finished(a_run(target="other", run_id="under-way"))
    recorder.slot_finished(goes, SlotState.SKIPPED, SkipReason.SHUTDOWN, 0.0)

    assert len(recorder.render("")[0].splitlines()) == baseline
    assert value(recorder, "brek_probe_http_requests_total", target="acme", status_code="200") == 1


def test_a_probe_that_comes_back_is_recorded_again() -> None:
    recorder = Recorder(now=lambda: NOW)
    for probes in ([a_probe()], [], [a_probe()]):
        recorder.expect([a_target()], probes, {SEARCH.name: SEARCH}, "eu-1")

    recorder.run_finished(a_run())

    assert value(recorder, "brek_probe_success") == 1
    assert REQUEST_ID not in recorder.render("")[0].decode()
