"""Weeks of history as Prometheus would have scraped it: our own recorder, told real runs under a clock that we move.

Two targets: `often` is played every few minutes, `hourly` once an hour. All is well for weeks; then, five hours before
the end, whatever can go wrong does, and it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from support.incidents import an_incident
from support.rules import promtool
from support.tapes import Played, Tape, record

from exporter.recorder import Recorder
from probes.incident import Incident
from probes.model import Finding, JournalState, MonitorFault, Objective, Probe, Target
from probes.redaction import Secret
from probes.scenario_files import shipped
from probes.words import (
    Channel,
    Environment,
    FailureKind,
    FaultKind,
    FindingKind,
    SkipReason,
    SlotState,
    Telling,
)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
COARSE_SECONDS, FINE_SECONDS = 8 * HOUR, 4 * MINUTE
LENGTH_SECONDS, FINE_LENGTH_SECONDS, BROKEN_SECONDS = 29 * DAY, 18 * HOUR, 5 * HOUR
_MAINTENANCE = (9 * HOUR, 8 * HOUR)
_DEPLOYED = 7 * HOUR
_TARGETS = ("often", "hourly")

PROBES = (
    Probe(scenario="golden_path", target="often", every_seconds=900.0, objective=Objective(latency_seconds=12.0)),
    Probe(scenario="quick_search", target="often", every_seconds=1200.0),
    Probe(scenario="golden_path_to_payment", target="hourly", every_seconds=HOUR),
    Probe(scenario="quick_search", target="hourly", every_seconds=HOUR),
)
FAULTS = (
    "server_error@search",
    "auth_rejected",
    "auth_missing",
    "rate_limited_bare",
    "mismatched_ids",
    "missing_headers",
    "early_booked",
    "wrong_status",
)
_SCRAPED_FROM = 'job="brekwatch",instance="127.0.0.1:9464"'


@dataclass(slots=True)
class _Clock:
    """Seconds since the epoch, as the history has them."""

    now: float

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class _Life:
    """The monitor in that history."""

    begin: float
    end: float
    tapes: Mapping[Played, Tape]
    clock: _Clock
    recorder: Recorder = field(init=False)
    due: dict[Probe, float] = field(init=False)
    number: int = 0

    def __post_init__(self) -> None:
        self.recorder = Recorder(now=self.clock)
        self.recorder.expect(
            [_target("often", Environment.SANDBOX), _target("hourly", Environment.PRODUCTION)],
            PROBES,
            shipped(),
            "eu-1",
        )
        self.due = {probe: self.begin + 7 * index for index, probe in enumerate(PROBES, start=1)}

    @property
    def is_broken(self) -> bool:
        return self.is_after(BROKEN_SECONDS)

    def is_after(self, seconds: float) -> bool:
        """Whether less than that is left to the end."""
        return self.clock.now > self.end - seconds

    def until(self, moment: float) -> None:
        """All slots that are due by then, in their order."""
        while (probe := min(self.due, key=self.due.__getitem__)) and self.due[probe] <= moment:
            self.clock.now = self.due[probe]
            self.due[probe] += probe.every_seconds
            self._slot(probe)
        self.clock.now = moment

    def _slot(self, probe: Probe) -> None:
        self.number += 1
        if self.is_broken and self.number % 7 == 0:
            self.recorder.slot_finished(probe, SlotState.SKIPPED, SkipReason.QUOTA, 0.0)
            return
        fault = FAULTS[self.number % len(FAULTS)] if self.is_broken else ""
        tape = self.tapes[Played(target=probe.target, scenario=probe.scenario, fault=fault)]
        slower = 20.0 + 37 * self.number % 400
        tape.play_to(self.recorder, slower=slower, certificate_ends_at=self.end + 12 * DAY)
        self.recorder.slot_finished(probe, SlotState.RUN, None, 0.002 * (self.number % 40))

    def settle(self) -> None:
        """What doesn't come of runs."""
        recorder, broken = self.recorder, self.is_broken
        recorder.observe_loop_lag(0.001 * (self.number % 9))
        recorder.set_maintenance("often", self.is_after(_MAINTENANCE[0]) and not self.is_after(_MAINTENANCE[1]))
        recorder.journal_changed(
            JournalState(waiting=4 if broken else 0, lost=3 if broken else 0, size_bytes=9_000_000 + self.number)
        )
        for channel in Channel:
            recorder.notices_waiting(channel, int(broken))
        for probe in PROBES:
            counts = {FailureKind.SERVER_ERROR: 3} if broken else {}
            recorder.recent_failures_changed(probe.target, probe.scenario, counts)
        recorder.incidents_changed((), self._incidents() if broken else ())
        if broken:
            self._faults()

    def _incidents(self) -> tuple[Incident, ...]:
        first = an_incident(at=datetime.fromtimestamp(self.end - BROKEN_SECONDS, UTC))
        return tuple(replace(first, cause=replace(first.cause, target=target)) for target in _TARGETS)

    def _faults(self) -> None:
        """What is told while it is broken, at each scrape."""
        for kind in FaultKind:
            self.recorder.monitor_fault(MonitorFault(kind=kind, detail=""))
        for channel in Channel:
            self.recorder.notice_told(channel, Telling.FAILED, 1)
        for target in _TARGETS:
            self.recorder.contract_compared(target, (Finding(kind=FindingKind.CONTRACT_DRIFT, detail=""),))

    def scraped(self) -> Iterator[str]:
        """Every series at this moment, and what Prometheus adds of itself."""
        at = f" {self.clock.now:.0f}"
        for line in self.recorder.render("")[0].decode().splitlines():
            if not line.startswith("#"):
                yield self._as_scraped(line) + at
        yield f"up{{{_SCRAPED_FROM}}} 1{at}"
        yield f'ALERTS{{alertname="BrekWatchdog",alertstate="firing",severity="none"}} 1{at}'
        for target in _TARGETS if self.is_broken else ():
            labels = f'alertname="BrekServerErrors",alertstate="firing",severity="page",blame="api",target="{target}"'
            yield f"ALERTS{{{labels}}} 1{at}"

    def _as_scraped(self, line: str) -> str:
        """With the labels of its scrape; of a process that began then, and whose version became this one later."""
        if line.startswith("process_start_time_seconds"):
            line = f"process_start_time_seconds {self.begin}"
        if line.startswith("brek_monitor_build_info") and not self.is_after(_DEPLOYED):
            line = line.replace('version="', 'version="0.')
        name, _, rest = line.partition("{")
        if rest:
            return f"{name}{{{_SCRAPED_FROM},{rest}"
        name, _, value = line.partition(" ")
        return f"{name}{{{_SCRAPED_FROM}}} {value}"


