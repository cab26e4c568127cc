"""What the journal keeps of incidents: whole or not at all, the last word on each, and read back as it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from support.any_incident import incidents
from support.facts import NOON, a_run
from support.keeping import Aware, Hang, file_of, keeping, on_each, rows, until
from support.kept_incidents import (
    INCIDENT_ID,
    MINUTE,
    a_cause,
    a_closed_incident,
    a_hit,
    a_notice,
    a_settled_notice,
    an_alert,
    an_incident,
)
from support.plans import plans_of, scans

from probes.errors import LedgerUnavailableError, UsageError
from probes.incident import Incident, IncidentChange, IncidentFilter
from probes.journal import incident_pen
from probes.journal.incident_rows import document_of, incident_of
from probes.journal.queue import Limits
from probes.journal.reading import Reader
from probes.journal.texts import NOTICE_CHARACTERS
from probes.words import Ended, NoticeState, Outcome


@given(incidents())
def test_an_incident_comes_back_as_it_was_written_down(incident: Incident) -> None:
    text = json.dumps(document_of(incident, lambda text: text))

    assert incident_of(json.loads(text)) == incident


def test_a_kind_that_another_version_added_stays_the_word_that_it_is() -> None:
    document = dict(document_of(an_incident(), lambda text: text)) | {"kind": "carrier_pigeon"}

    assert incident_of(document).cause.kind == "carrier_pigeon"


async def kept(url: str, *changes: IncidentChange) -> None:
    async with keeping(url) as journal:
        for change in changes:
            await journal.keep_incidents(change)


def read(url: str, wanted: IncidentFilter | None = None) -> list[Incident]:
    with closing(Reader(url)) as reader:
        return list(reader.incidents(wanted or IncidentFilter()))


async def test_the_last_word_on_an_incident_is_kept(journal_url: str) -> None:
    await kept(
        journal_url, IncidentChange(incidents=(an_incident(),)), IncidentChange(incidents=(a_closed_incident(),))
    )

    assert read(journal_url) == [a_closed_incident()]


async def test_a_change_is_kept_with_its_notices_and_its_state(journal_url: str) -> None:
    change = IncidentChange(incidents=(an_incident(),), notices=(a_notice(),), state_key="acme", state={"bad": [1, 2]})
    await kept(journal_url, change)

    with closing(Reader(journal_url)) as reader:
        assert reader.incident(INCIDENT_ID) == an_incident()
        assert reader.waiting_notices() == (a_notice(),)
        assert reader.states("incidents") == {"acme": {"bad": [1, 2]}}


async def test_a_change_without_a_state_leaves_the_one_before(journal_url: str) -> None:
    await kept(journal_url, IncidentChange(state_key="acme", state=[1]), IncidentChange(state_key="acme"))

    with closing(Reader(journal_url)) as reader:
        assert reader.states("incidents") == {"acme": [1]}


async def test_a_change_that_can_not_be_kept_whole_is_not_kept_at_all(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with one part of it, and however its batch is then tried item by item."""
    monkeypatch.setattr(incident_pen, "notice_row", lambda *_: {"notice_id": None})
    aware = Aware()
    async with keeping(journal_url, aware) as journal:
        lost = journal.keep_incidents(
            IncidentChange(incidents=(an_incident(),), notices=(a_notice(),), state_key="acme", state=1)
        )
        well = journal.keep_incidents(IncidentChange(incidents=(an_incident(incident_id="inc_other"),)))
        await well
        with pytest.raises(LedgerUnavailableError, match="could not be kept"):
            await lost

    with closing(Reader(journal_url)) as reader:
        assert reader.incident(INCIDENT_ID) is None
        assert reader.states("incidents") == {}
    assert len(aware.faults) == 1


async def test_a_change_comes_behind_the_run_that_was_told_before(journal_url: str) -> None:
    order: list[str] = []

    class Order(Aware):
        def run_kept(self, run: object) -> None:
            order.append("run")

    async with keeping(journal_url, Order()) as journal:
        journal.run_finished(a_run(Outcome.FAILED))
        journal.keep_incidents(IncidentChange(incidents=(an_incident(),))).add_done_callback(
            lambda _: order.append("incident")
        )

    assert order == ["run", "incident"]


async def test_a_change_that_nobody_waits_for_any_more_is_kept_when_the_journal_is_well_again(sqlite_url: str) -> None:
    hang = Hang()
    async with keeping(sqlite_url) as journal:
        await until(lambda: rows(sqlite_url, "SELECT 1 FROM instances"))
        with on_each("before_cursor_execute", hang):
            hang.begin()
            try:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(journal.keep_incidents(IncidentChange(incidents=(an_incident(),))), 0.1)
            finally:
                hang.end()
            await until(lambda: read(sqlite_url))

    assert read(sqlite_url) == [an_incident()]


