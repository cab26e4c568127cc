"""Who may not begin any more once a run booked unasked, from when on, and until when."""

from __future__ import annotations

import asyncio

import pytest
from support.facts import SEARCH, a_start, a_target
from support.stopping import (
    BOOKED,
    Book,
    Told,
    a_booking,
    a_run_that_booked,
    stops_of,
    targets_of,
    until_kept,
)

from probes.redaction import Secret
from probes.scenario import Scenario
from probes.scenario_files import shipped
from probes.stops import Stops
from probes.unasked import RESUMED, STOPPED
from probes.words import BookingState, SkipReason

GOLDEN = shipped()["golden_path"]
HARMLESS = shipped()["golden_path_to_payment"]
ACME, TWIN, OTHER = (
    a_target(name=name, api_key=Secret(key)) for name, key in [("acme", "k-1"), ("twin", "k-1"), ("other", "k-2")]
)


def reason(stops: Stops, scenario: Scenario = GOLDEN, target: object = ACME) -> SkipReason | None:
    refusal = stops.why_not(scenario, target)  # type: ignore[arg-type]
    return None if refusal is None else refusal[0]


async def a_life(book: Book, told: Told | None = None, **keys: str) -> Stops:
    """A process that has read what the book holds."""
    stops = stops_of(book, told, **keys)
    await stops.start(5.0)
    return stops


async def test_a_run_that_booked_unasked_stops_the_very_next_run() -> None:
    stops = stops_of(None)
    before = reason(stops)
    stops.run_finished(a_run_that_booked())

    assert before is None
    assert reason(stops) is SkipReason.SAFETY


async def test_the_refusal_names_the_run_and_the_way_out() -> None:
    stops = stops_of(None, acme="k-1", twin="k-1")
    stops.run_finished(a_run_that_booked())

    refusal = stops.why_not(GOLDEN, TWIN)
    assert refusal is not None
    assert f"quick_search booked unasked in run {BOOKED}" in refusal[1]
    assert refusal[1].endswith("brekwatch resume twin")


async def test_all_with_the_same_key_are_stopped_and_nobody_else() -> None:
    stops = stops_of(None, acme="k-1", twin="k-1", other="k-2")
    stops.run_finished(a_run_that_booked())

    assert [reason(stops, target=target) for target in (ACME, TWIN, OTHER)] == [
        SkipReason.SAFETY,
        SkipReason.SAFETY,
        None,
    ]


async def test_what_can_not_book_goes_on_but_for_the_scenario_that_did() -> None:
    stops = stops_of(None)
    stops.run_finished(a_run_that_booked(scenario=SEARCH.name))

    assert reason(stops, HARMLESS) is None
    assert reason(stops, SEARCH) is SkipReason.SAFETY


@pytest.mark.parametrize("name", ["golden_path", "book_by_action"])
async def test_whatever_may_book_is_stopped(name: str) -> None:
    stops = stops_of(None)
    stops.run_finished(a_run_that_booked())

    assert reason(stops, shipped()[name]) is SkipReason.SAFETY


async def test_a_booking_that_is_found_after_a_crash_stops_too_and_until_its_scenario_is_known_every_one() -> None:
    stops = stops_of(None)
    stops.booking_settled(a_booking(BookingState.LEFT))
    before = reason(stops)
    stops.booking_settled(a_booking())

    assert before is None
    assert reason(stops) is SkipReason.SAFETY
    assert reason(stops, HARMLESS) is SkipReason.SAFETY


async def test_before_it_is_known_what_the_journal_holds_nothing_that_may_book_begins() -> None:
    book = Book()
    book.unreadable = True
    stops = await a_life(book)
    before = reason(stops), reason(stops, HARMLESS)
    book.unreadable = False
    await stops.look()
    after = reason(stops)
    await stops.aclose()

    assert before == (SkipReason.JOURNAL, None)
    assert after is None


async def test_a_stop_holds_in_the_next_life() -> None:
    book = Book()
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await until_kept(book)
    await stops.aclose()
    told = Told()
    next_life = await a_life(book, told)
    await next_life.aclose()

    assert reason(next_life) is SkipReason.SAFETY
    assert told.names == ["acme"]


async def test_the_key_is_known_again_under_another_name() -> None:
    book = Book()
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await until_kept(book)
    await stops.aclose()
    elsewhere = await a_life(book, twin="k-1", other="k-2")
    await elsewhere.aclose()

    assert reason(elsewhere, target=TWIN) is SkipReason.SAFETY
    assert reason(elsewhere, target=OTHER) is None
    assert "k-1" not in str(book.kept)


async def test_a_process_that_ends_at_once_marks_the_key_for_the_others() -> None:
    book = Book()
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await stops.aclose()

    assert book.kept[STOPPED][BOOKED]["mark"]


@pytest.mark.parametrize("turns", range(6))
async def test_it_ends_in_whatever_moment_it_is_asked_to(turns: int) -> None:
    """A cancellation that meets the word of a stop may get lost."""
    book = Book()
    stops = await a_life(book)
    await asyncio.sleep(0.002)
    stops.run_finished(a_run_that_booked())
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await stops.aclose()

    assert book.kept[STOPPED][BOOKED]["mark"]