def _target(name: str, environment: Environment) -> Target:
    return Target(
        name=name, base_url="http://127.0.0.1:9", environment=environment, api_key=Secret("a-key-of-the-tests")
    )


def _moments(begin: float, end: float) -> Iterator[float]:
    """When it is scraped: seldom for weeks, and often in the last day."""
    moment = begin
    while moment <= end:
        yield moment
        moment += FINE_SECONDS if moment >= end - FINE_LENGTH_SECONDS else COARSE_SECONDS


async def write_history(folder: Path, end: float) -> None:
    """Lays blocks that end at that moment into a folder for Prometheus. Raises AssertionError if promtool refuses."""
    begin = end - LENGTH_SECONDS
    wanted = [
        Played(target=probe.target, scenario=probe.scenario, fault=fault) for probe in PROBES for fault in ("", *FAULTS)
    ]
    life = _Life(begin=begin, end=end, tapes=await record(wanted), clock=_Clock(begin))
    text = folder / "history.txt"
    with text.open("w", encoding="utf-8") as file:
        for moment in _moments(begin, end):
            life.until(moment)
            life.settle()
            file.writelines(f"{line}\n" for line in life.scraped())
        file.write("# EOF\n")
    said = promtool("tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=768h", text, folder / "tsdb")
    text.unlink()
    if said.returncode:
        raise AssertionError(said.stderr)