async def test_a_change_that_never_could_be_kept_says_so_at_the_end(sqlite_url: str) -> None:
    file_of(sqlite_url).mkdir()
    async with keeping(sqlite_url) as journal:
        waiting = journal.keep_incidents(IncidentChange(incidents=(an_incident(),)))
        await journal.aclose(0.1)
        late = journal.keep_incidents(IncidentChange(incidents=(an_incident(),)))

        for future in (waiting, late):
            with pytest.raises(LedgerUnavailableError, match="it is closed"):
                await future


async def test_runs_give_way_to_incidents_where_there_is_no_more_room(sqlite_url: str) -> None:
    file_of(sqlite_url).mkdir()
    async with keeping(sqlite_url, limits=Limits(items=20)) as journal:
        journal.keep_incidents(IncidentChange(incidents=(an_incident(),)))
        for number in range(60):
            journal.run_finished(a_run(run_id=f"run-{number}"))
        file_of(sqlite_url).rmdir()
        await until(lambda: file_of(sqlite_url).is_file() and rows(sqlite_url, "SELECT 1 FROM sqlite_schema"))

    assert read(sqlite_url) == [an_incident()]


async def test_a_state_that_is_no_json_is_refused_at_once(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        with pytest.raises(TypeError):
            journal.keep_incidents(IncidentChange(state_key="acme", state={1, 2}))


async def test_a_notice_that_was_tried_says_when_it_is_due_again(journal_url: str) -> None:
    tried = a_notice(attempts=2, due_at=NOON + MINUTE)
    async with keeping(journal_url) as journal:
        await journal.keep_incidents(IncidentChange(notices=(a_notice(), a_notice(notice_id="ntc_2"))))
        await journal.settle_notice(tried)

    with closing(Reader(journal_url)) as reader:
        assert reader.waiting_notices() == (a_notice(notice_id="ntc_2"), tried)


@pytest.mark.parametrize("state", [NoticeState.DELIVERED, NoticeState.SUPERSEDED, NoticeState.GIVEN_UP])
async def test_a_notice_that_is_settled_never_waits_again(journal_url: str, state: NoticeState) -> None:
    async with keeping(journal_url) as journal:
        await journal.keep_incidents(IncidentChange(notices=(a_notice(),)))
        await journal.settle_notice(a_settled_notice(state=state))
        await journal.keep_incidents(IncidentChange(notices=(a_notice(),)))
        await journal.settle_notice(a_notice(attempts=9))

    with closing(Reader(journal_url)) as reader:
        assert reader.waiting_notices() == ()
    assert [row["state"] for row in rows(journal_url, "SELECT state FROM notices")] == [state]


async def test_a_notice_that_was_tried_is_not_begun_anew_by_the_change_that_made_it(journal_url: str) -> None:
    tried = a_notice(attempts=2, due_at=NOON + MINUTE)
    async with keeping(journal_url) as journal:
        await journal.keep_incidents(IncidentChange(notices=(a_notice(),)))
        await journal.settle_notice(tried)
        await journal.keep_incidents(IncidentChange(notices=(a_notice(),)))

    with closing(Reader(journal_url)) as reader:
        assert reader.waiting_notices() == (tried,)


async def test_a_notice_of_a_journal_that_was_lost_is_settled_all_the_same(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.settle_notice(a_settled_notice())
        await journal.keep_incidents(IncidentChange(notices=(a_notice(),)))

    with closing(Reader(journal_url)) as reader:
        assert reader.waiting_notices() == ()


async def test_an_alert_is_kept_as_it_was_told_last(journal_url: str) -> None:
    resolved = an_alert(status="resolved", ends_at=NOON + MINUTE)
    async with keeping(journal_url) as journal:
        await journal.keep_alerts((an_alert(), an_alert(incident_id="inc_other", fingerprint="c4")))
        await journal.keep_alerts((resolved, an_alert(starts_at=NOON - MINUTE)))

    with closing(Reader(journal_url)) as reader:
        assert reader.alerts_of(INCIDENT_ID) == (an_alert(starts_at=NOON - MINUTE), resolved)


async def test_what_others_say_is_scrubbed_and_bounded(journal_url: str) -> None:
    def scrub(text: str) -> str:
        return text.replace("s3cret", "[redacted]")

    async with keeping(journal_url, scrub=scrub) as journal:
        change = IncidentChange(
            incidents=(an_incident(hits=(a_hit(scenario="s3cret\0"),), location="x" * 9999),),
            notices=(a_notice(document='{"key": "s3cret"}'),),
            state_key="acme",
            state="s3cret",
        )
        await journal.keep_incidents(change)
        await journal.keep_alerts((an_alert(name="s3cret\ud800", scenario="y" * 9999),))

    stored = [
        str(rows(journal_url, f"SELECT * FROM {table}"))  # noqa: S608 - our own names
        for table in ("incidents", "notices", "states", "alerts")
    ]
    assert [text for text in stored if "s3cret" in text or "[redacted]" not in text] == []
    assert max(map(len, stored)) < 3000


async def test_what_a_notice_says_is_bounded(sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        await journal.keep_incidents(IncidentChange(notices=(a_notice(document="x" * 1024**2),)))

    with closing(Reader(sqlite_url)) as reader:
        (notice,) = reader.waiting_notices()
    assert len(notice.document) == NOTICE_CHARACTERS


def several() -> tuple[Incident, ...]:
    """Three incidents, the first of which is the oldest and open."""
    return (
        an_incident(incident_id="inc_old", detected_at=NOON - 9 * MINUTE),
        a_closed_incident(incident_id="inc_middle", cause=a_cause(target="globex"), detected_at=NOON),
        a_closed_incident(
            incident_id="inc_newest",
            hits=(a_hit(scenario="golden_path"),),
            detected_at=NOON + MINUTE,
            closed_at=NOON + 9 * MINUTE,
        ),
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(IncidentFilter(), ["inc_newest", "inc_middle", "inc_old"], id="all"),
        pytest.param(IncidentFilter(limit=2), ["inc_newest", "inc_middle"], id="limit"),
        pytest.param(IncidentFilter(open_only=True), ["inc_old"], id="open"),
        pytest.param(IncidentFilter(before=(NOON + MINUTE, "inc_newest")), ["inc_middle", "inc_old"], id="before"),
        pytest.param(IncidentFilter(target="globex"), ["inc_middle"], id="target"),
        pytest.param(IncidentFilter(scenario="golden_path"), ["inc_newest"], id="scenario"),
        pytest.param(IncidentFilter(since=NOON + 5 * MINUTE), ["inc_newest", "inc_old"], id="since"),
        pytest.param(IncidentFilter(since=NOON + 4 * MINUTE), ["inc_newest", "inc_middle", "inc_old"], id="just-since"),
    ],
)
async def test_incidents_are_read_newest_first(journal_url: str, wanted: IncidentFilter, found: list[str]) -> None:
    await kept(journal_url, IncidentChange(incidents=several()))

    assert [incident.incident_id for incident in read(journal_url, wanted)] == found


async def test_an_incident_that_ended_unseen_is_not_open(journal_url: str) -> None:
    await kept(journal_url, IncidentChange(incidents=(an_incident(ended=Ended.UNPLANNED),)))

    assert read(journal_url, IncidentFilter(open_only=True)) == []


async def test_more_incidents_than_a_page_holds_are_read_each_once(journal_url: str) -> None:
    many = tuple(an_incident(incident_id=f"inc_{number:04d}") for number in range(450))
    await kept(journal_url, IncidentChange(incidents=many))

    assert [each.incident_id for each in read(journal_url)] == sorted((each.incident_id for each in many), reverse=True)


async def test_an_incident_is_found_by_the_beginning_of_its_id(journal_url: str) -> None:
    await kept(journal_url, IncidentChange(incidents=several()))

    with closing(Reader(journal_url)) as reader:
        found = reader.incident(" inc_m ")
        assert found is not None
        assert found.incident_id == "inc_middle"
        assert reader.incident("inc_x") is None
        assert reader.incident("inc_\0") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("inc_", "several incidents begin so, among them inc_middle and inc_newest", id="several"),
        pytest.param("inc", "at least 4 characters", id="short"),
    ],
)
async def test_a_beginning_that_could_mean_several_is_refused(journal_url: str, text: str, complaint: str) -> None:
    await kept(journal_url, IncidentChange(incidents=several()))

    with closing(Reader(journal_url)) as reader, pytest.raises(UsageError, match=complaint):
        reader.incident(text)


