"""The turns of PromQL that several rules share. All pure text.

Whatever is compared or joined is first brought down to `target` (and `scenario`), so that a second monitor, or a new
address of the same one, makes no rule fail with duplicate series.
"""

from __future__ import annotations

PAIR = ("target", "scenario")
TARGET = ("target",)
MONITOR = ("job", "instance")

IN_MAINTENANCE = "(max by (target) (brek_probe_maintenance) == 1)"
MUTED = "target_scenario:brek_probe_runs_failed:muted"

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60))


def duration(seconds: float) -> str:
    """As PromQL writes it, in the largest unit that fits."""
    whole = round(seconds)
    for unit, size in _UNITS:
        if whole >= size and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def number(value: float) -> str:
    """Without a fraction that says nothing."""
    return f"{value:.10g}"


def by(labels: tuple[str, ...]) -> str:
    """The list of an aggregation, or of a join."""
    return f"({', '.join(labels)})"


def not_in_maintenance(expr: str) -> str:
    """Nobody is woken for a target in announced maintenance."""
    return f"({expr})\nunless on (target) {IN_MAINTENANCE}"


def not_since_maintenance(expr: str, window: str) -> str:
    """For what looks back: a window that reaches into maintenance tells of what was announced."""
    return f"({expr})\nunless on (target) max_over_time(brek_probe_maintenance[{window}]) == 1"


def grown(selector: str, window: str) -> str:
    """By how much each counter grew, its first event too, which `increase()` can't see where no zero came before.

    A series that was not there at the start of the window counts whole; but only where Prometheus watched the monitor
    then, or the process is younger than the window: else years would count on the first day of a new Prometheus.
    """
    return (
        f"(({selector} unless last_over_time({selector}[1h] offset {window}))\n"
        f"  and on (job, instance) (time() - process_start_time_seconds < {seconds_of(window)}"
        f" or brek_monitor_build_info offset {window}))\n"
        f"or increase({selector}[{window}])"
    )


def seconds_of(window: str) -> str:
    """A PromQL duration of one unit, in seconds."""
    size = dict(_UNITS).get(window[-1], 1)
    return number(int(window[:-1]) * size)


def blamed(expr: str, on: tuple[str, ...], blame: str, otherwise: str) -> str:
    """With the label `blame` of a record that has one series a value of `on`; never fewer series than without."""
    return (
        f"(\n{indented(expr)}\n)\n* on {by(on)} group_left (blame) {blame}\n"
        f'or on {by(on)} label_replace(\n{indented(expr)},\n"blame", "{otherwise}", "", "")'
    )


def indented(text: str) -> str:
    """Two columns in."""
    return "\n".join(f"  {line}" for line in text.splitlines())