async def test_a_stop_that_can_not_be_written_holds_all_the_same_and_is_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("probes.stops._WRITTEN_AGAIN_SECONDS", 0.0)
    book = Book()
    stops = await a_life(book)
    book.unwritable = True
    stops.run_finished(a_run_that_booked())
    await stops.look()
    held, written = reason(stops), dict(book.kept[STOPPED])
    book.unwritable = False
    await until_kept(book)
    await stops.aclose()

    assert held is SkipReason.SAFETY
    assert written == {}


async def test_what_another_process_stopped_is_stopped_here_within_a_moment() -> None:
    book, told = Book(), Told()
    stops = await a_life(book, told)
    other = await a_life(book)
    other.run_finished(a_run_that_booked())
    await until_kept(book)
    await stops.look()
    await asyncio.gather(stops.aclose(), other.aclose())

    assert reason(stops) is SkipReason.SAFETY
    assert told.names == ["acme"]


async def test_a_person_s_word_lets_it_go_on_and_is_told() -> None:
    book, told = Book(), Told()
    stops = await a_life(book, told, acme="k-1", twin="k-1")
    stops.run_finished(a_run_that_booked())
    await until_kept(book)
    book.resume()
    await stops.look()
    await stops.aclose()

    assert reason(stops) is None
    assert told.names == ["acme", "twin", "-acme", "-twin"]
    assert book.kept[STOPPED] == {}


async def test_a_target_goes_on_only_when_all_that_stops_it_is_resumed() -> None:
    book, told = Book(), Told()
    stops = await a_life(book, told)
    stops.run_finished(a_run_that_booked())
    stops.run_finished(a_run_that_booked(run_id="another"))
    await until_kept(book, "another")
    book.resume()
    await stops.look()
    still = reason(stops)
    book.resume("another")
    await stops.look()
    await stops.aclose()

    assert still is SkipReason.SAFETY
    assert reason(stops) is None
    assert told.names == ["acme", "-acme"]


async def test_a_stop_that_is_merely_gone_from_the_journal_holds_and_is_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("probes.stops._WRITTEN_AGAIN_SECONDS", 0.0)
    book = Book()
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await until_kept(book)
    book.kept[STOPPED].clear()
    await stops.look()
    await stops.aclose()

    assert reason(stops) is SkipReason.SAFETY
    assert BOOKED in book.kept[STOPPED]


async def test_a_stop_that_waits_for_the_journal_is_not_written_over_and_over() -> None:
    book = Book()
    stops = await a_life(book)
    book.unwritable = True
    stops.run_finished(a_run_that_booked())
    for _ in range(5):
        await stops.look()
    book.unwritable = False
    await stops.look()
    meanwhile = dict(book.kept[STOPPED])
    await stops.aclose()

    assert meanwhile == {}
    assert BOOKED in book.kept[STOPPED]


async def test_a_new_key_of_the_target_is_stopped_and_the_old_one_elsewhere_stays_so() -> None:
    stops = stops_of(None, acme="k-1", twin="k-1")
    stops.run_finished(a_run_that_booked())
    stops.expect(targets_of(acme="k-9", twin="k-1"))

    assert reason(stops, target=a_target(api_key=Secret("k-9"))) is SkipReason.SAFETY
    assert reason(stops, target=TWIN) is SkipReason.SAFETY


async def test_a_run_that_began_before_a_reload_stops_the_key_that_it_booked_with() -> None:
    stops = stops_of(None, acme="k-1", twin="k-1", other="k-9")
    stops.run_started(a_start(run_id=BOOKED))
    stops.expect(targets_of(acme="k-9", twin="k-1", other="k-9"))
    stops.run_finished(a_run_that_booked())

    assert reason(stops, target=TWIN) is SkipReason.SAFETY
    assert reason(stops, target=a_target(name="other", api_key=Secret("k-9"))) is None


async def test_a_key_that_is_configured_later_is_looked_up_before_anything_books_with_it() -> None:
    book = Book()
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await until_kept(book)
    await stops.aclose()
    elsewhere = await a_life(book, other="k-2")
    elsewhere.expect(targets_of(other="k-2", twin="k-1"))
    at_once = reason(elsewhere, target=TWIN)
    await elsewhere.look()
    await elsewhere.aclose()

    assert at_once is SkipReason.JOURNAL
    assert reason(elsewhere, target=TWIN) is SkipReason.SAFETY
    assert reason(elsewhere, target=OTHER) is None


async def test_that_stops_can_not_be_read_is_told_once_until_it_is_over() -> None:
    book, told = Book(), Told()
    book.unreadable = True
    stops = await a_life(book, told)
    for unreadable in (True, False, True):
        book.unreadable = unreadable
        await stops._look_safely()
    await stops.aclose()

    assert [fault.detail for fault in told.faults] == [
        "whether bookings are stopped can't be read: the server is away"
    ] * 2


async def test_a_word_of_resuming_that_comes_before_the_stop_counts() -> None:
    book = Book()
    book.kept[RESUMED][BOOKED] = {}
    stops = await a_life(book)
    stops.run_finished(a_run_that_booked())
    await stops.look()
    await stops.aclose()

    assert reason(stops) is None