async def test_an_id_that_is_also_the_beginning_of_another_is_that_id(journal_url: str) -> None:
    longer = replace(an_incident(), incident_id=f"{INCIDENT_ID}2")
    await kept(journal_url, IncidentChange(incidents=(an_incident(), longer)))

    with closing(Reader(journal_url)) as reader:
        assert reader.incident(INCIDENT_ID) == an_incident()


QUESTIONS = {
    "open": lambda reader: list(reader.incidents(IncidentFilter(open_only=True))),
    "newest": lambda reader: list(reader.incidents(IncidentFilter(limit=1))),
    "target": lambda reader: list(reader.incidents(IncidentFilter(target="acme"))),
    "prefix": lambda reader: reader.incident("inc_o"),
    "waiting": lambda reader: reader.waiting_notices(),
    "alerts": lambda reader: reader.alerts_of(INCIDENT_ID),
}


@pytest.fixture
def reader_of_some(sqlite_url: str) -> Iterator[Reader]:
    asyncio.run(kept(sqlite_url, IncidentChange(incidents=several(), notices=(a_notice(),))))
    with closing(Reader(sqlite_url)) as reader:
        yield reader


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_look_up_goes_by_an_index(reader_of_some: Reader, question: str) -> None:
    with plans_of(reader_of_some._engine) as plans:
        QUESTIONS[question](reader_of_some)

    assert plans
    assert [line for plan in plans for line in scans(plan) if "USING INDEX" not in line] == []
