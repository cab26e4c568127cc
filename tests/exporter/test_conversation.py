from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console
from support.facts import a_failure, a_run, a_step, an_answer, an_exchange
from support.kept import as_kept
from support.playing import play, target_for

from exporter.conversation import Conversation
from probes.answers import read
from probes.journal.kept import KeptRun, Unanswered
from probes.model import Booking, Exchange, Finding
from probes.sandbox.server import SandboxServer
from probes.words import BookingState, FailureKind, FindingKind, Operation, Outcome, Settlement

WIDE, NARROW = 140, 60


@pytest.fixture
async def booked() -> KeptRun:
    """A booking from beginning to end, with its cleanup."""
    async with SandboxServer() as sandbox:
        return as_kept(await play("golden_path", target_for(sandbox)))


def shown(kept: KeptRun, width: int = WIDE, *, bodies: bool = False) -> str:
    file = io.StringIO()
    Conversation(Console(file=file, width=width), bodies=bodies).show(kept)
    return file.getvalue()


def turn(said: bytes, answered: bytes, **changes: object) -> Exchange:
    """One turn, its answer read from those bytes."""
    answer = read(200, {"x-request-id": "a-request-id"}.items(), answered, now=an_exchange().started_at)
    return an_exchange(**({"request_body": said, "answer": answer} | changes))


def of_one(*exchanges: Exchange, **changes: object) -> KeptRun:
    return as_kept(a_run(steps=(a_step(exchanges=exchanges, **changes),)))


def dumps(value: object) -> bytes:
    return json.dumps(value).encode()


def line_with(text: str, told: str) -> str:
    return next(line for line in told.splitlines() if text in line)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_booking_reads_like_a_chat(booked: KeptRun, width: int) -> None:
    told = shown(booked, width)

    for said in ("guest: can you help me book option 1", "assistant: guest_name_required", "guest: yes, use this card"):
        assert said in told
    assert told.index("assistant: booked") < told.index("cleanup") < told.index("action_cancel_booking")
    assert told.rstrip().splitlines()[-1].startswith("booking ")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_id_is_there_and_in_one_piece(booked: KeptRun, width: int) -> None:
    told = shown(booked, width)

    answers = [each.exchange.answer for each in booked.exchanges]
    ids = {value for answer in answers if answer for value in (answer.request_id, answer.trace_id, answer.event_id)}
    keys = {each.exchange.idempotency_key for each in booked.exchanges}
    assert booked.run.run_id in told
    for value in (ids | keys) - {None}:
        assert f" {value}\n" in told or f" {value} " in told


def test_the_assistant_stands_to_the_right_of_the_guest_and_both_to_the_right_of_the_margin(booked: KeptRun) -> None:
    told = shown(booked)

    guest, assistant = line_with("guest: Done", told), line_with("assistant: booked", told)
    assert assistant.index("assistant:") > guest.index("guest:") > 40
    assert " ms  HTTP 200" in assistant


def test_on_a_narrow_terminal_nothing_but_an_id_is_wider_than_it(booked: KeptRun) -> None:
    long = [line for line in shown(booked, NARROW).splitlines() if len(line) > NARROW]

    assert all(line.split()[0] in {"trace", "key", "booking"} for line in long), long


def test_a_request_id_that_the_body_has_another_of_is_told_apart() -> None:
    told = shown(of_one(turn(b'{"text": "hello"}', b'{"requestId": "another-id"}')))

    assert "request a-request-id" in told
    assert "in body another-id" in told


def test_a_failure_and_a_finding_stand_where_they_happened() -> None:
    finding = Finding(kind=FindingKind.MISSING_HEADER, detail="x-partner-id")
    failed = a_step(name="search", outcome=Outcome.FAILED, failure=a_failure(), findings=(finding,))
    told = shown(as_kept(a_run(Outcome.FAILED, steps=(failed, a_step(name="later", outcome=Outcome.SKIPPED)))))

    assert told.index("search: failed") < told.index("server_error: expected 200") < told.index("later: skipped")
    assert told.index("server_error: expected 200") < told.index("missing_header: x-partner-id") < told.index("later")


def test_a_retry_is_told_as_the_same_once_more() -> None:
    said = b'{"text": "find me a hotel"}'
    told = shown(of_one(turn(said, b"{}"), turn(said, b"{}", attempt=2)))

    assert told.count("find me a hotel") == 1
    assert "[the same once more: attempt 2]" in told


def test_a_lost_answer_says_why() -> None:
    told = shown(
        of_one(an_exchange(answer=None, failure=a_failure(FailureKind.RESET, observed="the connection broke")))
    )

    assert "no answer" in told
    assert "[reset: the connection broke]" in told


@pytest.mark.parametrize(
    ("artifacts", "brief"),
    [
        ('{"shortlist": [1, 2, 3]}', "[shortlist: 3 items]"),
        ('{"shortlist": [1]}', "[shortlist: 1 item]"),
        ('{"payment": {"setupUrl": "https://pay.example/x"}}', "[payment: setupUrl]"),
        ('{"payment": {}}', "[payment: empty]"),
        ('{"total": 12.5}', "[total: 12.5]"),
        ('{"note": null}', "[note: nothing]"),
    ],
)
def test_artifacts_are_told_in_brief(artifacts: str, brief: str) -> None:
    body = f'{{"data": {{"result": {{"status": "shortlist", "artifacts": {artifacts}}}}}}}'

    assert brief in shown(of_one(turn(b'{"text": "hello"}', body.encode())))


