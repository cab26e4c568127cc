"""PromQL of the dashboards, from the families of the catalogue: a label that a family hasn't is refused.

Every look back uses `$window`; only the objective has its own, fixed 28 days. Whatever is shown is brought down to
`target` (and `scenario`), so that a second monitor, or a new address of the same one, doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.metrics import (
    BUILD_INFO,
    INTERVAL,
    LAST_RUN,
    LAST_SUCCESS,
    SUCCESS,
    TARGET_INFO,
    Family,
    Kind,
)

WINDOW = "$window"
OBJECTIVE_WINDOW = "28d"
STALE_INTERVALS = 2
"""How many intervals a verdict holds. Older ones are shown as no verdict: an old green would be a lie."""

_STARTED = "process_start_time_seconds"
_THEN = f"last_over_time(vector(time())[1m:1m] offset {WINDOW})"  # when the window began
_TARGET = 'target=~"$target"'
_SCOPES = {"target": '=~"$target"', "scenario": '=~"$scenario"'}
_PLACE = '{environment=~"$environment",location=~"$location"}'


@dataclass(frozen=True, slots=True)
class Match:
    """How a label is compared, as PromQL writes it: the operator and the quoted value."""

    text: str


CHOSEN_STEP = Match('=~"$step"')
ANY = Match('=~".+"')  # on a board that has no variable for the label


def one_of(*values: str) -> Match:
    """Any of these values."""
    return Match(f'=~"{"|".join(values)}"')


def none_of(*values: str) -> Match:
    """None of these values."""
    return Match(f'!~"{"|".join(values)}"')


def selector(family: Family, suffix: str = "", /, **labels: str | Match) -> str:
    """The series of a family that the variables of the board choose, narrowed by labels.

    `suffix` is that of a histogram's series. Raises ValueError for a label that the family hasn't, and for a suffix
    where it has none.
    """
    if unknown := set(labels) - set(family.labels):
        raise ValueError(f"{family.name} has no label {', '.join(sorted(unknown))}")
    if (family.kind is Kind.HISTOGRAM) != bool(suffix):
        raise ValueError(f"{family.name}: a suffix is for histograms, and they need one")
    scopes = {name: scope for name, scope in _SCOPES.items() if name in family.labels}
    chosen: Mapping[str, str] = {**scopes, **{name: _compared(value) for name, value in labels.items()}}
    matchers = ",".join(f"{name}{text}" for name, text in chosen.items())
    return f"{family.name}{suffix}{{{matchers}}}" if matchers else f"{family.name}{suffix}"


def _compared(value: str | Match) -> str:
    return value.text if isinstance(value, Match) else f'="{value}"'


def here(vector: str, window: str = "") -> str:
    """What was seen from the chosen locations, of targets in the chosen environments.

    For a look back, a monitor counts that was there at any time in it: with a new address its past isn't lost.
    """
    info = f"{TARGET_INFO.name}{_PLACE}"
    return f"{vector}\nand on (job, instance, target) " + (f"last_over_time({info}[{window}])" if window else info)


def of_monitor(vector: str, window: str = "") -> str:
    """The monitor's own series, of those that measure from the chosen locations."""
    info = f"{TARGET_INFO.name}{_PLACE}"
    place = f"last_over_time({info}[{window}])" if window else info
    return f"{vector}\nand on (job, instance) {place}"


def increase(series: str, window: str = WINDOW) -> str:
    """By how much counters that start at 0 grew, each series for itself."""
    return here(f"increase({series}[{window}])", window)


def grown(series: str, *, rare: bool = False) -> str:
    """By how much counters grew in the window, their first event too, which `increase()` can't see.

    What a monitor counts that was started in the window, all of it came in the window. A series that was not there
    before the window counts whole too: but only if the monitor was watched then. Else the counts of years would show
    on the first day. A restart makes `increase()` the greater of the two, where more came before it than since.
    `rare` is for families with thousands of series of which few ever leave 0: those that didn't grow are left out,
    before anything is compared.
    """
    now, grew = series, f"increase({series}[{WINDOW}])"
    if rare:
        now, grew = f"({now} > 0)", f"({grew} > 0)"
    whole = (
        f"({now} unless {series} offset {WINDOW} and on (job, instance) {BUILD_INFO.name} offset {WINDOW})\n"
        f"or ({now} and on (job, instance) {_STARTED} > on () group_left () {_THEN})"
    )
    return here(f"(({whole})\n> {grew}\nor {grew}\nor ({whole}))", WINDOW)


