"""Where the time of a run went: a bar for each attempt, cut into its phases, as numbers that a template draws. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from alerts.pages import lasting
from probes.model import Exchange, Run
from probes.redaction import printable

WIDTH = 960.0
LEFT, RIGHT = 216.0, 800.0
PHASES = ("dns", "connect", "tls", "send", "wait", "receive")
_TOP, _ROW, _FOOT = 26.0, 20.0, 8.0
_LEAST_WIDTH = 1.0
_LABEL_CHARACTERS = 32
_MOST_TICKS = 8
_WIDE_ENOUGH = 80.0
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An attempt that is drawn, and the step that it belongs to. `anchor` names its evidence on the page."""

    step: str
    anchor: str
    exchange: Exchange
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A phase as a part of a bar."""

    phase: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What was waited before an attempt that repeats another; the label stands where there is room."""

    x: float
    until: float
    seconds: float
    label: str
    has_room: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An attempt. `note` stands at its end: how long it took, and the answer."""

    y: float
    label: str
    whole_label: str
    anchor: str
    note: str
    failed: bool
    pieces: tuple[Piece, ...]
    gap: Gap | None
    offset_seconds: float
    sent: Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A moment of the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """All of it; `phases` are those that occur, for the key."""

    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    phases: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        """Whether it may stand above the conversation without hiding it."""
        return len(self.bars) <= _SHORT


def waterfall(run: Run, attempts: Sequence[Sent]) -> Waterfall | None:
    """The picture of these attempts, in their order; None where nothing was sent."""
    if not attempts:
        return None
    ends = [_offset(run, each.exchange) + _lasted(each.exchange) for each in attempts]
    scale = _Scale(max(0.001, *ends, *([run.duration_seconds] if math.isfinite(run.duration_seconds) else [])))
    bars = tuple(_bars(run, attempts, scale))
    occur = {piece.phase for bar in bars for piece in bar.pieces}
    return Waterfall(
        height=_TOP + _ROW * len(bars) + _FOOT,
        bars=bars,
        ticks=tuple(scale.ticks()),
        phases=tuple(phase for phase in PHASES if phase in occur),
    )


class _Scale:
    """From seconds since the run began to places in the picture."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def x(self, seconds: float) -> float:
        share = min(1.0, max(0.0, seconds / self._seconds))
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def ticks(self) -> Iterator[Tick]:
        step = _round_step(self._seconds / _MOST_TICKS)
        for count in range(math.floor(self._seconds / step) + 1):
            yield Tick(x=self.x(count * step), label=lasting(count * step) if count else "0")


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20 … that is at least so much."""
    size: float = 10.0 ** math.floor(math.log10(least))
    return next((size * factor for factor in (1, 2, 5) if size * factor >= least), size * 10)


def _bars(run: Run, attempts: Sequence[Sent], scale: _Scale) -> Iterator[Bar]:
    before: Sent | None = None
    for row, sent in enumerate(attempts):
        exchange = sent.exchange
        offset = _offset(run, exchange)
        again = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
        label = printable(f"{sent.step}{again}", 200)
        yield Bar(
            y=_TOP + _ROW * row,
            label=label if len(label) <= _LABEL_CHARACTERS else _shortened(sent.step, again),
            whole_label=label,
            anchor=sent.anchor,
            note=f"{lasting(_lasted(exchange))}, {_ended(exchange)}",
            failed=sent.failed,
            pieces=tuple(_pieces(exchange, offset, scale)),
            gap=_gap(run, before, sent, scale),
            offset_seconds=offset,
            sent=sent,
        )
        before = sent


def _shortened(step: str, again: str) -> str:
    return printable(step, _LABEL_CHARACTERS - len(again)) + again


def _pieces(exchange: Exchange, offset: float, scale: _Scale) -> Iterator[Piece]:
    """One after the other, as they happened; the least is seen, too."""
    at = offset
    for phase in PHASES:
        seconds = _sound(getattr(exchange.phases, phase))
        if seconds > 0:
            x = scale.x(at)
            yield Piece(phase=phase, x=x, width=max(_LEAST_WIDTH, round(scale.x(at + seconds) - x, 1)))
            at += seconds


def _gap(run: Run, before: Sent | None, sent: Sent, scale: _Scale) -> Gap | None:
    if before is None or sent.exchange.attempt <= 1 or before.step != sent.step:
        return None
    ended, began = _offset(run, before.exchange) + _lasted(before.exchange), _offset(run, sent.exchange)
    if began <= ended:
        return None
    x, until = scale.x(ended), scale.x(began)
    label = f"waited {lasting(began - ended)}"
    return Gap(x=x, until=until, seconds=began - ended, label=label, has_room=until - x >= _WIDE_ENOUGH)


def pause_seconds(before: Exchange, exchange: Exchange) -> float:
    """What was waited between two attempts of the same."""
    return max(0.0, (exchange.started_at - before.started_at).total_seconds() - _lasted(before))


def _offset(run: Run, exchange: Exchange) -> float:
    """Wall clocks may be set back meanwhile."""
    return max(0.0, (exchange.started_at - run.started_at).total_seconds())


def _lasted(exchange: Exchange) -> float:
    """With what came before the first byte."""
    known = [_sound(value) for value in asdict(exchange.phases).values()]
    return max(sum(known), _sound(exchange.duration_seconds))


def _sound(seconds: float | None) -> float:
    return seconds if seconds is not None and math.isfinite(seconds) and seconds > 0 else 0.0


def _ended(exchange: Exchange) -> str:
    if exchange.status_code is not None:
        return f"HTTP {exchange.status_code}"
    return "no answer" if exchange.failure is None else f"no answer ({printable(exchange.failure.kind, 40)})"