def test_a_request_that_is_no_turn_is_nobody_s_words(booked: KeptRun) -> None:
    told = shown(booked)

    assert "[POST /api/partner/v1/core-chat/sessions]" in told
    assert "guest: [POST" not in told


def test_a_snapshot_tells_its_history() -> None:
    body = b'{"data": {"events": [{"resultStatus": "shortlist"}, {"resultStatus": "booked"}]}}'
    told = shown(of_one(turn(b"", body, operation=Operation.GET_SESSION, method="GET")))

    assert "[events: shortlist → booked]" in told


def test_an_answer_that_is_no_json_shows_how_it_begins() -> None:
    assert "[13 bytes: <h1>Sorry</h1" in shown(of_one(turn(b'{"text": "hello"}', b"<h1>Sorry</h1")))


def test_bodies_and_headers_are_shown_where_asked_for(booked: KeptRun) -> None:
    without, told = shown(booked), shown(booked, bodies=True)

    assert '"idempotencyKey"' not in without
    assert '"idempotencyKey": "acme:' in told
    assert "x-ratelimit-remaining: " in told


def test_a_run_under_way_is_not_called_unknown() -> None:
    run = a_run(Outcome.UNKNOWN, steps=(a_step(outcome=Outcome.UNKNOWN),))
    told = shown(as_kept(run, under_way=True))

    assert told.startswith("under way quick_search on acme: it has no verdict yet\n")


def test_exchanges_that_no_step_tells_of_are_shown_under_its_name() -> None:
    whole = of_one(turn(b'{"text": "hello"}', b"{}"))
    cut = replace(whole, run=replace(whole.run, outcome=Outcome.UNKNOWN, steps=()))
    told = shown(cut)

    assert "search: cut off\n" in told
    assert "guest: hello" in told


def test_what_became_of_a_booking_is_told_word_after_word() -> None:
    states = (BookingState.MADE, BookingState.CANCELLED)
    words = [Booking(run_id="r", target="acme", session_id="sess_1", booking_id="b1", state=state) for state in states]
    told = shown(as_kept(a_run(), bookings=tuple(words)))

    assert told.endswith("booking b1 made, session sess_1\nbooking b1 cancelled, session sess_1\n")


NASTY = "red \x1b[31m bell \x07 [bold]markup[/bold] \u202e bidi"
NASTY_ANSWER = {"data": {"result": {"status": NASTY, "message": {"text": NASTY}, "artifacts": {NASTY: NASTY}}}}


@pytest.mark.parametrize(
    "kept",
    [
        of_one(turn(dumps({"text": NASTY}), dumps(NASTY_ANSWER))),
        of_one(turn(dumps({"kind": NASTY, "payload": {NASTY: NASTY}}), NASTY.encode())),
        of_one(an_exchange(answer=an_answer(500, error=NASTY, code=NASTY))),
        of_one(an_exchange(answer=None, failure=a_failure(observed=NASTY)), failure=a_failure(observed=NASTY)),
        as_kept(a_run(Outcome.FAILED, detail=NASTY)),
        of_one(gap=NASTY),
        of_one(findings=(Finding(kind=FindingKind.MISSING_HEADER, detail=NASTY),)),
        as_kept(a_run(), bookings=(Booking(run_id="r", target="t", session_id=NASTY, state=BookingState.LEFT),)),
    ],
    ids=["turn", "act", "error", "lost", "detail", "gap", "finding", "booking"],
)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_what_a_server_says_is_data(kept: KeptRun, width: int) -> None:
    told = shown(kept, width, bodies=True)

    assert "[bold]markup[/bold]" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_a_long_message_is_cut_unless_its_body_is_asked_for() -> None:
    text = "hotel " * 2_000
    body = f'{{"data": {{"result": {{"status": "shortlist", "message": {{"text": "{text}"}}}}}}}}'
    kept = of_one(turn(b'{"text": "hello"}', body.encode()))

    assert shown(kept).count("hotel") < 400
    assert "…" in shown(kept)


@pytest.mark.parametrize(
    ("settlement", "under_way", "told"),
    [
        (None, True, "a turn without an answer: under way"),
        (None, False, "a turn without an answer: what it did is not known yet"),
        (Settlement.BOOKED, False, "a turn without an answer: its session has a booking"),
    ],
)
def test_a_turn_that_was_cut_off_is_the_last_word(settlement: Settlement | None, under_way: bool, told: str) -> None:
    lost = Unanswered(
        idempotency_key="acme:s:confirm:005",
        session_id="s",
        intended_at=an_exchange().started_at,
        body='{"text":"yes, use this card"}',
        settlement=settlement,
    )
    kept = replace(of_one(turn(b'{"text": "Done"}', b"{}")), unanswered=(lost,), under_way=under_way)

    brief, whole = shown(kept), shown(kept, bodies=True)

    assert told in brief
    assert "key acme:s:confirm:005" in brief
    assert brief.index("guest: Done") < brief.index(told)
    assert "yes, use this card" in whole
