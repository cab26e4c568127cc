"""What counts as a booking that nobody asked for, and which targets its stop covers."""

from __future__ import annotations

import json

import pytest
from support.facts import NOON, a_failed_step, a_run, a_step, a_target
from support.stopping import a_booking, a_run_that_booked, targets_of

from probes.model import Run
from probes.redaction import Secret
from probes.unasked import Stop, booked_unasked, covers, in_force, key_behind, mark_of, value_of
from probes.words import BookingState, FailureKind, Outcome

KEY = Secret("k-1")
STOP = Stop(run_id="r", target="acme", scenario="quick_search", since=NOON)


@pytest.mark.parametrize(
    ("run", "unasked"),
    [
        pytest.param(a_run_that_booked(), True, id="a step failed so"),
        pytest.param(a_run(bookings=(a_booking(),)), True, id="a booking is unexpected, whatever the verdict"),
        pytest.param(a_run(Outcome.UNKNOWN, bookings=(a_booking(),)), True, id="of an unknown run, too"),
        pytest.param(
            a_run(bookings=(a_booking(), a_booking(BookingState.CANCELLED))), True, id="also if it was taken back"
        ),
        pytest.param(
            a_run(steps=(a_step(),), cleanup=(a_failed_step(FailureKind.UNEXPECTED_BOOKING),)), True, id="in cleanup"
        ),
        pytest.param(a_run(bookings=(a_booking(BookingState.MADE),)), False, id="a booking that was asked for"),
        pytest.param(a_run(bookings=(a_booking(BookingState.LEFT),)), False, id="one that is left"),
        pytest.param(a_run(Outcome.FAILED), False, id="any other failure"),
    ],
)
def test_a_run_booked_unasked_where_any_part_of_it_says_so(run: Run, unasked: bool) -> None:
    assert booked_unasked(run) is unasked


def test_a_stop_comes_back_from_json_as_it_was() -> None:
    stop = Stop(run_id="r", target="acme", scenario=None, since=NOON, mark="ab:cd")

    assert in_force({"r": json.loads(json.dumps(value_of(stop)))}, {}) == (stop,)


def test_a_stop_that_was_resumed_is_not_in_force() -> None:
    assert in_force({"r": value_of(STOP), "s": value_of(STOP)}, {"s": {}}) == (STOP,)


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"target": 1, "since": "yesterday"}],
    ids=str,
)
def test_a_stop_that_can_not_be_read_stops_everything(value: object) -> None:
    (stop,) = in_force({"r": value}, {})

    assert covers(stop, key_behind(stop, targets_of(acme="k-1")), a_target())


def test_a_mark_knows_its_key_again_and_says_nothing_of_it() -> None:
    one, another = mark_of(KEY), mark_of(KEY)
    targets = targets_of(other="k-2", acme="k-1")
    marked = Stop(run_id="r", target="elsewhere", scenario=None, since=NOON, mark=one)

    assert one != another
    assert "k-1" not in one
    assert key_behind(marked, targets) == KEY
    assert key_behind(marked, targets[:1]) is None


def test_a_mark_of_another_version_is_nobody_s() -> None:
    stop = Stop(run_id="r", target="acme", scenario=None, since=NOON, mark="v9:zz")

    assert key_behind(stop, targets_of(acme="k-1")) is None


@pytest.mark.parametrize(
    ("name", "key", "mark", "covered"),
    [
        pytest.param("acme", "k-1", None, True, id="the target itself"),
        pytest.param("acme", "k-9", None, True, id="the target, with a new key"),
        pytest.param("twin", "k-1", None, True, id="another with its key"),
        pytest.param("other", "k-2", None, False, id="another with another key"),
        pytest.param("other", "k-2", "ab:cd", False, id="another, where the key is none of ours"),
    ],
)
def test_a_stop_covers_its_target_and_all_with_its_key(name: str, key: str, mark: str | None, covered: bool) -> None:
    stop = Stop(run_id="r", target="acme", scenario=None, since=NOON, mark=mark)
    behind = None if mark else KEY

    assert covers(stop, behind, a_target(name=name, api_key=Secret(key))) is covered


def test_a_stop_whose_key_nobody_knows_covers_all() -> None:
    stop = Stop(run_id="r", target="of-another-process", scenario=None, since=NOON)

    assert covers(stop, key_behind(stop, targets_of(acme="k-1")), a_target())
