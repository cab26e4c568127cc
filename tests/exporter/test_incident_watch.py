"""Runs of a service become incidents: kept with their run, told once, and the same after a restart."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from support.facts import NOON, a_start
from support.keeping import keeping, until
from support.stopping import a_booking
from support.watching import EVERY, LATER, Sayings, Shelf, Told, a_watch, living, play, runs_of, settings_of

from probes.errors import JournalError, LedgerUnavailableError
from probes.incident import Incident, IncidentFilter
from probes.journal.reading import Reader
from probes.words import Ended, FailureKind

SEARCH = ("acme", "quick_search")


def kept_in(url: str) -> list[Incident]:
    with closing(Reader(url)) as reader:
        return list(reader.incidents(IncidentFilter()))


async def test_the_third_failed_run_opens_an_incident_that_is_kept_and_told(journal_url: str) -> None:
    told, sayings = Told(), Sayings()
    async with living(journal_url, settings_of(), told, teller=sayings) as (journal, watch):
        await play(runs_of("GSSS"), journal, watch)
        (opened,) = watch.open

    assert kept_in(journal_url) == [opened]
    assert told.still_open == (opened,)
    assert told.recent[SEARCH] == {FailureKind.SERVER_ERROR: 3}
    assert [notice.incident_id for notice, _ in sayings.taken] == [opened.incident_id]
    assert all(kept is not None and kept.exception() is None for _, kept in sayings.taken)


async def test_runs_that_were_not_judged_change_nothing() -> None:
    told, shelf = Told(), Shelf()
    watch = a_watch(settings_of(), told, book=shelf)
    for run in runs_of("ukukukuk"):
        watch.run_finished(run)

    assert (told.changed, told.recent, shelf.changes) == ([], {}, [])


async def test_a_restart_goes_on_with_the_incident_and_says_nothing_again(journal_url: str) -> None:
    sayings, told = Sayings(), Told()
    async with living(journal_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("GSSS"), journal, watch)
        before = watch.open
    async with living(journal_url, settings_of(), told, teller=sayings) as (journal, watch):
        restored = watch.open, dict(told.recent)
        await play(runs_of("GG", first=4), journal, watch)
    (incident,) = kept_in(journal_url)

    assert restored == (before, {SEARCH: {FailureKind.SERVER_ERROR: 3}})
    assert (incident.incident_id, incident.ended) == (before[0].incident_id, Ended.RECOVERED)
    assert [notice.kind for notice, _ in sayings.taken] == ["opened", "resolved"]  # of the two good runs alone
    assert told.still_open == ()


async def test_runs_whose_process_was_killed_before_it_kept_what_they_changed_count_after_the_start(
    journal_url: str,
) -> None:
    sayings, told = Sayings(), Told()
    async with living(journal_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("GS"), journal, watch)
        await play(runs_of("SS", first=2), journal)
    async with living(journal_url, settings_of(), told, teller=sayings) as (_, watch):
        opened = watch.open
    async with living(journal_url, settings_of(), Told(), teller=sayings) as (_, watch):
        again = watch.open

    assert [incident.first_failed_run_id for incident in opened] == ["quick_search.eu-1.1"]
    assert opened == again
    assert kept_in(journal_url) == list(opened)
    assert len(sayings.taken) == 1


async def test_a_booking_that_nobody_asked_for_is_told_though_its_run_was_cut_off_right_after_it(
    journal_url: str,
) -> None:
    sayings = Sayings()
    async with living(journal_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("G"), journal, watch)
        await journal.begin_run(a_start(run_id="cut.off", started_at=NOON + EVERY))
        await journal.book(a_booking(run_id="cut.off"))
    async with living(journal_url, settings_of(), Told(), teller=sayings) as (_, watch):
        opened = watch.open
    async with living(journal_url, settings_of(), Told(), teller=sayings) as (_, watch):
        again = watch.open

    assert [(each.cause.kind, each.failed_runs) for each in opened] == [(FailureKind.UNEXPECTED_BOOKING, 1)]
    assert opened == again
    assert len(sayings.taken) == 1


async def test_a_booking_that_a_snapshot_shows_of_a_cut_off_run_is_told_at_once(journal_url: str) -> None:
    told, sayings = Told(), Sayings()
    async with living(journal_url, settings_of(), told) as (journal, watch):
        await play(runs_of("G"), journal, watch)
        await journal.begin_run(a_start(run_id="cut.off", started_at=NOON + EVERY))
    async with living(journal_url, settings_of(), told, teller=sayings) as (journal, watch):
        await journal.book(a_booking(run_id="cut.off"))
        watch.booking_settled(a_booking(run_id="cut.off"))
        watch.booking_settled(a_booking(run_id="cut.off"))
        await until(lambda: bool(watch.open))
        opened = watch.open
        await watch.aclose()

    assert [(each.cause.kind, each.failed_runs) for each in opened] == [(FailureKind.UNEXPECTED_BOOKING, 1)]
    assert len(sayings.taken) == 1


async def test_a_process_that_kept_nothing_but_its_first_runs_loses_none_of_them(journal_url: str) -> None:
    async with living(journal_url, settings_of(), Told()) as (journal, _):
        await play(runs_of("SSS"), journal)
    async with living(journal_url, settings_of(), Told()) as (_, watch):
        opened = watch.open

    assert [incident.failed_runs for incident in opened] == [3]


@pytest.mark.parametrize(
    ("command", "location"),
    [pytest.param("run", "eu-1", id="a person played them"), pytest.param("serve", "us-1", id="another place did")],
)
async def test_runs_of_others_that_share_the_journal_do_not_count(sqlite_url: str, command: str, location: str) -> None:
    async with living(sqlite_url, settings_of(), Told(), command=command) as (journal, _):
        await play(runs_of("SSS", location=location), journal)
    async with living(sqlite_url, settings_of(), Told()) as (_, watch):
        opened = watch.open

    assert opened == ()


async def test_two_places_that_share_a_journal_have_an_incident_each(sqlite_url: str) -> None:
    for location in ("eu-1", "us-1"):
        async with living(sqlite_url, settings_of(location=location), Told()) as (journal, watch):
            await play(runs_of("SSS", location=location), journal, watch)
    async with living(sqlite_url, settings_of(location="us-1"), Told()) as (_, watch):
        opened = watch.open

    assert [incident.location for incident in opened] == ["us-1"]
    assert [incident.is_open for incident in kept_in(sqlite_url)] == [True, True]


async def test_a_state_that_is_damaged_is_a_fault_and_takes_no_other_with_it(sqlite_url: str) -> None:
    told = Told()
    async with living(sqlite_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("SSS"), journal, watch)
        await journal.keep_state("incidents", "eu-1/brek", {"version": 99})
    async with living(sqlite_url, settings_of(), told) as (_, watch):
        opened = watch.open

    assert len(opened) == 1
    assert [fault.detail for fault in told.faults] == [
        "what was known of incidents on brek is damaged: it begins anew, without any"
    ]


class Unreadable:
    """Raises so often before it reads a journal."""

    def __init__(self, url: str, times: int) -> None:
        self._url = url
        self._times = times

    def __call__(self) -> Reader:
        self._times -= 1
        if self._times >= 0:
            raise JournalError("the journal can't be read")
        return Reader(self._url)


async def test_a_journal_that_can_not_be_read_is_a_fault_and_incidents_go_on_after_a_while(sqlite_url: str) -> None:
    told = Told()
    watch = a_watch(settings_of(), told)
    await watch.restore(Unreadable(sqlite_url, 1_000), patience_seconds=0.2)
    for run in runs_of("SSS"):
        watch.run_finished(run)
    before = told.still_open
    await until(lambda: told.still_open)

    assert before == ()
    assert [fault.detail for fault in told.faults] == [
        "incidents that were open before can't be read yet, so runs wait for them: the journal can't be read",
        "incidents that were open before are not known: the journal can't be read",
    ]


async def test_runs_wait_for_what_was_open_and_open_it_no_second_time(sqlite_url: str) -> None:
    told, sayings = Told(), Sayings()
    async with living(sqlite_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("SSS"), journal, watch)
        before = watch.open
    async with keeping(sqlite_url, told, command="serve") as journal:
        watch = a_watch(settings_of(), told, book=journal, teller=sayings)
        await watch.restore(Unreadable(sqlite_url, 2), patience_seconds=20.0)
        await play(runs_of("SSSSSSS", first=3), journal, watch)
        await until(lambda: watch.open and watch.open[0].failed_runs == 10)

    assert [incident.incident_id for incident in watch.open] == [before[0].incident_id]
    assert {notice.incident_id for notice, _ in sayings.taken} == {before[0].incident_id}
    assert [incident.failed_runs for incident in kept_in(sqlite_url)] == [10]


async def test_what_waits_is_seen_at_the_end(sqlite_url: str) -> None:
    told = Told()
    watch = a_watch(settings_of(), told)
    await watch.restore(Unreadable(sqlite_url, 1_000), patience_seconds=600.0)
    for run in runs_of("SSS"):
        watch.run_finished(run)
    await watch.aclose()

    assert len(told.still_open) == 1


async def test_an_empty_journal_is_no_fault(sqlite_url: str) -> None:
    told = Told()
    await a_watch(settings_of(), told).restore(lambda: Reader(sqlite_url))

    assert told.faults == []


async def test_what_changed_is_committed_whole_and_nothing_else_is_written() -> None:
    shelf = Shelf()
    watch = a_watch(settings_of(), Told(), book=shelf, teller=Sayings())
    for run in runs_of("GSSSG"):
        watch.run_finished(run)

    assert [len(change.incidents) for change in shelf.changes] == [0, 0, 0, 1, 1]
    assert [len(change.notices) for change in shelf.changes] == [0, 0, 0, 1, 1]
    assert {change.state_key for change in shelf.changes} == {"eu-1/acme"}


async def test_what_a_journal_lost_goes_with_the_next_change() -> None:
    shelf = Shelf()
    watch = a_watch(settings_of(), Told(), book=shelf)
    for run in runs_of("SSSGG"):
        watch.run_finished(run)
    for future in shelf.futures:
        future.set_exception(LedgerUnavailableError("the disk is full"))
    await asyncio.sleep(0)
    for run in runs_of("GG", first=5):
        watch.run_finished(run)

    assert [incident.ended for incident in shelf.changes[5].incidents] == [Ended.RECOVERED]
    assert shelf.changes[6].incidents == ()


async def test_what_a_later_change_kept_better_is_not_written_again() -> None:
    shelf = Shelf()
    watch = a_watch(settings_of(), Told(), book=shelf)
    for run in runs_of("SSSGG"):
        watch.run_finished(run)
    shelf.futures[2].set_exception(LedgerUnavailableError("the disk is full"))
    shelf.futures[4].set_result(None)
    await asyncio.sleep(0)
    watch.run_finished(runs_of("G", first=5)[0])

    assert shelf.changes[5].incidents == ()


async def test_a_reload_ends_what_nobody_plays_any_more() -> None:
    told, shelf, sayings = Told(), Shelf(), Sayings()
    watch = a_watch(settings_of(), told, book=shelf, teller=sayings)
    for run in runs_of("SSS"):
        watch.run_finished(run)
    watch.reload(settings_of("decline_payment"))
    watch.run_finished(runs_of("S", first=3)[0])

    assert [incident.ended for incident in shelf.changes[-1].incidents] == [Ended.UNPLANNED]
    assert shelf.changes[-1].incidents[0].closed_at == LATER
    assert told.still_open == ()
    assert len(sayings.taken) == 2
    assert len(shelf.changes) == 4


async def test_a_reload_that_changes_nothing_changes_nothing() -> None:
    shelf = Shelf()
    watch = a_watch(settings_of(), Told(), book=shelf)
    for run in runs_of("SSS"):
        watch.run_finished(run)
    before = watch.open
    watch.reload(settings_of())

    assert watch.open == before
    assert len(shelf.changes) == 3


async def test_what_was_taken_away_while_nothing_ran_ends_at_the_next_start(sqlite_url: str) -> None:
    async with living(sqlite_url, settings_of(), Told()) as (journal, watch):
        await play(runs_of("SSS"), journal, watch)
    async with living(sqlite_url, settings_of(target="brek"), Told()) as (_, watch):
        opened = watch.open
    (incident,) = kept_in(sqlite_url)

    assert opened == ()
    assert incident.ended is Ended.UNPLANNED
    assert incident.cause.target == "acme"


async def test_another_policy_holds_from_the_reload_on() -> None:
    told = Told()
    watch = a_watch(settings_of(), told)
    watch.reload(settings_of(open_after=1, within=1, close_after=1))
    watch.run_finished(runs_of("S")[0])

    assert len(told.still_open) == 1
