"""An id that was seen anywhere leads to the run, step and exchange that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from support.journals import NOON, new_journal, put, put_exchange, put_run
from support.plans import plans_of, scans

from probes.errors import UsageError
from probes.journal import finding
from probes.journal.kept import Found
from probes.journal.reading import Reader
from probes.journal.tables import intents
from probes.words import IdKind

RUN_ID = "runabcdefghijklmnopqrstuvw"
IDS = {
    IdKind.REQUEST_ID: ("header_request_id", "8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b"),
    IdKind.TRACE_ID: ("trace_id", "acme:partner_api:partner-chat:sess_1_g7p:evt_9"),
    IdKind.SESSION_ID: ("session_id", "sess_1_g7p"),
    IdKind.EVENT_ID: ("event_id", "evt_9"),
    IdKind.IDEMPOTENCY_KEY: ("idempotency_key", "brekwatch:sess_1_g7p:search:001"),
}


@pytest.fixture
def journal(journal_url: str) -> Iterator[Engine]:
    engine = new_journal(journal_url)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(journal: Engine, journal_url: str) -> Iterator[Reader]:
    with journal.begin() as connection:
        put_run(connection, RUN_ID)
        put_exchange(connection, RUN_ID, 3, chat_status="shortlist", attempt=2, **dict(IDS.values()))
    reader = Reader(journal_url)
    yield reader
    reader.close()


@pytest.mark.parametrize("kind", IDS)
def test_an_id_leads_to_its_exchange_with_the_ids_beside_it(reader: Reader, kind: IdKind) -> None:
    value = IDS[kind][1]
    [seen] = reader.find(value).sightings

    assert (seen.kind, seen.value, seen.run.run_id) == (kind, value, RUN_ID)
    assert (seen.step, seen.seq, seen.operation, seen.attempt) == ("search", 3, "send_event", 2)
    assert (seen.status_code, seen.chat_status, seen.at) == (200, "shortlist", NOON)
    assert set(seen.beside) == {(each, other) for each, (_, other) in IDS.items() if each is not kind}


@pytest.mark.parametrize("kind", IDS)
def test_the_beginning_of_an_id_will_do(reader: Reader, kind: IdKind) -> None:
    whole = IDS[kind][1]
    [seen] = reader.find(f" {whole[:-1]} ").sightings

    assert (seen.kind, seen.value) == (kind, whole)


@pytest.mark.parametrize("asked", [RUN_ID, RUN_ID[:6]])
def test_a_run_id_leads_to_its_run(reader: Reader, asked: str) -> None:
    [seen] = reader.find(asked).sightings

    assert (seen.kind, seen.value, seen.run.run_id) == (IdKind.RUN_ID, RUN_ID, RUN_ID)
    assert (seen.step, seen.seq, seen.at) == (None, None, None)


def test_a_key_that_was_promised_and_never_sent_is_found(reader: Reader, journal: Engine) -> None:
    key = "brekwatch:sess_1_g7p:confirm:004"
    with journal.begin() as connection:
        put(connection, intents, run_id=RUN_ID, idempotency_key=key, session_id="sess_1_g7p", intended_at=NOON)

    for asked in (key, key[:-2]):
        [seen] = reader.find(asked).sightings
        assert (seen.kind, seen.value, seen.step) == (IdKind.IDEMPOTENCY_KEY, key, None)
        assert seen.beside == ((IdKind.SESSION_ID, "sess_1_g7p"),)


def test_a_key_that_was_sent_is_told_once(reader: Reader, journal: Engine) -> None:
    key = IDS[IdKind.IDEMPOTENCY_KEY][1]
    with journal.begin() as connection:
        put(connection, intents, run_id=RUN_ID, idempotency_key=key, session_id="sess_1_g7p", intended_at=NOON)

    [seen] = reader.find(key).sightings

    assert seen.seq == 3


def test_the_whole_id_is_meant_before_one_that_begins_so(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "longer")
        put_exchange(connection, "longer", event_id="evt_9_and_more")

    [seen] = reader.find("evt_9").sightings

    assert seen.value == "evt_9"


def test_a_beginning_of_several_ids_tells_them(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "other")
        put_exchange(connection, "other", session_id="sess_1_h")

    found = reader.find("sess_1")

    assert found == Found(candidates=((IdKind.SESSION_ID, "sess_1_g7p"), (IdKind.SESSION_ID, "sess_1_h")))


def test_of_many_ids_that_begin_so_ten_are_told_and_that_there_are_more(reader: Reader, journal: Engine) -> None:
    with journal.begin() as connection:
        put_run(connection, "many")
        for number in range(11):
            put_exchange(connection, "many", number, event_id=f"evt_many_{number:02}")

    found = reader.find("evt_many")

    assert [value for _, value in found.candidates] == [f"evt_many_{number:02}" for number in range(10)]
    assert found.more


@pytest.mark.parametrize("often", [1000, 5, 20])
def test_an_id_that_came_back_in_many_runs_tells_the_newest_twenty(
    reader: Reader, journal: Engine, monkeypatch: pytest.MonkeyPatch, often: int
) -> None:
    monkeypatch.setattr(finding, "_OFTEN", often)
    with journal.begin() as connection:
        for number in range(21):
            put_run(connection, f"again{number:02}", started_at=NOON + timedelta(minutes=number))
            at = NOON + timedelta(minutes=number)
            put_exchange(connection, f"again{number:02}", header_request_id="the-same", started_at=at)

    found = reader.find("the-same")

    assert [seen.run.run_id for seen in found.sightings] == [f"again{number:02}" for number in range(20, 0, -1)]
    assert found.more


@pytest.mark.parametrize("asked", ["", "  ", "evt", "run"])
def test_a_beginning_that_could_mean_anything_is_refused(reader: Reader, asked: str) -> None:
    with pytest.raises(UsageError, match="at least 4 characters"):
        reader.find(asked)


@pytest.mark.parametrize("asked", ["no-such-id", "evt\0nul", "half \ud83d", "____", "sess%", "%%%%", "evt_9\U0010ffff"])
def test_what_was_never_seen_is_not_found(reader: Reader, asked: str) -> None:
    assert reader.find(asked) == Found()


@pytest.mark.parametrize("value", ["100%_sure", "a_b%c\\d", "é-umlaut-ü", "\U0001f600-smile", "quo'te\""])
def test_signs_of_any_kind_are_characters_of_an_id(reader: Reader, journal: Engine, value: str) -> None:
    with journal.begin() as connection:
        put_run(connection, "strange")
        put_exchange(connection, "strange", event_id=value)

    assert [seen.value for seen in reader.find(value[:5]).sightings] == [value]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(asked=st.text())
def test_no_text_breaks_it(reader: Reader, asked: str) -> None:
    try:
        found = reader.find(asked)
    except UsageError as refused:
        assert "at least 4 characters" in str(refused)  # noqa: PT017 - one of two good ends
    else:
        assert len(found.sightings) <= 20


@pytest.mark.parametrize("asked", ["evt_9", "sess_1", "no-such-id", "the-same"])
@pytest.mark.parametrize("often", [1000, 3])
def test_every_look_up_goes_by_an_index(
    reader: Reader, journal: Engine, monkeypatch: pytest.MonkeyPatch, asked: str, often: int
) -> None:
    monkeypatch.setattr(finding, "_OFTEN", often)
    with journal.begin() as connection:
        for number in range(5):
            put_run(connection, f"again{number}")
            put_exchange(connection, f"again{number}", header_request_id="the-same")
    with plans_of(reader._engine) as plans:
        reader.find(asked)

    assert plans
    newest_runs = "SCAN runs USING INDEX runs_started"  # some hundred of them
    assert [line for plan in plans for line in scans(plan) if line != newest_runs] == []
