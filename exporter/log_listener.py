"""Tells the log what runs tell: one line a run, a line for what failed, and each exchange for whoever debugs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from probes.listening import Listener
from probes.model import Exchange, Finding, MonitorFault, Probe, Run, RunStart, StepResult
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


class LogListener(Listener):
    """Event names are constant; ids are fields, since they belong in logs and nowhere in labels."""

    def __init__(self, log: FilteringBoundLogger | None = None) -> None:
        if log is None:
            import structlog

            log = structlog.get_logger("brekwatch")
        self._log: FilteringBoundLogger = log

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        """Each attempt, at debug."""
        if not self._log.is_enabled_for(logging.DEBUG):
            return
        answer, failure = exchange.answer, exchange.failure
        self._log.debug(
            "exchange_finished",
            run_id=start.run_id,
            target=start.target,
            scenario=start.scenario,
            step=step,
            operation=exchange.operation.value,
            attempt=exchange.attempt,
            status_code=exchange.status_code,
            code=None if answer is None else answer.code,
            chat_status=None if answer is None else answer.chat_status,
            expected=exchange.expected,
            duration_seconds=round(exchange.duration_seconds, 6),
            request_id=None if answer is None else answer.request_id,
            trace_id=None if answer is None else answer.trace_id,
            failure_kind=None if failure is None else failure.kind.value,
        )

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """A failed step, with the ids that support asks for."""
        if step.outcome is not Outcome.FAILED or step.failure is None:
            return
        own = step.own_exchange
        answer = None if own is None else own.answer
        self._log.warning(
            "step_failed",
            run_id=start.run_id,
            target=start.target,
            scenario=start.scenario,
            step=step.name,
            kind=step.failure.kind.value,
            expected=step.failure.expected,
            observed=step.failure.observed,
            attempts=len(step.own_exchanges),
            request_id=None if answer is None else answer.request_id,
            trace_id=None if answer is None else answer.trace_id,
        )

    def run_finished(self, run: Run) -> None:
        """The verdict of each run."""
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
            operation = None if finding.operation is None else finding.operation.value
            self._log.warning("contract_drift", target=target, operation=operation, detail=finding.detail)

    def contract_unread(self, target: str, reason: str) -> None:
        """Not every target publishes the file."""
        self._log.warning("contract_unread", target=target, reason=reason)

    def monitor_fault(self, fault: MonitorFault) -> None:
        """Our own fault, with its traceback."""
        self._log.error(
            "monitor_fault",
            kind=fault.kind.value,
            detail=fault.detail,
            run_id=fault.run_id,
            target=fault.target,
            scenario=fault.scenario,
            exc_info=fault.error,
        )
