"""The picture of where a run's time went, as numbers."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from support.facts import NOON, a_failure, a_run, an_answer, an_exchange

from exporter.web.pages.waterfall import LEFT, RIGHT, Sent, Waterfall, waterfall
from probes.model import Exchange, Phases
from probes.words import FailureKind


def sent(after: float, *, attempt: int = 1, step: str = "search", **changes: object) -> Sent:
    exchange: Exchange = an_exchange(attempt=attempt, started_at=NOON + timedelta(seconds=after), **changes)
    return Sent(step=step, anchor="step-1-1", exchange=exchange)


def drawn(*attempts: Sent, seconds: float = 10.0) -> Waterfall:
    picture = waterfall(a_run(duration_seconds=seconds), attempts)
    assert picture is not None
    return picture


def test_nothing_sent_is_no_picture() -> None:
    assert waterfall(a_run(), ()) is None


def test_phases_follow_each_other_from_where_the_attempt_began() -> None:
    phases = Phases(dns=1.0, connect=1.0, tls=1.0, send=0.5, wait=2.0, receive=0.5)
    (bar,) = drawn(sent(2.0, phases=phases, duration_seconds=3.0)).bars

    scale = (RIGHT - LEFT) / 10
    assert [piece.phase for piece in bar.pieces] == ["dns", "connect", "tls", "send", "wait", "receive"]
    assert bar.pieces[0].x == pytest.approx(LEFT + 2 * scale, abs=0.1)
    for piece, after in zip(bar.pieces, bar.pieces[1:], strict=False):
        assert piece.x + piece.width == pytest.approx(after.x, abs=0.15)
    assert bar.pieces[-1].x + bar.pieces[-1].width == pytest.approx(LEFT + 8 * scale, abs=0.15)


def test_a_phase_that_hardly_took_time_is_seen_and_one_that_did_not_happen_is_not() -> None:
    picture = drawn(sent(0.0, phases=Phases(send=0.000001, wait=1.0)))

    assert [(piece.phase, piece.width > 0.9) for piece in picture.bars[0].pieces] == [("send", True), ("wait", True)]
    assert picture.phases == ("send", "wait")


def test_what_was_waited_before_a_retry_is_a_gap_between_the_two() -> None:
    phases = Phases(wait=1.0)
    first, second = sent(0.0, phases=phases, duration_seconds=1.0), sent(4.0, attempt=2, phases=phases)
    bars = drawn(first, second).bars

    assert bars[0].gap is None
    assert bars[1].gap is not None
    assert (bars[1].gap.seconds, bars[1].gap.label, bars[1].gap.has_room) == (3.0, "waited 3 s", True)
    assert bars[1].gap.x == pytest.approx(bars[0].pieces[-1].x + bars[0].pieces[-1].width, abs=0.15)
    assert bars[1].gap.until == bars[1].pieces[0].x
    assert bars[1].label == "search, attempt 2"


def test_the_next_step_is_no_retry() -> None:
    bars = drawn(sent(0.0), sent(4.0, attempt=2, step="book")).bars

    assert bars[1].gap is None


def test_a_clock_that_was_set_back_leaves_the_picture_sound() -> None:
    picture = drawn(sent(-5.0), sent(1.0), sent(0.5, attempt=2))

    assert all(LEFT <= piece.x <= RIGHT for bar in picture.bars for piece in bar.pieces)
    assert picture.bars[2].gap is None


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1.0], ids=str)
def test_a_time_that_is_none_is_left_out(odd: float) -> None:
    picture = drawn(sent(0.0, phases=Phases(dns=odd, wait=1.0), duration_seconds=odd), seconds=odd)

    assert [piece.phase for piece in picture.bars[0].pieces] == ["wait"]


def test_an_attempt_says_how_long_it_took_and_what_came() -> None:
    lost = sent(
        0.0, phases=Phases(connect=2.0), duration_seconds=0.0, answer=None, failure=a_failure(FailureKind.RESET)
    )
    bars = drawn(sent(0.0, answer=an_answer(503), phases=Phases(wait=0.25), duration_seconds=0.25), lost).bars

    assert [bar.note for bar in bars] == ["250 ms, HTTP 503", "2 s, no answer (reset)"]


@pytest.mark.parametrize("seconds", [0.0, 0.0004, 0.05, 1.5, 42.0, 7200.0], ids=str)
def test_the_axis_has_a_few_round_moments_however_long_the_run(seconds: float) -> None:
    ticks = drawn(sent(0.0, phases=Phases(), duration_seconds=0.0), seconds=seconds).ticks

    assert 2 <= len(ticks) <= 10
    assert ticks[0].label == "0"
    assert all(LEFT <= tick.x <= RIGHT for tick in ticks)


def test_sixty_attempts_have_a_row_each_below_the_conversation() -> None:
    picture = drawn(*(sent(float(number)) for number in range(60)), seconds=60.0)

    rows = [bar.y for bar in picture.bars]
    assert len(set(rows)) == 60
    assert max(rows) < picture.height
    assert not picture.is_short


def test_a_long_name_of_a_step_is_cut_before_its_attempt() -> None:
    (bar,) = drawn(sent(0.0, step="s" * 100, attempt=3)).bars

    assert bar.label.endswith("…, attempt 3")
    assert len(bar.label) <= 32
    assert bar.whole_label == f"{'s' * 100}, attempt 3"
