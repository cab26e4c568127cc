"""What is read from a journal is what was told to it, redacted; and what this version doesn't know breaks nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from support.facts import a_run, a_start, a_step, an_answer, an_exchange
from support.journals import new_journal, put, put_exchange, put_run
from support.keeping import keeping
from support.playing import play, target_for

from exporter.run_json import runs_as_json
from probes.journal.facts import word_of
from probes.journal.kept import KeptRun, RunFilter
from probes.journal.reading import Reader
from probes.journal.tables import bookings, findings, steps, transitions
from probes.journal.texts import ANSWER_CHARACTERS
from probes.model import Exchange, Finding, Run
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.words import BookingState, FailureKind, FindingKind, Operation, Outcome

SESSION = "sess_1_ours"


def read_run(url: str, run_id: str) -> KeptRun:
    reader = Reader(url)
    kept = reader.run(run_id)
    reader.close()
    assert kept is not None
    return kept


async def kept_exchange(url: str, exchange: Exchange) -> Exchange:
    """Through the journal and back."""
    async with keeping(url) as journal:
        await journal.begin_run(a_start())
        journal.run_finished(a_run(steps=(a_step(exchanges=(exchange,)),)))
    return read_run(url, a_run().run_id).exchanges[0].exchange


@pytest.mark.parametrize(
    "scenario", ["golden_path", "quick_search", "error_catalog", "idempotent_replay", "decline_payment"]
)
async def test_a_run_reads_as_it_was_told(journal_url: str, scenario: str) -> None:
    async with SandboxServer() as sandbox:
        scrub = Scrubber([target_for(sandbox).api_key]).text
        async with keeping(journal_url, scrub=scrub) as journal:
            told = await play(scenario, target_for(sandbox), ledger=journal, listener=journal)
    kept = read_run(journal_url, told.run_id)

    assert runs_as_json([kept.run], scrub) == runs_as_json([told], scrub)
    assert (kept.run.reason, kept.run.location, kept.run.bookings) == (told.reason, told.location, told.bookings)
    assert [step.gap for step in kept.run.steps] == [step.gap for step in told.steps]
    assert len(kept.exchanges) == sum(len(step.exchanges) for step in (*told.steps, *told.cleanup))
    assert not kept.under_way


@pytest.mark.parametrize(
    "fault",
    ["server_error", "server_error_html", "truncated", "reset", "not_json", "markup", "other_session"],
)
async def test_a_run_with_a_fault_reads_as_it_was_told(journal_url: str, fault: str) -> None:
    async with keeping(journal_url) as journal, SandboxServer(faults=[fault]) as sandbox:
        told = await play("quick_search", target_for(sandbox), ledger=journal, listener=journal)
    kept = read_run(journal_url, told.run_id)

    assert told.outcome is not Outcome.UNKNOWN
    assert runs_as_json([kept.run], str) == runs_as_json([told], str)


async def test_exchanges_are_equal_to_the_last_field(journal_url: str) -> None:
    async with keeping(journal_url) as journal, SandboxServer() as sandbox:
        told = await play("quick_search", target_for(sandbox), ledger=journal, listener=journal)
    kept = read_run(journal_url, told.run_id)

    for before, after in zip(_exchanges(told), _exchanges(kept.run), strict=True):
        assert after == before


def _exchanges(run: Run) -> list[Exchange]:
    return [exchange for step in (*run.steps, *run.cleanup) for exchange in step.exchanges]


async def test_a_body_that_was_cut_says_so_and_keeps_what_it_had_said(sqlite_url: str) -> None:
    content = json.dumps({"data": {"sessionId": SESSION, "long": "x" * ANSWER_CHARACTERS}}).encode()
    told = an_answer(content=content, session_id=SESSION, chat_status="shortlist")
    answer = (await kept_exchange(sqlite_url, an_exchange(answer=told))).answer

    assert answer is not None
    assert answer.body is None
    assert answer.json_problem == "the journal kept only a part of the body"
    assert (answer.session_id, answer.chat_status) == (SESSION, "shortlist")
    assert content.startswith(answer.content.rstrip("…".encode()))


async def test_the_session_of_a_request_is_not_put_into_an_answer_that_named_none(sqlite_url: str) -> None:
    body = json.dumps({"sessionId": SESSION}).encode()
    told = an_exchange(request_body=body, asked_session_id=SESSION, answer=an_answer(500, session_id=None))
    kept = await kept_exchange(sqlite_url, told)

    assert kept.answer is not None
    assert (kept.answer.session_id, kept.asked_session_id) == (None, SESSION)


async def test_a_body_that_a_mask_made_no_json_says_so(sqlite_url: str) -> None:
    content = b'{"data": {"card": 4242424242424242}}'
    async with keeping(sqlite_url, scrub=Scrubber().text) as journal:
        await journal.begin_run(a_start())
        told = an_exchange(answer=an_answer(content=content, envelope="success"))
        journal.run_finished(a_run(steps=(a_step(exchanges=(told,)),)))
    answer = read_run(sqlite_url, a_run().run_id).exchanges[0].exchange.answer

    assert answer is not None
    assert answer.content == b'{"data": {"card": ***}}'
    assert answer.json_problem == "something was masked in the body"


async def test_whole_runs_are_the_same_runs(journal_url: str) -> None:
    async with keeping(journal_url) as journal, SandboxServer() as sandbox:
        told = [await play("quick_search", target_for(sandbox), ledger=journal, listener=journal) for _ in range(3)]
    reader = Reader(journal_url)
    kept = [each.run for each in reader.whole_runs(RunFilter())]
    reader.close()

    assert runs_as_json(kept[::-1], str) == runs_as_json(told, str)


@pytest.fixture
def foreign(sqlite_url: str) -> Iterator[Engine]:
    """A journal that holds words which no version of ours has yet."""
    engine = new_journal(sqlite_url)
    with engine.begin() as connection:
        put_run(connection, "foreign", outcome="puzzled", failure_kind="gremlins")
        put_exchange(connection, "foreign", operation="teleport", envelope="papyrus", phases="not json")
        put_exchange(connection, "foreign", 2, answer_headers="[]", status_code=None, failure_kind="gremlins")
        put(connection, steps, run_id="foreign", position=0, outcome="puzzled", failure_kind="gremlins", first_seq=1)
        put(connection, transitions, run_id="foreign", step_position=7, from_status="a", to_status="b")
        put(connection, findings, run_id="foreign", step_position=None, kind="moss", operation="teleport")
        put(connection, bookings, run_id="foreign", state="haunted")
    yield engine
    engine.dispose()


def test_words_of_another_version_are_shown_as_they_are(foreign: Engine, sqlite_url: str) -> None:
    kept = read_run(sqlite_url, "foreign")
    [step] = kept.run.steps

    assert (kept.run.outcome, step.outcome) == ("puzzled", "puzzled")
    assert step.failure is not None
    assert str(step.failure.kind) == step.failure.kind.value == "gremlins"
    assert [finding.kind for finding in step.findings] == ["moss"]
    assert kept.bookings[0].state == "haunted"
    assert '"operation": "teleport"' in json.dumps(runs_as_json([kept.run], str))


def test_a_word_of_another_version_is_none_of_ours() -> None:
    stranger = word_of(FailureKind, "gremlins")

    assert isinstance(stranger, FailureKind)
    assert stranger not in set(FailureKind)
    assert "gremlins" not in FailureKind.__members__.values()
    assert word_of(Operation, "send_event") is Operation.SEND_EVENT
    assert word_of(BookingState, "made") is BookingState.MADE


async def test_a_finding_is_read_at_the_first_step_that_made_it(journal_url: str) -> None:
    found = Finding(kind=FindingKind.MISSING_FIELD, detail="data", operation=Operation.SEND_EVENT)
    told = a_run(steps=(a_step(), a_step(name="again", findings=(found,)), a_step(name="third", findings=(found,))))
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        journal.run_finished(told)
    kept = read_run(journal_url, told.run_id)

    assert kept.run.findings == told.findings == (found,)
    assert [len(step.findings) for step in kept.run.steps] == [0, 1, 0]
