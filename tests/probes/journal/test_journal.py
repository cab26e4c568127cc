"""What is told to the journal is in the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from support.facts import NOON, RUN_ID, a_failed_step, a_probe, a_run, a_start, a_step, an_answer, an_exchange
from support.keeping import Aware, keeping, rows
from support.playing import play, target_for

from probes.errors import RefusedError
from probes.journal.kept import OpenIntent
from probes.model import Booking, Finding, Intent, Transition
from probes.sandbox.server import SandboxServer
from probes.words import BookingState, FindingKind, Leaves, Outcome, SlotState


def an_intent(key: str = "acme:sess:search:001") -> Intent:
    return Intent(run_id=RUN_ID, target="acme", session_id="sess_1", idempotency_key=key, body=b'{"text": "hello"}')


async def test_a_golden_path_is_kept_whole(journal_url: str) -> None:
    aware = Aware()
    async with keeping(journal_url, aware) as journal, SandboxServer() as sandbox:
        run = await play("golden_path", target_for(sandbox), ledger=journal, listener=journal)

    assert [kept.run_id for kept in aware.kept] == [run.run_id]
    assert aware.faults == []
    (kept,) = rows(journal_url, "SELECT * FROM runs")
    assert (kept["run_id"], kept["outcome"], kept["leaves"]) == (run.run_id, "passed", "booking")
    steps = rows(journal_url, "SELECT * FROM steps ORDER BY position")
    assert [(step["name"], step["first_seq"], step["exchanges"], bool(step["cleanup"])) for step in steps] == [
        *((step.name, number, 1, False) for number, step in enumerate(run.steps)),
        (run.cleanup[0].name, len(run.steps), 1, True),
    ]
    assert len(rows(journal_url, "SELECT * FROM exchanges")) == 8
    assert len(rows(journal_url, "SELECT * FROM transitions")) == len(run.transitions) + 1  # and that of its cleanup


async def test_a_promise_is_in_the_database_when_it_returns(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        begun = rows(journal_url, "SELECT run_id, outcome FROM runs")
        await journal.intend(an_intent())
        intended = rows(journal_url, "SELECT idempotency_key, settled_at FROM intents")
        await journal.book(
            Booking(run_id=RUN_ID, target="acme", session_id="s", state=BookingState.MADE, booking_id="b")
        )
        booked = rows(journal_url, "SELECT state, booking_id FROM bookings")

    assert begun == [{"run_id": RUN_ID, "outcome": None}]
    assert intended == [{"idempotency_key": "acme:sess:search:001", "settled_at": None}]
    assert booked == [{"state": "made", "booking_id": "b"}]


async def test_the_verdict_settles_the_intents_of_its_run(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        await journal.intend(an_intent())
        journal.run_finished(a_run())

    (intent,) = rows(journal_url, "SELECT settlement, settled_at FROM intents")
    assert intent["settlement"] == "verdict"
    assert intent["settled_at"] is not None


async def test_a_snapshot_settles_one_intent_and_tells_of_its_booking(journal_url: str) -> None:
    booking = Booking(run_id=RUN_ID, target="acme", session_id="sess_1", state=BookingState.MADE, booking_id="b")
    async with keeping(journal_url) as journal:
        await journal.intend(an_intent("first"))
        await journal.intend(an_intent("second"))
        of_first = OpenIntent(
            run_id=RUN_ID,
            target="acme",
            scenario="golden_path",
            leaves=Leaves.BOOKING,
            session_id="sess_1",
            idempotency_key="first",
            intended_at=NOON,
        )
        await journal.settle(of_first, "booked", booking)
        with pytest.raises(RefusedError, match="settled this turn already"):
            await journal.settle(of_first, "booked", booking)

    found = rows(journal_url, "SELECT idempotency_key, settlement FROM intents ORDER BY intent_id")
    assert [tuple(row.values()) for row in found] == [("first", "booked"), ("second", None)]
    assert rows(journal_url, "SELECT booking_id FROM bookings") == [{"booking_id": "b"}]


async def test_a_run_that_never_began_is_a_row_too(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        journal.run_finished(a_run(Outcome.SKIPPED, reason="quota", steps=()))

    (kept,) = rows(journal_url, "SELECT outcome, reason, leaves FROM runs")
    assert kept == {"outcome": "skipped", "reason": "quota", "leaves": "nothing"}


async def test_the_first_verdict_of_a_run_wins(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        journal.run_finished(a_run(Outcome.FAILED))
        journal.run_finished(a_run(Outcome.PASSED, steps=()))

    assert rows(journal_url, "SELECT outcome FROM runs") == [{"outcome": "failed"}]


async def test_exchanges_are_kept_before_their_run_has_its_verdict(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        journal.exchange_finished(a_start(), "search", an_exchange())
        await journal.intend(an_intent())
        kept = rows(journal_url, "SELECT run_id, seq, step FROM exchanges")

    assert kept == [{"run_id": RUN_ID, "seq": 0, "step": "search"}]


async def test_each_step_names_the_first_of_its_exchanges(journal_url: str) -> None:
    first, retry, second = an_exchange(), an_exchange(attempt=2), an_exchange()
    run = a_run(
        steps=(a_step(name="one", exchanges=(first, retry)), a_step(name="gap", exchanges=())),
        cleanup=(a_step(name="two", exchanges=(second,)),),
    )
    async with keeping(journal_url) as journal:
        for step, exchange in (("one", first), ("one", retry), ("two", second)):
            journal.exchange_finished(a_start(), step, exchange)
        journal.run_finished(run)

    found = rows(journal_url, "SELECT name, first_seq, exchanges FROM steps ORDER BY position")
    assert [tuple(row.values()) for row in found] == [("one", 0, 2), ("gap", None, 0), ("two", 2, 1)]


async def test_an_id_is_indexed_where_its_run_saw_it_first(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        for _ in range(2):
            journal.exchange_finished(a_start(), "search", an_exchange(idempotency_key="acme:s:search:001"))

    found = rows(journal_url, "SELECT kind, seq FROM ids ORDER BY kind")
    assert {row["seq"] for row in found} == {0}
    assert [row["kind"] for row in found] == ["event_id", "idempotency_key", "request_id", "session_id", "trace_id"]


async def test_an_exchange_of_a_run_that_is_over_comes_after_its_others_with_all_its_ids(journal_url: str) -> None:
    exchange, later = an_exchange(), an_exchange(answer=an_answer(header_request_id="seen-later"))
    async with keeping(journal_url) as journal:
        await journal.begin_run(a_start())
        journal.exchange_finished(a_start(), "search", exchange)
        journal.run_finished(a_run(steps=(a_step(name="search", exchanges=(exchange,)),)))
        for _ in range(2):
            journal.exchange_finished(a_start(), "reconcile", later)

    found = rows(journal_url, "SELECT seq, step FROM exchanges ORDER BY seq")
    assert [(row["seq"], row["step"]) for row in found] == [(0, "search"), (1, "reconcile"), (2, "reconcile")]
    named = rows(journal_url, "SELECT seq FROM ids WHERE value = 'seen-later' ORDER BY seq")
    assert [row["seq"] for row in named] == [1, 2]


async def test_what_a_run_found_is_kept_once_and_with_its_step(journal_url: str) -> None:
    found = Finding(kind=FindingKind.MISSING_FIELD, detail="no gateway")
    change = Transition(from_status="none", to_status="booked", documented=False)
    steps = (a_step(), a_failed_step(name="late", findings=(found,), transitions=(change,)), a_step(findings=(found,)))
    async with keeping(journal_url) as journal:
        journal.run_finished(a_run(Outcome.FAILED, steps=steps))
        journal.contract_compared("acme", (found,))

    kept = rows(journal_url, "SELECT run_id, step_position, detail FROM findings ORDER BY finding_id")
    assert [(row["run_id"], row["step_position"]) for row in kept] == [(RUN_ID, 1), (None, None)]
    assert rows(journal_url, "SELECT step_position, to_status FROM transitions") == [
        {"step_position": 1, "to_status": "booked"}
    ]
    assert rows(journal_url, "SELECT failed_step, failure_kind FROM runs") == [
        {"failed_step": "late", "failure_kind": "server_error"}
    ]


async def test_every_slot_is_a_row(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        journal.slot_finished(a_probe(), SlotState.RUN, None, 0.001)
        journal.slot_finished(a_probe(), SlotState.SKIPPED, "overlap", 0.0)

    found = rows(journal_url, "SELECT state, reason FROM slots ORDER BY slot_id")
    assert [tuple(row.values()) for row in found] == [("run", None), ("skipped", "overlap")]


async def test_a_state_is_kept_changed_and_taken_away(journal_url: str) -> None:
    async with keeping(journal_url) as journal:
        await journal.keep_state("alert", "a", {"open": True})
        await journal.keep_state("alert", "a", {"open": False})
        await journal.keep_state("alert", "b", [1])
        await journal.keep_state("alert", "b", None)

    assert rows(journal_url, "SELECT key, value FROM states") == [{"key": "a", "value": '{"open": false}'}]


async def test_an_instance_says_when_it_ended(journal_url: str) -> None:
    async with keeping(journal_url):
        (open_one,) = rows(journal_url, "SELECT command, ended_at FROM instances")

    assert open_one == {"command": "test", "ended_at": None}
    assert rows(journal_url, "SELECT ended_at FROM instances")[0]["ended_at"] is not None
