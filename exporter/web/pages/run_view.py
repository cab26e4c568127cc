"""A kept run as its page tells it: the conversation beside its evidence, step by step. Pure.

Texts are redacted and still hostile: a template escapes them, and here they are bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from exporter.unfinished import CUT_OFF, UNDER_WAY, became, of_no_step
from exporter.web.pages.exchange_view import Bodies, ExchangeView, Lengths, exchange_views
from exporter.web.pages.waterfall import Sent, Waterfall, waterfall
from probes.journal.kept import KeptRun
from probes.model import StepResult
from probes.words import Outcome

MOST_EXCHANGES = 200
_TELLING = (Outcome.FAILED, Outcome.DEGRADED, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step with its attempts. An `outcome` of None isn't known yet; `note` says in words what it alone doesn't."""

    anchor: str
    step: StepResult
    outcome: Outcome | None
    note: str | None
    cleanup: bool
    exchanges: tuple[ExchangeView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LostTurn:
    """A turn that was promised, and never heard of again."""

    key: str
    session_id: str
    at: object
    body: str
    became: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """All that the page tells of the run itself. `telling` is the step that explains its verdict."""

    kept: KeptRun
    outcome: Outcome | None
    steps: tuple[StepView, ...]
    telling: StepView | None
    lost: tuple[LostTurn, ...]
    picture: Waterfall | None
    left_out: int

    @property
    def cleanup(self) -> tuple[StepView, ...]:
        """What was taken back, or tried to."""
        return tuple(step for step in self.steps if step.cleanup)


def run_view(kept: KeptRun) -> RunView:
    """The run, as far as it was kept and fits a page."""
    plan = _plan(kept)
    bodies = Bodies(sum(len(step.exchanges) for step, _, _ in plan), kept.run.run_id)
    lengths: Lengths = {id(each.exchange): each.answer_bytes for each in kept.exchanges}
    steps = tuple(_steps(kept, plan, bodies, lengths))
    telling = _telling(steps)
    return RunView(
        kept=kept,
        outcome=None if kept.under_way else kept.run.outcome,
        steps=steps,
        telling=telling,
        lost=tuple(_lost(kept, bodies)),
        picture=waterfall(kept.run, tuple(_sent(steps))),
        left_out=max(0, len(kept.exchanges) - sum(len(step.exchanges) for step in steps)),
    )


_Planned = tuple[StepResult, bool, bool]
"""A step, whether it belongs to the cleanup, and whether it ended."""


def _plan(kept: KeptRun) -> list[_Planned]:
    """The steps that ended, those that never did, then the cleanup; no more attempts than a page bears."""
    ended = not kept.under_way
    never = [StepResult(name=name, outcome=Outcome.UNKNOWN, exchanges=tuple(sent)) for name, sent in of_no_step(kept)]
    whole = [
        *((step, False, ended) for step in kept.run.steps),
        *((step, False, False) for step in never),
        *((step, True, ended) for step in kept.run.cleanup),
    ]
    return list(_bounded(whole))


def _bounded(plan: Iterable[_Planned]) -> Iterator[_Planned]:
    room = MOST_EXCHANGES
    for step, cleanup, ended in plan:
        yield replace(step, exchanges=step.exchanges[:room]), cleanup, ended
        room -= min(room, len(step.exchanges))


def _steps(kept: KeptRun, plan: Sequence[_Planned], bodies: Bodies, lengths: Lengths) -> Iterator[StepView]:
    failed: str | None = None
    for number, (step, cleanup, ended) in enumerate(plan, 1):
        anchor = f"step-{number}"
        yield StepView(
            anchor=anchor,
            step=step,
            outcome=step.outcome if ended else None,
            note=_note(step, failed, kept, ended=ended, cleanup=cleanup),
            cleanup=cleanup,
            exchanges=exchange_views(step, anchor, bodies, lengths),
        )
        failed = step.name if step.outcome is Outcome.FAILED and not cleanup else failed


def _note(step: StepResult, failed: str | None, kept: KeptRun, *, ended: bool, cleanup: bool) -> str | None:
    if not ended:
        return UNDER_WAY if kept.under_way else CUT_OFF
    if step.gap:
        return f"not tried: {step.gap}"
    if step.outcome is not Outcome.SKIPPED or cleanup:
        return "how it ended is not known" if step.outcome is Outcome.UNKNOWN else None
    return f"not reached: {failed} failed before it" if failed else "not reached"


def _telling(steps: Iterable[StepView]) -> StepView | None:
    """The first of the worst: failed, hidden by a retry or late, not known."""
    of_the_run = [step for step in steps if not step.cleanup]
    return next((step for word in _TELLING for step in of_the_run if step.outcome is word), None)


def _lost(kept: KeptRun, bodies: Bodies) -> Iterator[LostTurn]:
    for turn in kept.unanswered:
        yield LostTurn(
            key=turn.idempotency_key,
            session_id=turn.session_id,
            at=turn.intended_at,
            body=bodies.shown(turn.body.encode("utf-8", "replace")).text,
            became=became(turn, under_way=kept.under_way),
        )


def _sent(steps: Iterable[StepView]) -> Iterator[Sent]:
    for view in steps:
        for each in view.exchanges:
            failed = not each.exchange.expected or (view.outcome is Outcome.FAILED and each.judged)
            yield Sent(step=view.step.name, anchor=each.anchor, exchange=each.exchange, failed=failed)