def per_second(series: str, at: Callable[[str, str], str] = here) -> str:
    """At what pace counters grew in the window, or since the monitor began, if that was later.

    `rate()` divides by the whole window, so that for hours a young monitor would seem to do next to nothing.
    """
    young = f"min_over_time({_STARTED}[{WINDOW}]) > on () group_left () {_THEN}"
    return at(
        f"(rate({series}[{WINDOW}]) unless on (job, instance) {young}\n"
        f"or increase({series}[{WINDOW}]) / on (job, instance) group_left () (time() - ({young})))",
        WINDOW,
    )


def total(by: str, vector: str) -> str:
    """The sum by these labels."""
    return f"sum by ({by}) (\n{vector}\n)" if by else f"sum(\n{vector}\n)"


def happened(by: str, vector: str) -> str:
    """The sum by these labels, without what never happened: half an event is what extrapolation makes of none."""
    return f"{total(by, vector)} > 0.5"


def happened_or_nothing(by: str, vector: str) -> str:
    """The same, and a zero named `nothing` for a target that is measured: an empty graph would not tell which it is.

    The first label of `by` is `target`; the name stands in the second.
    """
    name = by.split(", ")[1]
    measured = f"0 * max by (target) (\n{here(f'{SUCCESS.name}{{{_TARGET}}}')}\n)"
    return f'{happened(by, vector)}\nor on (target) label_replace({measured}, "{name}", "nothing", "", "")'


def ratio(part: str, whole: str) -> str:
    """A share, and nothing where there was nothing to share: no data is better than a wrong 100 %."""
    return f"{part}\n/ ({whole} > 0)"


def quantile(share: float, family: Family, by: str, /, **labels: str | Match) -> str:
    """The duration that this share of the runs or requests in the window didn't exceed, as far as buckets tell."""
    buckets = total(f"{by}, le" if by else "le", increase(selector(family, "_bucket", **labels)))
    return f"histogram_quantile({share:g}, {buckets}) >= 0"


def mean(family: Family, by: str, /, **labels: str | Match) -> str:
    """The mean duration in the window."""
    seconds = total(by, increase(selector(family, "_sum", **labels)))
    return ratio(seconds, total(by, increase(selector(family, "_count", **labels))))


def fresh_success() -> str:
    """The verdicts that still hold, 1 or 0: of each pair and monitor; a stale one is not there.

    Its age is taken when it was scraped: a scrape that is seldomer than the probe makes no verdict stale.
    """
    last_run = selector(LAST_RUN)
    return here(
        f"({selector(SUCCESS)}\n  and (timestamp({last_run}) - {last_run} <= {STALE_INTERVALS} * {selector(INTERVAL)}))"
    )


def failing_since() -> str:
    """Of each target that fails: the last good run of the scenario that fails longest, in Unix seconds."""
    last_good = f"{selector(LAST_SUCCESS)}\nand on (job, instance, target, scenario) (\n{fresh_success()}\n) == 0"
    return f"min by (target) (\n{last_good}\n)"


def known_targets(by: str) -> str:
    """1 for each target of the window: one whose monitor is gone must not vanish just when that is the news."""
    return f"max by ({by}) (last_over_time({TARGET_INFO.name}{_PLACE[:-1]},{_TARGET}}}[{WINDOW}]))"


def good_now() -> str:
    """Of each target: 0 if a verdict that holds is bad; else -1 if a probe planned by any monitor has none; else 1."""
    fresh = fresh_success()
    planned = here(selector(INTERVAL))
    stale = f"max by (target) (\n{planned}\nunless on (job, instance, target, scenario) (\n{fresh}\n))"
    worst = f"min by (target) (\n{fresh}\n)"
    known = known_targets("target")
    return f"({worst} == 0)\nor ({worst} unless on (target) {stale})\nor -1 * {known}"
