"""Tells the log what runs tell: one line a run, a line for what failed or was found, and each exchange with its ids."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from probes.incident import Incident
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
)
from probes.verdict import deciding_exchange
from probes.words import Outcome, SlotState

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_LEVELS = {
    Outcome.PASSED: logging.INFO,
    Outcome.DEGRADED: logging.WARNING,
    Outcome.FAILED: logging.WARNING,
    Outcome.SKIPPED: logging.INFO,
    Outcome.UNKNOWN: logging.ERROR,
}


def _ids(exchange: Exchange | None) -> dict[str, str | None]:
    """What support asks for, and what a conversation is found by."""
    answer = None if exchange is None else exchange.answer
    return {
        "request_id": None if answer is None else answer.request_id,
        "trace_id": None if answer is None else answer.trace_id,
        "session_id": None if exchange is None else exchange.session_id,
        "event_id": None if answer is None else answer.event_id,
    }


class LogListener(Listener):
    """Event names are constant; ids are fields, since they belong in logs and nowhere in labels."""

    def __init__(self, log: FilteringBoundLogger | None = None) -> None:
        if log is None:
            import structlog

            log = structlog.get_logger("brekwatch")
        self._log: FilteringBoundLogger = log
        self._journal_problem: str | None = None
        self._open_incidents: frozenset[str] = frozenset()

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """Each attempt: at debug what went as the step wanted, as a warning what did not."""
        answer, failure = exchange.answer, exchange.failure
        level = logging.DEBUG if exchange.expected else logging.WARNING
        if not self._log.is_enabled_for(level):
            return
        self._log.log(
            level,
            "exchange_finished",
            run_id=start.run_id,
            target=start.target,
            scenario=start.scenario,
            step=step,
            operation=exchange.operation.value,
            attempt=exchange.attempt,
            status_code=exchange.status_code,
            code=None if answer is None else answer.code,
            error=None if answer is None else answer.error,
            chat_status=None if answer is None else answer.chat_status,
            expected=exchange.expected,
            duration_seconds=round(exchange.duration_seconds, 6),
            **_ids(exchange),
            idempotency_key=exchange.idempotency_key,
            failure_kind=None if failure is None else failure.kind.value,
            observed=None if failure is None else failure.observed,
        )

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """What was found, and a failed step with the ids that support asks for."""
        where = {"run_id": start.run_id, "target": start.target, "scenario": start.scenario, "step": step.name}
        for finding in dict.fromkeys(step.findings):
            self._log.info("finding_seen", **where, **_facts(finding))
        if step.outcome is not Outcome.FAILED or step.failure is None:
            return
        self._log.warning(
            "step_failed",
            **where,
            kind=step.failure.kind.value,
            expected=step.failure.expected,
            observed=step.failure.observed,
            attempts=len(step.own_exchanges),
            **_ids(step.own_exchange),
        )

    def run_finished(self, run: Run) -> None:
        """The verdict of each run, with the ids of the exchange that decided it."""
        step = run.failed_step
        self._log.log(
            _LEVELS[run.outcome],
            "run_finished",
            run_id=run.run_id,
            target=run.target,
            scenario=run.scenario,
            outcome=run.outcome.value,
            reason=run.reason,
            detail=run.detail,
            duration_seconds=round(run.duration_seconds, 6),
            failed_step=None if step is None else step.name,
            findings=len(run.findings),
            recheck=run.recheck,
            **_ids(deciding_exchange(run)),
        )

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        """A slot that was not played, or late."""
        if state == SlotState.RUN:
            return
        self._log.warning(
            "slot_skipped" if state == SlotState.SKIPPED else "slot_late",
            target=probe.target,
            scenario=probe.scenario,
            reason=reason,
            lateness_seconds=round(lateness_seconds, 3),
        )

    def contract_compared(self, target: str, findings: tuple[Finding, ...]) -> None:
        """One line a difference."""
        for finding in findings:
            facts = _facts(finding)
            self._log.warning("contract_drift", target=target, operation=facts["operation"], detail=finding.detail)

    def contract_unread(self, target: str, reason: str) -> None:
        """Not every target publishes the file."""
        self._log.warning("contract_unread", target=target, reason=reason)

    def booking_settled(self, booking: Booking) -> None:
        """What became of a booking whose run was cut off."""
        self._log.warning(
            "booking_settled",
            run_id=booking.run_id,
            target=booking.target,
            session_id=booking.session_id,
            booking_id=booking.booking_id,
            state=booking.state.value,
        )

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """That one opened, and that it ended; not each run that it hurts, which has its own line."""
        for incident in changed:
            if incident.is_open and incident.incident_id not in self._open_incidents:
                self._tell_incident("incident_opened", incident, run_id=incident.detected_run_id)
            elif incident.ended is not None:
                self._tell_incident(
                    "incident_ended", incident, run_id=incident.recovered_run_id, ended=incident.ended.value
                )
        self._open_incidents = frozenset(incident.incident_id for incident in still_open)

    def _tell_incident(self, event: str, incident: Incident, **more: str | None) -> None:
        cause, operation = incident.cause, incident.cause.operation
        self._log.log(
            logging.ERROR if incident.is_open else logging.WARNING,
            event,
            incident_id=incident.incident_id,
            target=cause.target,
            kind=cause.kind.value,
            operation=None if operation is None else operation.value,
            blame=incident.blame.value,
            scenarios=list(incident.scenarios),
            failed_runs=incident.failed_runs,
            first_failed_at=incident.first_failed_at.isoformat(),
            first_failed_run_id=incident.first_failed_run_id,
            **more,
        )

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        """A target may not book any more, or may again."""
        if reason is None:
            self._log.info("bookings_resumed", target=target)
        else:
            self._log.error("bookings_stopped", target=target, reason=reason)

    def journal_changed(self, state: JournalState) -> None:
        """That it commits again; why it could not is told as a fault of the monitor."""
        before, self._journal_problem = self._journal_problem, state.problem
        if before is not None and state.problem is None:
            self._log.info("journal_recovered", waiting=state.waiting, lost=state.lost)

    def monitor_fault(self, fault: MonitorFault) -> None:
        """Our own fault, with its traceback."""
        self._log.error(
            "monitor_fault",
            kind=fault.kind.value,
            detail=fault.detail,
            run_id=fault.run_id,
            target=fault.target,
            scenario=fault.scenario,
            request_id=fault.request_id,
            exc_info=fault.error,
        )


def _facts(finding: Finding) -> dict[str, str | None]:
    operation = None if finding.operation is None else finding.operation.value
    return {"kind": finding.kind.value, "operation": operation, "detail": finding.detail}
