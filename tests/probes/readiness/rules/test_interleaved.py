"""Good conversations of many guests at once, through the proxy: however they interleave, nobody is accused."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.retry_tapes import RetryTape

from probes.readiness.evidence import Evidence
from probes.readiness.rules import retrying, surviving
from probes.readiness.words import AuditKind, Lost, RuleState

RULES = (*retrying.RULES, *surviving.RULES)


def good_conversation(guest: int, chance: Random) -> RetryTape:
    """Meets a limit, an outage, a lost answer, a refusal and an unknown status, and does right each time."""
    session, tape = f"s{guest}", RetryTape(AuditKind.PROXY)
    tape.clock += chance.uniform(0, 5)
    tape.create(503, actor=f"a{guest}", took=chance.uniform(0.01, 0.5))
    tape.wait(chance.uniform(0.2, 0.6))
    tape.create(actor=f"a{guest}", session=session)
    tape.turn("find me a hotel", 429, session=session, retry_after=1, took=chance.uniform(0.01, 0.5))
    tape.wait(1.0 + chance.uniform(0, 0.3))
    tape.turn("find me a hotel", "shortlist", session=session)
    tape.turn("book option 1", 400, session=session)
    tape.turn("book option one", "payment_review_pending", session=session)
    tape.read("payment_confirmation_required", session=session)
    if guest % 2:
        tape.turn("yes, use this card", Lost.BY_SERVER, session=session)
        tape.read("payment_confirmation_required", "booked", session=session)
    else:
        tape.turn("yes, use this card", 500, session=session)
        tape.wait(chance.uniform(0.2, 0.6))
        tape.turn("yes, use this card", "booked", session=session)
    return tape


def at_once(count: int, seed: int) -> Evidence:
    chance = Random(seed)  # noqa: S311 - chance, no secret
    all_seen = [seen for guest in range(count) for seen in good_conversation(guest, chance).seen]
    in_order = sorted(all_seen, key=lambda seen: seen.began_seconds)
    return Evidence(
        kind=AuditKind.PROXY,
        exchanges=tuple(replace(seen, number=number) for number, seen in enumerate(in_order, 1)),
    )


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 12), seed=st.integers(0, 2**32))
def test_no_interleaving_of_good_conversations_is_accused(count: int, seed: int) -> None:
    evidence = at_once(count, seed)

    assert {
        rule.rule: ruling.detail for rule in RULES if (ruling := rule.judge(evidence)).state is RuleState.BROKEN
    } == {}
