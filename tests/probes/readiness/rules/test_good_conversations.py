"""What works as documented comes out clean, whatever else goes on at the same time."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from support.audit_tapes import CONFIRMS, Tape, loses

from probes.readiness.evidence import Evidence, Seen
from probes.readiness.rules import caller, sessions, turning, writing
from probes.readiness.rules.conversations import reading_of
from probes.readiness.words import AuditKind, RuleId, RuleState

RULES = (*caller.RULES, *sessions.RULES, *turning.RULES, *writing.RULES)


def booked_by_text(tape: Tape, actor: str) -> None:
    tape.books(actor)


def booked_as_the_guide_shows_it(tape: Tape, actor: str) -> None:
    tape.creates(actor)
    tape.searches()
    tape.says("can you help me book option 1", key="", told="guest_name_required")
    tape.says("guest name is John Doe", key="", told="payment_setup_required")
    tape.says("Done", key="", told="payment_setup_required")
    tape.says("Done", key="", told="payment_confirmation_required")
    tape.says("no", key="", told="error")


def booked_by_kinds(tape: Tape, actor: str) -> None:
    tape.creates(actor)
    tape.searches(actor=actor)
    tape.acts("action_book_option", told="guest_name_required")
    tape.says("Jane Doe", told="payment_confirmation_required")
    tape.acts(CONFIRMS, told="booked")
    tape.acts("action_cancel_booking", told="error")


def retried(tape: Tape, actor: str) -> None:
    tape.creates(actor, status_code=503)
    tape.creates(actor)
    search = tape.searches(told=None, status_code=429)
    tape.again(search, told="shortlist")
    tape.says("can you help me book option 1", told="guest_name_required")
    tape.says("ok, John Doe", told="payment_confirmation_required")
    confirmed = tape.acts(CONFIRMS, status_code=500, told=None)
    tape.again(confirmed, told="booked")


def looked_after(tape: Tape, actor: str) -> None:
    tape.comes_to_payment(actor)
    confirmed = tape.says("yes, use this card", **loses())
    tape.reads("shortlist", "payment_confirmation_required")
    tape.again(confirmed, told="booked")


def lost_session(tape: Tape, actor: str) -> None:
    tape.creates(actor)
    tape.searches()
    tape.says("can you help me book option 1", told=None, status_code=404)
    tape.books(actor)


CONVERSATIONS = (
    booked_by_text,
    booked_as_the_guide_shows_it,
    booked_by_kinds,
    retried,
    looked_after,
    lost_session,
)


def shifted(talk: Callable[[Tape, str], None], actor: str, start: float, pace: float) -> list[Seen]:
    return [
        replace(
            seen,
            began_seconds=start + seen.began_seconds * pace,
            received_seconds=start + seen.received_seconds * pace,
            ended_seconds=start + (seen.ended_seconds or 0.0) * pace,
        )
        for seen in renamed(played(talk), actor)
    ]


@cache
def played(talk: Callable[[Tape, str], None]) -> tuple[Seen, ...]:
    tape = Tape()
    talk(tape, "ann")
    return tuple(tape.exchanges)


def renamed(exchanges: tuple[Seen, ...], actor: str) -> list[Seen]:
    """For this actor, with session ids of its own, in all places."""
    return [
        replace(
            seen,
            path=_replaced(seen.path, actor),
            request=_replaced(seen.request, actor),
            answer=seen.answer
            and replace(
                seen.answer,
                session_id=_replaced(seen.answer.session_id, actor),
                body=_replaced(seen.answer.body, actor),
            ),
        )
        for seen in exchanges
    ]


def _replaced(value: object, actor: str) -> object:
    match value:
        case str():
            return actor if value == "ann" else value.replace("g7p6233d", f"of{actor}")
        case dict():
            return {name: _replaced(item, actor) for name, item in value.items()}
        case list():
            return [_replaced(item, actor) for item in value]
        case _:
            return value


def interleaved(several: list[list[Seen]]) -> Evidence:
    merged = sorted((seen for story in several for seen in story), key=lambda seen: seen.began_seconds)
    exchanges = tuple(replace(seen, number=number) for number, seen in enumerate(merged, start=1))
    return Evidence(kind=AuditKind.PROXY, exchanges=exchanges)


def broken(evidence: Evidence) -> set[RuleId]:
    return {rule.rule for rule in RULES if rule.judge(evidence).state is RuleState.BROKEN}


TALKS = st.lists(
    st.tuples(st.sampled_from(CONVERSATIONS), st.floats(0, 20), st.floats(0.01, 5)), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(talks=TALKS)
def test_no_interleaving_of_good_conversations_accuses_anybody(
    talks: list[tuple[Callable[[Tape, str], None], float, float]],
) -> None:
    evidence = interleaved([shifted(talk, f"actor{n}", *when) for n, (talk, *when) in enumerate(talks)])

    assert broken(evidence) == set()


def many(conversations: int) -> Evidence:
    return interleaved([shifted(booked_by_text, f"actor{n}", n % 50, 1.0) for n in range(conversations)])


def judging_seconds(evidence: Evidence) -> float:
    started = time.process_time()
    for rule in RULES:
        rule.judge(evidence)
    return time.process_time() - started


def ratio_of(few: Evidence, plenty: Evidence) -> float:
    """How much longer the larger one takes, each in its best of three: a busy machine makes one of them slow."""
    gc.collect()
    seconds = [(judging_seconds(few), judging_seconds(plenty)) for _ in range(3)]
    return min(more for _, more in seconds) / min(less for less, _ in seconds)


def test_ten_times_the_exchanges_take_about_ten_times_as_long() -> None:
    assert ratio_of(many(100), many(1_000)) < 30


def test_one_session_with_ten_times_the_turns_takes_about_ten_times_as_long() -> None:
    def long(turns: int) -> Evidence:
        tape = Tape()
        tape.creates()
        for _ in range(turns):
            tape.searches()
        return tape.evidence()

    assert ratio_of(long(500), long(5_000)) < 30


def test_an_evidence_is_read_once_for_all_rules() -> None:
    evidence = many(2)

    assert reading_of(evidence) is reading_of(evidence)
    assert reading_of(evidence) is not reading_of(many(2))
