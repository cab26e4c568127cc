"""Who hears of finished facts. The runner and the scheduler tell; metrics, logs, journal and terminal listen."""

from __future__ import annotations

from collections.abc import Mapping

from probes.incident import Incident
from probes.model import Booking, Exchange, Finding, JournalState, MonitorFault, Probe, Run, RunStart, StepResult
from probes.under_way import placed
from probes.words import Channel, FailureKind, FaultKind, Telling


class Listener:
    """Hears of finished facts. Methods must be quick and never block: they run on the event loop."""

    def run_started(self, start: RunStart) -> None:
        """A run is about to send its first byte."""

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """One HTTP attempt is over, retries and cleanup too."""

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """A step is over, skipped ones too."""

    def run_finished(self, run: Run) -> None:
        """A run has its verdict."""

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        """A planned start is accounted for: `state` of SlotState, `reason` of SkipReason."""

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        """A target's published OpenAPI file was compared; these are all its differences, those told before too."""

    def contract_unread(self, target: str, reason: str) -> None:
        """It could not be had or read, so that nothing is known of it."""

    def run_kept(self, run: Run) -> None:
        """The journal has committed this run, whole."""

    def runs_cut_off(self, count: int) -> None:
        """The journal has given so many runs, whose process is gone, their verdict."""

    def booking_settled(self, booking: Booking) -> None:
        """What a snapshot told of a booking whose run was cut off before it could know."""

    def journal_changed(self, state: JournalState) -> None:
        """The journal does better or worse, or its backlog changed; a few times a second at most."""

    def recent_failures_changed(self, target: str, scenario: str, counts: Mapping[FailureKind, int]) -> None:
        """How many of a probe's last judged runs, which incidents look at, failed of each kind; kinds not told: 0."""

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """Incidents opened, went on or ended; and all that are open now."""

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        """What leaves a booking is stopped on this target, and why; None: a person let it go on."""

    def notice_told(self, channel: Channel, telling: Telling, count: int) -> None:
        """So many notices were tried to be told over this channel, and how that went."""

    def notices_waiting(self, channel: Channel, count: int) -> None:
        """So many are due on this channel, and not delivered."""

    def monitor_fault(self, fault: MonitorFault) -> None:
        """The monitor itself is at fault."""


class Listeners(Listener):
    """Tells several listeners; one that raises is a monitor fault and keeps nobody else from hearing."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = list(listeners)

    def add(self, listener: Listener) -> None:
        """Tell this one too."""
        self._listeners.append(listener)

    def run_started(self, start: RunStart) -> None:
        """Tell all."""
        self._tell("run_started", start)

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """Tell all."""
        self._tell("exchange_finished", start, step, exchange)

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """Tell all."""
        self._tell("step_finished", start, step)

    def run_finished(self, run: Run) -> None:
        """Tell all."""
        self._tell("run_finished", run)

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        """Tell all."""
        self._tell("slot_finished", probe, state, reason, lateness_seconds)

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        """Tell all."""
        self._tell("contract_compared", target, findings)

    def contract_unread(self, target: str, reason: str) -> None:
        """Tell all."""
        self._tell("contract_unread", target, reason)

    def run_kept(self, run: Run) -> None:
        """Tell all."""
        self._tell("run_kept", run)

    def runs_cut_off(self, count: int) -> None:
        """Tell all."""
        self._tell("runs_cut_off", count)

    def booking_settled(self, booking: Booking) -> None:
        """Tell all."""
        self._tell("booking_settled", booking)

    def journal_changed(self, state: JournalState) -> None:
        """Tell all."""
        self._tell("journal_changed", state)

    def recent_failures_changed(self, target: str, scenario: str, counts: Mapping[FailureKind, int]) -> None:
        """Tell all."""
        self._tell("recent_failures_changed", target, scenario, counts)

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """Tell all."""
        self._tell("incidents_changed", changed, still_open)

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        """Tell all."""
        self._tell("bookings_stopped", target, reason)

    def notice_told(self, channel: Channel, telling: Telling, count: int) -> None:
        """Tell all."""
        self._tell("notice_told", channel, telling, count)

    def notices_waiting(self, channel: Channel, count: int) -> None:
        """Tell all."""
        self._tell("notices_waiting", channel, count)

    def monitor_fault(self, fault: MonitorFault) -> None:
        """Tell all, with the run that it befell; a listener that fails here is left alone, or it would never end."""
        fault = placed(fault)
        for listener in self._listeners:
            try:
                listener.monitor_fault(fault)
            except Exception:  # noqa: BLE001, S112 - the others must still hear
                continue

    def _tell(self, event: str, *facts: object) -> None:
        for listener in self._listeners:
            try:
                getattr(listener, event)(*facts)
            except Exception as error:  # noqa: BLE001 - a broken listener never ends a run
                self.monitor_fault(
                    MonitorFault(
                        kind=FaultKind.LISTENER,
                        detail=f"{type(listener).__name__}.{event} failed",
                        error=error,
                    )
                )
