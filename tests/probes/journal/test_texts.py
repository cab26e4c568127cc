"""Texts are scrubbed before they are cut, and any text fits any database."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.facts import RUN_ID, a_failed_step, a_failure, a_run, a_start, an_answer, an_exchange
from support.keeping import keeping, rows

from probes.journal.texts import ANSWER_CHARACTERS, TEXT_CHARACTERS, kept_bytes, kept_text
from probes.model import Booking, Finding, Intent, Transition
from probes.redaction import Scrubber, Secret
from probes.words import BookingState, FindingKind, Outcome

SECRET = "sk_live_51Hk2QpVerySecretKey"
scrub = Scrubber([Secret(SECRET)]).text


@pytest.mark.parametrize("limit", [64, TEXT_CHARACTERS, ANSWER_CHARACTERS])
def test_a_secret_at_any_place_around_a_cut_is_gone(limit: int) -> None:
    for offset in range(-2 * len(SECRET), 2 * len(SECRET)):
        kept = kept_text("x" * (limit + offset) + SECRET + "y" * 10_000, limit, scrub)

        assert SECRET[:6] not in kept
        assert SECRET[-6:] not in kept
        assert len(kept) <= limit


def test_secrets_that_shrink_the_text_bring_no_part_of_one_in() -> None:
    for offset in range(len(SECRET)):
        kept = kept_text("x" * offset + (SECRET + " ") * 10_000, TEXT_CHARACTERS, scrub)

        assert SECRET[:6] not in kept


def test_what_fits_is_kept_whole_and_what_does_not_ends_in_an_ellipsis() -> None:
    assert kept_text("a" * 64, 64, scrub) == "a" * 64
    assert kept_text("a" * 65, 64, scrub) == "a" * 63 + "…"
    assert kept_bytes(b"\xff\xfe\x00text", 64, scrub) == "\ufffd\ufffd\ufffdtext"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200), st.integers(min_value=2, max_value=100))
def test_any_text_becomes_one_that_both_databases_take(text: str, limit: int) -> None:
    kept = kept_text(text, limit, scrub)

    assert len(kept) <= limit
    assert "\x00" not in kept
    kept.encode()


async def test_headers_that_hold_cookies_are_masked_and_too_many_are_left_out_whole(sqlite_url: str) -> None:
    headers = {"Set-Cookie": "session=abc", "x-key": SECRET, **{f"x-{number}": "v" * 900 for number in range(20)}}
    async with keeping(sqlite_url, scrub=scrub) as journal:
        journal.exchange_finished(a_start(), "search", an_exchange(answer=an_answer(headers=headers)))

    kept = json.loads(rows(sqlite_url, "SELECT answer_headers FROM exchanges")[0]["answer_headers"])
    assert (kept["Set-Cookie"], kept["x-key"]) == ("***", "***")
    assert 5 < len(kept) < 12
    assert set(kept.values()) == {"***", "v" * 900}


async def test_no_secret_of_any_fact_is_in_the_database(journal_url: str) -> None:
    named = dict.fromkeys(("code", "error", "chat_status", "session_id", "actor_id", "event_id", "trace_id"), SECRET)
    own = dict.fromkeys(("header_request_id", "body_request_id", "partner_id"), SECRET)
    answered = an_exchange(
        answer=an_answer(content=SECRET.encode(), headers={SECRET: SECRET}, **named, **own),
        path=f"/sessions/{SECRET}",
        request_body=SECRET.encode(),
        idempotency_key=SECRET,
    )
    failure = a_failure(expected=SECRET, observed=SECRET)
    step = a_failed_step(
        failure=failure,
        exchanges=(answered, an_exchange(failure=failure)),
        transitions=(Transition(from_status=SECRET, to_status=SECRET, documented=False),),
        findings=(Finding(kind=FindingKind.CORRELATION_MISMATCH, detail=SECRET),),
    )
    booking = Booking(
        run_id=RUN_ID, target="acme", session_id=SECRET, state=BookingState.MADE, booking_id=f"booking {SECRET}"
    )
    intent = Intent(
        run_id=RUN_ID, target="acme", session_id=SECRET, idempotency_key=SECRET, body=f"a turn {SECRET}".encode()
    )
    async with keeping(journal_url, scrub=scrub) as journal:
        await journal.begin_run(a_start())
        await journal.intend(intent)
        await journal.book(booking)
        journal.run_finished(a_run(Outcome.FAILED, detail=SECRET, steps=(step,), bookings=(booking,)))
        journal.contract_compared("acme", (Finding(kind=FindingKind.CONTRACT_DRIFT, detail=SECRET),))
        await journal.keep_state("alert", "a", {"text": SECRET})

    tables = ("runs", "steps", "exchanges", "ids", "transitions", "findings", "intents", "bookings", "states")
    kept = {table: str(rows(journal_url, f"SELECT * FROM {table}")) for table in tables}  # noqa: S608
    assert {table for table, text in kept.items() if SECRET in text} == set()
    assert {table for table, text in kept.items() if "***" not in text} == set()


async def test_numbers_beyond_what_a_database_counts_are_kept_as_far_as_it_can(journal_url: str) -> None:
    answer = an_answer(ratelimit_limit=10**30, ratelimit_remaining=-(10**30), retry_after_seconds=float("inf"))
    async with keeping(journal_url) as journal:
        journal.exchange_finished(a_start(), "search", an_exchange(answer=answer))

    (kept,) = rows(journal_url, "SELECT ratelimit_limit, ratelimit_remaining, retry_after_seconds FROM exchanges")
    assert tuple(kept.values()) == (2**63 - 1, -(2**63 - 1), None)
