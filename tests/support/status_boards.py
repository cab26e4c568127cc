"""Boards that have seen a day, as a service's would: whatever a test or a benchmark shows, it has one of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from support.facts import NOON, a_failed_step, a_failure, a_probe, a_run, a_target

from exporter.recorder import Recorder
from probes.model import Probe
from probes.words import Outcome

_WORDS = {
    ".": Outcome.PASSED,
    "d": Outcome.DEGRADED,
    "F": Outcome.FAILED,
    "s": Outcome.SKIPPED,
    "u": Outcome.UNKNOWN,
}
_REASONS = {"d": "latency", "F": "server_error", "s": "quota", "u": "stall"}


class Clocks:
    """One that may be set, and one that only goes on."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.ticks = 1_000.0

    def now(self) -> float:
        return self.at.timestamp()

    def monotonic(self) -> float:
        return self.ticks

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.ticks += seconds


def a_recorder(clocks: Clocks, probes: Iterable[Probe]) -> Recorder:
    """One that expects these probes, on targets of their names."""
    probes = tuple(probes)
    recorder = Recorder(now=clocks.now, monotonic=clocks.monotonic)
    targets = [a_target(name=name) for name in dict.fromkeys(probe.target for probe in probes)]
    recorder.expect(targets, probes, {}, "eu-1")
    return recorder


def play(recorder: Recorder, clocks: Clocks, probe: Probe, outcomes: str, **changes: object) -> None:
    """A run of each of these outcomes, one every interval, the last one ending now."""
    end = clocks.at
    for number, letter in enumerate(outcomes):
        ended_at = end - timedelta(seconds=probe.every_seconds) * (len(outcomes) - 1 - number)
        clocks.at = ended_at
        facts: dict[str, object] = {
            "run_id": f"{probe.target}-{probe.scenario}-{number}",
            "target": probe.target,
            "scenario": probe.scenario,
            "started_at": ended_at - timedelta(seconds=1.5),
            "reason": _REASONS.get(letter),
        }
        recorder.run_finished(a_run(_WORDS[letter], **(facts | changes)))
    clocks.at = end


def two_probes() -> tuple[Probe, Probe]:
    """Of one target, every five minutes."""
    return a_probe(), a_probe(scenario="golden_path")


def crowd(targets: int, scenarios: int) -> tuple[Probe, ...]:
    """So many probes, each every half an hour."""
    return tuple(
        a_probe(target=f"partner-{target:03}", scenario=f"scenario_{scenario:02}", every_seconds=1_800.0)
        for target in range(targets)
        for scenario in range(scenarios)
    )


def failing_steps(expected: str, observed: str) -> tuple[object, ...]:
    """Of a run that failed in these words."""
    return (replace(a_failed_step(), failure=a_failure(expected=expected, observed=observed)),)
