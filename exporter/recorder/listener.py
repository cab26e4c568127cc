"""The recorder: hears of finished facts and counts them. On the event loop, so it must be quick; it never raises."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version as version_of
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.process_collector import ProcessCollector

from alerts.blame import blame_of_run
from exporter import metrics
from exporter.recorder import quota, zeros
from exporter.recorder.board import Board
from exporter.recorder.configured import Configured, Gone
from exporter.recorder.exemplars import counter_exemplar, failure_exemplar, step_exemplar
from exporter.recorder.exposition import render
from exporter.recorder.incidents import IncidentGauges
from exporter.recorder.labels import chat_status_label, code_label, skip_reason_label, status_code_label, truth_label
from exporter.recorder.readings import Readings
from exporter.recorder.series import Pair, RunCounts, Series, counter, gauge, histogram
from probes.incident import Incident
from probes.journal.kept import LastVerdict
from probes.listening import Listener
from probes.model import (
    Booking,
    Exchange,
    Finding,
    JournalState,
    MonitorFault,
    Probe,
    Run,
    RunStart,
    StepResult,
    Target,
)
from probes.redaction import Scrubber
from probes.scenario import Scenario
from probes.words import (
    GOOD_OUTCOMES,
    JUDGED_OUTCOMES,
    NO_STATUS,
    Blame,
    Channel,
    CorrelationId,
    FailureKind,
    FaultKind,
    Outcome,
    SlotState,
    Telling,
)

_PHASES = ("dns", "connect", "tls", "send", "wait", "receive")
_TOLD_BY_ORIGIN = (
    metrics.CERTIFICATE_EXPIRY,
    metrics.RATELIMIT_LIMIT,
    metrics.RATELIMIT_REMAINING,
    metrics.RATELIMIT_HEADROOM,
    metrics.RATELIMIT_OBSERVED,
)


class Recorder(Listener):
    """Metrics in a registry of its own, zeros first.

    `now` gives seconds since the epoch, `monotonic` those of a clock that is never set.
    `scrub` removes secrets from what a scrape is shown. Everything but `render`
    belongs to the event loop's thread.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        self._now = now
        self._scrub = Scrubber().text if scrub is None else scrub
        self._registry = registry = CollectorRegistry()
        self.board = Board(now=now, monotonic=monotonic)
        self.readings = Readings()
        self._runs = RunCounts()
        registry.register(self._runs)
        ProcessCollector(registry=registry)
        self._counters: dict[metrics.Family, Series[Counter]] = {
            family: counter(family, registry)
            for family in metrics.FAMILIES
            if family.kind is metrics.Kind.COUNTER and family not in metrics.RUN_COUNTS
        }
        self._gauges = {
            family: gauge(family, registry)
            for family in metrics.FAMILIES
            if family.kind is metrics.Kind.GAUGE and family not in metrics.RUN_COUNTS
        }
        self._histograms = {
            family: histogram(family, registry) for family in metrics.FAMILIES if family.kind is metrics.Kind.HISTOGRAM
        }
        self._requests = self._counters[metrics.HTTP_REQUESTS]
        self._phases = self._histograms[metrics.HTTP_PHASE_DURATION]
        self._correlation = self._counters[metrics.CORRELATION]
        self._incidents = IncidentGauges(self._gauges)
        self._configured = Configured()
        self._retired: set[Pair] = set()
        self._retired_targets: set[str] = set()
        self._retired_steps: set[tuple[Pair, str]] = set()
        self._in_maintenance: set[str] = set()
        self._lost = 0
        self._start_at_zero()

    def _start_at_zero(self) -> None:
        for family, labels in zeros.of_monitor():
            self._counters[family].child(*labels)
        self._histograms[metrics.SLOT_LATENESS].child()
        self._histograms[metrics.LOOP_LAG].child()
        self.config_reloaded()
        self._gauges[metrics.BUILD_INFO].child(version_of("brekwatch"), platform.python_version()).set(1)

    def expect(
        self,
        targets: Iterable[Target],
        probes: Iterable[Probe],
        scenarios: Mapping[str, Scenario],
        location: str,
    ) -> None:
        """What is configured: zeros for counters that rules use, and the gauges that tell the configuration.

        Called again with another configuration, it drops the series of probes, steps and targets that are gone.
        """
        before, after = self._configured, Configured.of(targets, probes, scenarios, location)
        self._configured = after
        self._retire(Gone.between(before, after), after)
        self.board.expect(after.targets.values(), (probe for probe, _ in after.probes.values()))
        for name, target in after.targets.items():
            if (target, location) != (before.targets.get(name), before.location):
                self._expect_target(target, before.targets.get(name), location)
        for pair, (probe, scenario) in after.probes.items():
            if (probe, scenario) != before.probes.get(pair):
                self._expect_probe(probe, scenario, before.probes.get(pair))

    def _retire(self, gone: Gone, after: Configured) -> None:
        self._retired = (self._retired | gone.pairs) - after.probes.keys()
        self._retired_targets = (self._retired_targets | gone.targets) - after.targets.keys()
        lost = self._retired_steps | gone.lost_steps
        self._retired_steps = {(pair, step) for pair, step in lost if step not in gone.steps.get(pair, ())}
        self._in_maintenance -= gone.targets
        for name in gone.targets:
            self.readings.forget(name)
        if not gone.anything:
            return
        self._runs.forget(gone.pairs)
        self._incidents.forget(gone.pairs)
        every: list[Series[Any]] = [*self._counters.values(), *self._gauges.values(), *self._histograms.values()]
        for series in every:
            series.prune(gone.takes)

    def _expect_target(self, target: Target, before: Target | None, location: str) -> None:
        self._gauges[metrics.TARGET_INFO].prune(lambda labels: labels["target"] == target.name)
        self._gauges[metrics.TARGET_INFO].child(target.name, target.environment, location).set(1)
        self._gauges[metrics.MAINTENANCE].child(target.name).set(target.name in self._in_maintenance)
        self._incidents.expect_target(target.name)
        for family, labels in zeros.of_target(target.name):
            self._counters[family].child(*labels)
        if before is not None and (before.base_url, before.api_key) != (target.base_url, target.api_key):
            self.readings.told_by_another(target.name)
            for family in _TOLD_BY_ORIGIN:
                self._gauges[family].prune(lambda labels: labels["target"] == target.name)

    def _expect_probe(
        self, probe: Probe, scenario: Scenario | None, before: tuple[Probe, Scenario | None] | None
    ) -> None:
        pair = (probe.target, probe.scenario)
        if before is None or before[0].every_seconds != probe.every_seconds:
            self._gauges[metrics.SCHEDULED_SINCE].child(*pair).set(self._now())
        self._runs.expect(pair, Outcome)
        self._gauges[metrics.INTERVAL].child(*pair).set(probe.every_seconds)
        self._gauges[metrics.OBJECTIVE].child(*pair).set(probe.objective.availability)
        self._gauges[metrics.LATENCY_OBJECTIVE].child(*pair).set(probe.objective.latency_seconds)
        for family, labels in zeros.of_probe(probe, scenario):
            self._counters[family].child(*labels)

    def restore(self, verdicts: Iterable[LastVerdict]) -> None:
        """What was known before this process began: else a restart would hide a failure until the next slot."""
        for last in verdicts:
            pair = (last.target, last.scenario)
            if pair not in self._configured.probes:
                continue
            self._gauges[metrics.SUCCESS].child(*pair).set(last.outcome in GOOD_OUTCOMES)
            self._gauges[metrics.LAST_RUN].child(*pair).set(last.finished_at.timestamp())
            if last.succeeded_at is not None:
                self._gauges[metrics.LAST_SUCCESS].child(*pair).set(last.succeeded_at.timestamp())
            self.board.restore(last)

    def set_maintenance(self, target: str, active: bool) -> None:
        """Announced maintenance began or ended; runs meanwhile don't count for the objective."""
        (self._in_maintenance.add if active else self._in_maintenance.discard)(target)
        self._gauges[metrics.MAINTENANCE].child(target).set(active)

    def config_reloaded(self, *, problem: str | None = None) -> None:
        """Why the configuration in force is not the one that was asked for last; None: it is."""
        self._gauges[metrics.CONFIG_RELOAD_SUCCESS].child().set(problem is None)
        self.board.has_trouble(FaultKind.CONFIG, problem)

    def observe_loop_lag(self, seconds: float) -> None:
        """How late the event loop woke."""
        self._histograms[metrics.LOOP_LAG].child().observe(seconds)

    def render(self, accept: str) -> tuple[bytes, str]:
        """What a scrape with this Accept header gets: the body and its content type. May be called in any thread."""
        return render(self._registry, accept, self._scrub)

    def run_started(self, start: RunStart) -> None:
        """One more is under way."""
        if (start.target, start.scenario) not in self._retired:
            self._runs.start(start.run_id, (start.target, start.scenario))

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """Status, phases, ids and quota of one attempt."""
        target, operation, answer = start.target, exchange.operation, exchange.answer
        if target in self._retired_targets:
            return
        status_code, code, request_id = (
            (None, None, None) if answer is None else (answer.status_code, answer.code, answer.request_id)
        )
        self._requests.child(
            target, operation, status_code_label(status_code), code_label(code), truth_label(exchange.expected)
        ).inc(1, counter_exemplar(start.run_id, request_id))
        phases = exchange.phases
        for name in _PHASES:
            seconds = getattr(phases, name)
            if seconds is not None:
                self._phases.child(target, operation, name).observe(seconds)
        if exchange.request_id_state is not None:
            self._correlation.child(target, operation, CorrelationId.REQUEST_ID, exchange.request_id_state).inc()
        if exchange.trace_id_state is not None:
            self._correlation.child(target, operation, CorrelationId.TRACE_ID, exchange.trace_id_state).inc()
        self.readings.saw(start.run_id, target, exchange, self._now())
        expires_at = self.readings.of(target).certificate_expires_at
        if expires_at is not None:
            self._gauges[metrics.CERTIFICATE_EXPIRY].child(target).set(expires_at)

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """Its duration if it was good, its transitions, and what its answers showed beside the contract."""
        self._count_findings(start.target, step.findings)
        pair = (start.target, start.scenario)
        if pair in self._retired:
            return
        if step.outcome in GOOD_OUTCOMES and (pair, step.name) not in self._retired_steps:
            child = self._histograms[metrics.STEP_DURATION].child(start.target, start.scenario, step.name)
            child.observe(step.duration_seconds, step_exemplar(start.run_id, step))
        self._count_transitions(start, step)

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        """Each difference, at each comparison."""
        self._count_findings(target, findings)

    def _count_findings(self, target: str, findings: tuple[Finding, ...]) -> None:
        if target in self._retired_targets:
            return
        for finding in findings:
            operation = NO_STATUS if finding.operation is None else finding.operation
            self._counters[metrics.CONTRACT_FINDINGS].child(target, operation, finding.kind).inc()

    def _count_transitions(self, start: RunStart, step: StepResult) -> None:
        exchange = step.own_exchange
        request_id = None if exchange is None or exchange.answer is None else exchange.answer.request_id
        for change in step.transitions:
            self._counters[metrics.CHAT_TRANSITIONS].child(
                start.target,
                start.scenario,
                chat_status_label(change.from_status),
                chat_status_label(change.to_status),
                truth_label(change.documented),
            ).inc(1, counter_exemplar(start.run_id, request_id))

    def run_finished(self, run: Run) -> None:
        """The verdict: only judged runs touch success, objective and durations."""
        pair = (run.target, run.scenario)
        if run.target in self._retired_targets:
            self.readings.run_dropped(run.run_id)
            return
        if (headroom := self.readings.run_over(run.run_id, run.target)) is not None:
            quota.show(self._gauges, run.target, headroom)
        for booking in run.bookings:
            self._counters[metrics.BOOKINGS].child(run.target, booking.state).inc()
        if pair in self._retired:
            return
        counted = not run.recheck and run.target not in self._in_maintenance
        self.board.saw(run, counted=counted)
        self._runs.end(run.run_id, pair, run.outcome)
        if run.outcome is Outcome.SKIPPED:
            self._counters[metrics.SKIPPED].child(*pair, skip_reason_label(run.reason)).inc()
        if run.outcome is Outcome.FAILED:
            self._count_failure(run)
        if run.outcome in JUDGED_OUTCOMES:
            self._judge(run, pair)

    def _judge(self, run: Run, pair: Pair) -> None:
        good = run.outcome in GOOD_OUTCOMES
        ended_at = self._now()
        self._gauges[metrics.SUCCESS].child(*pair).set(good)
        self._gauges[metrics.LAST_RUN].child(*pair).set(ended_at)
        if good:
            self._gauges[metrics.LAST_SUCCESS].child(*pair).set(ended_at)
            self._histograms[metrics.RUN_DURATION].child(*pair).observe(run.duration_seconds)
        configured = self._configured.probes.get(pair)
        if configured is None or run.target in self._in_maintenance:
            return
        slow = run.duration_seconds > configured[0].objective.latency_seconds
        if good and slow:
            self._counters[metrics.SLOW_RUNS].child(*pair).inc()
        if run.recheck:
            return
        result = "good" if good and not slow else "bad"
        self._counters[metrics.OBJECTIVE_RUNS].child(*pair, result).inc()

    def _count_failure(self, run: Run) -> None:
        step = run.failed_step
        if step is None or step.failure is None or ((run.target, run.scenario), step.name) in self._retired_steps:
            return
        self._counters[metrics.FAILURES].child(
            run.target, run.scenario, step.name, FailureKind(step.failure.kind), blame_of_run(run) or Blame.API
        ).inc(1, failure_exemplar(run))

    def run_kept(self, run: Run) -> None:
        """The heart beats for a committed verdict alone: no timer, no skipped slot and no unknown run is one."""
        if run.outcome in JUDGED_OUTCOMES:
            self._gauges[metrics.HEARTBEAT].child().set(self._now())

    def booking_settled(self, booking: Booking) -> None:
        """One more booking, of a run that could not tell it."""
        if booking.target not in self._retired_targets:
            self._counters[metrics.BOOKINGS].child(booking.target, booking.state).inc()

    def journal_changed(self, state: JournalState) -> None:
        """How the journal does."""
        self._gauges[metrics.JOURNAL_UP].child().set(state.problem is None)
        self.board.has_trouble(FaultKind.JOURNAL, state.problem)
        self._gauges[metrics.JOURNAL_WAITING].child().set(state.waiting)
        self._counters[metrics.JOURNAL_LOST].child().inc(state.lost - self._lost)
        self._lost = state.lost
        if state.size_bytes is not None:
            self._gauges[metrics.JOURNAL_SIZE].child().set(state.size_bytes)

    def recent_failures_changed(self, target: str, scenario: str, counts: Mapping[FailureKind, int]) -> None:
        """What "repeated" rests on in the alert rules."""
        if (target, scenario) in self._configured.probes:
            self._incidents.recent((target, scenario), counts)

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """How many are open now."""
        self.board.incidents = still_open
        self._incidents.still_open(still_open, self._configured.targets)

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        """Whether what leaves a booking is stopped there."""
        if target in self._configured.targets:
            self.board.has_stopped(target, reason)
            self._incidents.stopped(target, stopped=reason is not None)

    def notice_told(self, channel: Channel, telling: Telling, count: int) -> None:
        """Receivers were told, or could not be."""
        self._counters[metrics.NOTICES].child(channel, telling).inc(count)

    def notices_waiting(self, channel: Channel, count: int) -> None:
        """What is due and not delivered."""
        self._gauges[metrics.NOTICES_WAITING].child(channel).set(count)

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        """Every planned start is accounted for. `skipped` means that no run came of it at all."""
        self._counters[metrics.SLOTS].child(SlotState(state)).inc()
        if probe.target in self._configured.targets:
            self.readings.slot_over(probe.target, state, reason, self._now())
        if state != SlotState.SKIPPED:
            self._histograms[metrics.SLOT_LATENESS].child().observe(max(lateness_seconds, 0.0))
        elif (probe.target, probe.scenario) not in self._retired:
            self.board.missed(probe, reason)
            self._counters[metrics.SKIPPED].child(probe.target, probe.scenario, skip_reason_label(reason)).inc()

    def monitor_fault(self, fault: MonitorFault) -> None:
        """The monitor's own fault."""
        self._counters[metrics.FAULTS].child(fault.kind).inc()
