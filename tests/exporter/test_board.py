"""What the board remembers of each probe, and when it says nothing any more about now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.facts import NOON, REQUEST_ID, a_probe
from support.status_boards import Clocks, a_recorder, play

from exporter.recorder import Recorder
from exporter.recorder.board import Row
from exporter.recorder.strips import CELLS, Strip, cell_of
from probes.journal.kept import LastVerdict
from probes.words import Blame, FailureKind, Outcome, Standing

PROBE = a_probe()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def recorder(clocks: Clocks) -> Recorder:
    return a_recorder(clocks, [PROBE])


def the_row(recorder: Recorder) -> Row:
    (row,) = recorder.board.rows()
    return row


def test_a_probe_that_was_never_played_says_nothing(recorder: Recorder) -> None:
    assert the_row(recorder).standing is Standing.STALE


@pytest.mark.parametrize(
    ("outcomes", "standing"),
    [
        pytest.param(".", Standing.GOOD, id="passed"),
        pytest.param("d", Standing.GOOD, id="degraded"),
        pytest.param("F", Standing.FAILING, id="failed"),
        pytest.param("s", Standing.STALE, id="only skipped"),
        pytest.param("u", Standing.STALE, id="only unknown"),
        pytest.param("Fu", Standing.FAILING, id="unknown after a failure"),
        pytest.param(".s", Standing.GOOD, id="skipped after a pass"),
    ],
)
def test_the_last_judged_run_is_what_a_probe_says(
    recorder: Recorder, clocks: Clocks, outcomes: str, standing: Standing
) -> None:
    play(recorder, clocks, PROBE, outcomes)

    assert the_row(recorder).standing is standing


def test_a_verdict_is_stale_once_it_is_older_than_two_intervals(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, ".")
    clocks.pass_by(600)
    just = the_row(recorder).standing
    clocks.pass_by(1)

    assert just is Standing.GOOD
    assert the_row(recorder).standing is Standing.STALE


def test_a_clock_that_is_set_back_makes_no_old_verdict_fresh(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, ".")
    clocks.pass_by(3_600)
    clocks.at = NOON + timedelta(seconds=1)

    assert the_row(recorder).standing is Standing.STALE


def test_a_clock_that_is_set_back_makes_no_fresh_verdict_old(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, ".")
    clocks.at = NOON - timedelta(hours=1)

    assert the_row(recorder).standing is Standing.GOOD


def test_a_clock_that_is_set_ahead_makes_a_verdict_stale(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, ".")
    clocks.at = NOON + timedelta(hours=1)

    assert the_row(recorder).standing is Standing.STALE


def test_a_kept_verdict_of_the_future_says_nothing_about_now(recorder: Recorder) -> None:
    verdict = LastVerdict(
        target="acme",
        scenario=PROBE.scenario,
        outcome=Outcome.PASSED,
        reason=None,
        finished_at=NOON + timedelta(minutes=30),
        succeeded_at=None,
    )
    recorder.restore([verdict])

    assert the_row(recorder).standing is Standing.STALE


def test_it_is_failing_since_the_first_failure_after_the_last_good_run(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, "F.dFFF")
    judged = the_row(recorder).sight.judged

    assert judged is not None
    assert judged.since == NOON - timedelta(minutes=10, seconds=1.5)


def test_a_failure_is_remembered_with_its_step_its_blame_and_its_request(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, "F")
    judged = the_row(recorder).sight.judged

    assert judged is not None
    assert judged.failed is not None
    assert (judged.failed.step, judged.failed.kind) == ("search", FailureKind.SERVER_ERROR)
    assert (judged.failed.blame, judged.failed.request_id) == (Blame.API, REQUEST_ID)


def test_skipped_runs_and_slots_are_counted_together_until_a_verdict(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, ".ss")
    recorder.slot_finished(PROBE, "skipped", "quota", 0.0)
    untold = the_row(recorder).sight.untold
    play(recorder, clocks, PROBE, ".")

    assert untold is not None
    assert (untold.outcome, untold.reason, untold.count) == (Outcome.SKIPPED, "quota", 3)
    assert the_row(recorder).sight.untold is None


def test_rechecks_are_seen_and_not_counted_for_the_objective(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, "F", recheck=True)
    cell = the_row(recorder).sight.strip.cells(clocks.now())[-2]

    assert (cell.failed, cell.good, cell.bad) == (1, 0, 0)


def test_runs_in_maintenance_are_seen_and_not_counted_for_the_objective(recorder: Recorder, clocks: Clocks) -> None:
    recorder.set_maintenance("acme", active=True)
    play(recorder, clocks, PROBE, "F")
    cell = the_row(recorder).sight.strip.cells(clocks.now())[-2]

    assert (cell.failed, cell.bad) == (1, 0)


def test_a_strip_forgets_what_is_a_day_old() -> None:
    now = NOON.timestamp()
    strip = (
        Strip()
        .plus(cell_of(now) - CELLS, Outcome.FAILED, counted=True)
        .plus(cell_of(now), Outcome.PASSED, counted=True)
    )
    cells = strip.cells(now)

    assert len(cells) == CELLS
    assert sum(cell.failed for cell in cells) == 0
    assert cells[-1].passed == 1


def test_a_strip_leaves_out_what_a_clock_that_was_set_back_calls_the_future() -> None:
    strip = Strip().plus(cell_of(NOON.timestamp()) + 3, Outcome.PASSED, counted=True)

    assert sum(cell.judged for cell in strip.cells(NOON.timestamp())) == 0


def test_a_strip_is_of_one_size_however_much_is_played() -> None:
    strip = Strip()
    size = len(strip._numbers)
    for number in range(1_000):
        strip = strip.plus(number, Outcome.PASSED, counted=True)

    assert len(strip._numbers) == size


def test_a_probe_that_is_configured_no_more_is_forgotten(recorder: Recorder, clocks: Clocks) -> None:
    play(recorder, clocks, PROBE, "F")
    recorder.expect([], [], {}, "eu-1")
    play(recorder, clocks, PROBE, "F")

    assert recorder.board.rows() == ()
