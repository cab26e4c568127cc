"""What a run that was cut off, or is under way, has shown so far; shared by the command and the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from probes.journal.kept import KeptExchange, KeptRun, Unanswered
from probes.model import Exchange
from probes.words import Settlement

UNDER_WAY, CUT_OFF = "under way", "cut off"
NO_VERDICT = "it has no verdict yet"
_BECAME: dict[str, str] = {
    Settlement.BOOKED: "its session has a booking",
    Settlement.CANCELLED: "the booking of its session was cancelled",
    Settlement.NOTHING: "its session booked nothing",
    Settlement.UNCLEAR: "whether it booked can't be told any more",
}


def became(turn: Unanswered, *, under_way: bool) -> str:
    """What a turn did that was promised and never heard of again."""
    return UNDER_WAY if under_way else _BECAME.get(turn.settlement or "", "what it did is not known yet")


def of_no_step(kept: KeptRun) -> Iterator[tuple[str, list[Exchange]]]:
    """Exchanges of steps that never ended, by their step."""
    held = {id(exchange) for step in (*kept.run.steps, *kept.run.cleanup) for exchange in step.exchanges}
    by_step: dict[str, list[KeptExchange]] = {}
    for each in kept.exchanges:
        if id(each.exchange) not in held:
            by_step.setdefault(each.step, []).append(each)
    for name, several in by_step.items():
        yield name, [each.exchange for each in several]
