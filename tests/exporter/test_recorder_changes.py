"""Another configuration takes the series of what is gone with it, and leaves all else as it was."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from support.facts import (
    NOON,
    SEARCH,
    a_failed_step,
    a_probe,
    a_run,
    a_start,
    a_step,
    a_target,
    an_answer,
    an_exchange,
)
from support.prometheus import samples, value, values

from exporter.recorder import Recorder
from probes.model import Booking, Finding, Objective, Probe, Target
from probes.redaction import Secret
from probes.scenario import Scenario
from probes.words import BookingState, Environment, FindingKind, Outcome, SlotState

NOW = NOON.timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(clock: Clock) -> Recorder:
    return Recorder(now=clock)


def expect(
    recorder: Recorder, targets: list[Target], probes: list[Probe], scenario: Scenario = SEARCH, location: str = "eu-1"
) -> None:
    recorder.expect(targets, probes, {scenario.name: scenario}, location)


def targets_told(recorder: Recorder) -> set[str]:
    return {sample.labels["target"] for sample in samples(recorder.render("")[0]) if "target" in sample.labels}


def played(recorder: Recorder, target: str = "acme", run_id: str = "run") -> None:
    """One run with all that it tells."""
    start = a_start(target=target, run_id=run_id)
    recorder.run_started(start)
    recorder.exchange_finished(start, "search", an_exchange(certificate_expires_at=NOW))
    recorder.step_finished(start, a_step())
    recorder.run_finished(a_run(target=target, run_id=run_id))


def test_a_target_that_had_no_probe_left_takes_its_series_with_it(recorder: Recorder) -> None:
    other = a_target(name="other")
    expect(recorder, [a_target(), other], [a_probe(), a_probe(target="other")])
    played(recorder, "other")
    expect(recorder, [a_target(), other], [a_probe()])
    without_probe = targets_told(recorder)
    expect(recorder, [a_target()], [a_probe()])

    assert without_probe == {"acme", "other"}
    assert targets_told(recorder) == {"acme"}


def test_a_target_that_never_had_a_probe_takes_its_series_with_it(recorder: Recorder) -> None:
    expect(recorder, [a_target(), a_target(name="other")], [a_probe()])
    expect(recorder, [a_target()], [a_probe()])

    assert targets_told(recorder) == {"acme"}


def test_a_run_under_way_brings_no_series_of_its_gone_target_back(recorder: Recorder) -> None:
    other = a_target(name="other")
    start = a_start(target="other", run_id="under-way")
    expect(recorder, [a_target(), other], [a_probe(), a_probe(target="other")])
    recorder.run_started(start)
    expect(recorder, [a_target()], [a_probe()])
    recorder.exchange_finished(start, "search", an_exchange(certificate_expires_at=NOW))
    finding = Finding(kind=FindingKind.MISSING_HEADER, detail="x-partner-id")
    recorder.step_finished(start, a_step(findings=(finding,)))
    recorder.contract_compared("other", (finding,))
    booking = Booking(run_id="under-way", target="other", session_id="s", state=BookingState.MADE)
    recorder.run_finished(a_run(Outcome.FAILED, target="other", run_id="under-way", bookings=(booking,)))
    recorder.slot_finished(a_probe(target="other"), SlotState.SKIPPED, "missed", 0.0)

    assert targets_told(recorder) == {"acme"}
    assert [row.target for row in recorder.board.rows()] == ["acme"]


def test_a_target_that_comes_back_is_in_no_maintenance_from_before(recorder: Recorder) -> None:
    expect(recorder, [a_target()], [a_probe()])
    recorder.set_maintenance("acme", active=True)
    expect(recorder, [], [])
    expect(recorder, [a_target()], [a_probe()])

    assert value(recorder, "brek_probe_maintenance") == 0


def test_a_run_under_way_of_a_gone_probe_still_tells_what_it_did_to_a_target_that_stays(recorder: Recorder) -> None:
    start = a_start(run_id="under-way")
    expect(recorder, [a_target()], [a_probe()])
    recorder.run_started(start)
    expect(recorder, [a_target()], [])
    recorder.exchange_finished(start, "search", an_exchange())
    booking = Booking(run_id="under-way", target="acme", session_id="s", state=BookingState.LEFT)
    recorder.run_finished(a_run(run_id="under-way", bookings=(booking,)))

    assert value(recorder, "brek_probe_bookings_total", state="left") == 1
    assert value(recorder, "brek_probe_http_requests_total", status_code="200", expected="true") == 1
    assert value(recorder, "brek_probe_ratelimit_remaining") == 42
    assert not [sample for sample in samples(recorder.render("")[0]) if "scenario" in sample.labels]


def test_a_target_that_changed_its_environment_is_told_once(recorder: Recorder) -> None:
    expect(recorder, [a_target()], [a_probe()])
    expect(recorder, [a_target(environment=Environment.PRODUCTION)], [a_probe()])

    assert set(values(recorder, "brek_probe_target_info")) == {("production", "eu-1", "acme")}
    assert [row.environment for row in recorder.board.rows()] == ["production"]


def test_another_location_is_told_of_targets_that_are_the_same(recorder: Recorder) -> None:
    expect(recorder, [a_target()], [a_probe()])
    expect(recorder, [a_target()], [a_probe()], location="eu-2")

    assert set(values(recorder, "brek_probe_target_info")) == {("sandbox", "eu-2", "acme")}


@pytest.mark.parametrize(
    "changes",
    [{"base_url": "http://127.0.0.1:3001"}, {"api_key": Secret("another-key-of-the-tests")}],
    ids=["another server", "another key"],
)
def test_quota_and_certificate_are_unknown_again_where_server_or_key_changed(
    recorder: Recorder, changes: dict[str, object]
) -> None:
    expect(recorder, [a_target()], [a_probe()])
    played(recorder)
    expect(recorder, [a_target(partner="brek")], [a_probe()])
    known = (
        value(recorder, "brek_probe_ratelimit_remaining"),
        value(recorder, "brek_probe_certificate_expiry_timestamp_seconds"),
    )
    expect(recorder, [a_target(partner="brek", **changes)], [a_probe()])

    assert known == (42, NOW)
    assert value(recorder, "brek_probe_ratelimit_remaining") is None
    assert value(recorder, "brek_probe_ratelimit_headroom_ratio") is None
    assert value(recorder, "brek_probe_certificate_expiry_timestamp_seconds") is None
    assert value(recorder, "brek_probe_success") == 1


def test_what_stays_goes_on_counting_and_keeps_its_verdict(recorder: Recorder, clock: Clock) -> None:
    expect(recorder, [a_target()], [a_probe()])
    played(recorder)
    clock.now += 60
    expect(recorder, [a_target()], [replace(a_probe(), objective=Objective(availability=0.5), deadline_seconds=9.0)])
    played(recorder, run_id="second")

    assert value(recorder, "brek_probe_runs_total", outcome="passed") == 2
    assert value(recorder, "brek_probe_success") == 1
    assert value(recorder, "brek_probe_objective_ratio") == 0.5
    assert value(recorder, "brek_probe_scheduled_since_timestamp_seconds") == NOW


def test_a_probe_with_another_interval_is_scheduled_anew(recorder: Recorder, clock: Clock) -> None:
    expect(recorder, [a_target()], [a_probe(every_seconds=3600.0)])
    clock.now += 60
    expect(recorder, [a_target()], [a_probe(every_seconds=10.0)])

    assert value(recorder, "brek_probe_interval_seconds") == 10
    assert value(recorder, "brek_probe_scheduled_since_timestamp_seconds") == NOW + 60


def test_a_step_that_a_scenario_has_no_more_takes_its_series_with_it(recorder: Recorder) -> None:
    create, search = SEARCH.steps
    cleanup = replace(create, name="tidy_up")
    scenario = replace(SEARCH, cleanup=(cleanup,))
    expect(recorder, [a_target()], [a_probe()], scenario)
    played(recorder)
    recorder.step_finished(a_start(), a_step(name="tidy_up"))
    recorder.run_finished(a_run(Outcome.FAILED, steps=(a_failed_step(name="create_session"),)))
    expect(recorder, [a_target()], [a_probe()], replace(scenario, steps=(create, replace(search, name="look"))))
    steps = {sample.labels["step"] for sample in samples(recorder.render("")[0]) if "step" in sample.labels}

    assert steps == {"create_session", "look", "tidy_up"}
    assert value(recorder, "brek_probe_failures_total", step="create_session") == 1
    assert value(recorder, "brek_probe_runs_total", outcome="failed") == 1


def test_a_run_under_way_brings_no_step_back_that_is_configured_no_more(recorder: Recorder) -> None:
    create, search = SEARCH.steps
    expect(recorder, [a_target()], [a_probe()])
    expect(recorder, [a_target()], [a_probe()], replace(SEARCH, steps=(create, replace(search, name="look"))))
    recorder.step_finished(a_start(), a_step(name="search"))
    recorder.run_finished(a_run(Outcome.FAILED, steps=(a_failed_step(name="search"),)))
    while_gone = {sample.labels["step"] for sample in samples(recorder.render("")[0]) if "step" in sample.labels}
    expect(recorder, [a_target()], [a_probe()])
    recorder.step_finished(a_start(), a_step(name="search"))

    assert while_gone == {"create_session", "look"}
    assert value(recorder, "brek_probe_step_duration_seconds_count", step="search") == 1


def test_a_thousand_probes_that_come_and_go_leave_the_series_as_they_were(recorder: Recorder) -> None:
    names = [f"t{n}" for n in range(1_000)]
    expect(recorder, [a_target()], [a_probe()])
    played(recorder)
    baseline = recorder.render("")[0].count(b"\n")
    began = time.monotonic()
    expect(
        recorder,
        [a_target(), *(a_target(name=name) for name in names)],
        [a_probe(), *(a_probe(target=name) for name in names)],
    )
    for name in names:
        recorder.exchange_finished(a_start(target=name), "search", an_exchange(answer=an_answer(503)))
    planned = time.monotonic()
    grown = recorder.render("")[0].count(b"\n")
    removing = time.monotonic()
    expect(recorder, [a_target()], [a_probe()])
    removed = time.monotonic()

    assert grown > 1_000 * 50
    assert recorder.render("")[0].count(b"\n") == baseline
    assert removed - removing < planned - began  # no walk through all series for each that goes


def test_the_last_reload_is_told_as_good_from_the_start(recorder: Recorder) -> None:
    at_start = value(recorder, "brek_monitor_config_last_reload_success")
    recorder.config_reloaded(problem="line 3")
    after_a_bad_one = value(recorder, "brek_monitor_config_last_reload_success")
    recorder.config_reloaded()

    assert (at_start, after_a_bad_one) == (1, 0)
    assert value(recorder, "brek_monitor_config_last_reload_success") == 1
