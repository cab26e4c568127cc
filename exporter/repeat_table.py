"""The table behind `run --repeat`: a line a scenario, and under it the steps that were answered differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from exporter.repeat import Flip, Tally, Verdict
from exporter.terminal import Terminal

_MOST_SEEN = 5
_STYLES = {Verdict.ENOUGH: "green", Verdict.TOO_FEW: "bold red", Verdict.UNCLEAR: "magenta"}


def tell(view: Terminal, tallies: Sequence[Tally], least: Fraction) -> None:
    """Prints the table. `least` is the share of good runs that is enough."""
    width = max(len(name) for name in ("scenario", *(tally.scenario for tally in tallies)))
    view.say(f"How often did they pass? Enough is {_percent(least)}.")
    view.say((f"{'scenario':<{width}}  good of judged  {'share':<8}  {'verdict':<10}  outcomes", "dim"))
    for tally in tallies:
        verdict = tally.verdict(least)
        view.say(
            f"{tally.scenario:<{width}}  {f'{tally.good} of {tally.judged}':<14}  {_share(tally):<8}  ",
            (f"{verdict:<10}", _STYLES[verdict]),
            f"  {_spread(tally)}",
        )
        for flip in tally.flips:
            view.say(f"  step {flip.step} was answered with {view.clean(_answers(flip))}")


def _spread(tally: Tally) -> str:
    """`passed 3, failed 1, not played 1 (server_error 1)`."""
    counts = Counter[str](tally.outcomes)
    counts["not played"] = tally.wanted - counts.total()
    kinds = f" ({_counts(tally.kinds)})" if tally.kinds else ""
    return _counts(+counts) + kinds


def _answers(flip: Flip) -> str:
    shown = dict(Counter(flip.seen).most_common(_MOST_SEEN))
    others = len(flip.seen) - len(shown)
    return _counts(shown) + (f", and {others} others" if others else "")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(counts).most_common())


def _share(tally: Tally) -> str:
    return _percent(Fraction(tally.good, tally.judged)) if tally.judged else "-"


def _percent(share: Fraction) -> str:
    """Rounded down, so that only all is 100%."""
    return f"{share * 1000 // 1 / 10:g}%"
