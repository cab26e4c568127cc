"""What people see in a terminal: each step of a run as it ends, a verdict, and a line a run for the demo.

Text from a server is data: it is scrubbed, stripped of control characters, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from rich.console import Console
from rich.status import Status
from rich.text import Text

from probes.incident import Incident
from probes.listening import Listener
from probes.model import Answer, Failure, MonitorFault, Run, RunStart, StepResult
from probes.redaction import printable
from probes.words import NO_STATUS, Outcome

STYLES = {
    Outcome.PASSED: "green",
    Outcome.DEGRADED: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "dim",
    Outcome.UNKNOWN: "magenta",
}
_LONGEST = 200
_CLEANING_UP = "cleaning up"
_SPINNER_HERTZ = 5  # each turn of it takes the processor from what is measured


class Terminal(Listener):
    """Prints finished facts to a console."""

    def __init__(self, console: Console, scrub: Callable[[str], str]) -> None:
        self._console = console
        self.scrub = scrub
        self._faults_told: set[tuple[str, str]] = set()

    def clean(self, text: str) -> str:
        """A server's text, fit for a terminal."""
        return printable(self.scrub(text), _LONGEST)

    def say(self, *parts: str | tuple[str, str]) -> None:
        """One line of plain or styled parts, which are already clean."""
        self._console.print(Text.assemble(*parts), soft_wrap=True, highlight=False)

    def failure(self, indent: str, failure: Failure) -> None:
        """The lines that say what was wrong."""
        self.say(indent, (failure.kind, "bold red"), f": expected {self.clean(failure.expected)}")
        self.say(indent, f"observed {self.clean(failure.observed)}")

    def step(self, step: StepResult) -> None:
        """One step: outcome, latency, status, ids, and what was wrong with it."""
        attempts = len(step.own_exchanges)
        took = f"{step.duration_seconds * 1000:7.0f} ms" if attempts else " " * 10
        ids = [f"{name}={value}" for name, value in _ids(step) if value]
        self.say(
            "  ",
            (f"{step.outcome:<9}", STYLES[step.outcome]),
            f"{step.name:<16} {took}  ",
            f"{self.clean(_told(step)):<30}",
            (self.clean("  ".join(ids)), "dim"),
            f"  {attempts} requests" if attempts > 1 else "",
        )
        if step.failure is not None:
            self.failure(" " * 11, step.failure)

    def verdict(self, run: Run) -> None:
        """The verdict of a run, what was found beside it, and what became of bookings."""
        why = f": {self.clean(run.detail)}" if run.detail else ""
        self.say(
            (run.outcome, STYLES[run.outcome]),
            f" {run.scenario} on {run.target} in {run.duration_seconds:.2f} s{why}",
        )
        for finding in run.findings:
            self.say("  ", ("finding", "yellow"), f" {finding.kind}: {self.clean(finding.detail)}")
        for booking in run.bookings:
            self.say(f"  booking {booking.state}, session {self.clean(booking.session_id)}")

    def bookings_stopped(self, target: str, reason: str | None) -> None:
        """A target may not book any more, and the way out; or it may again."""
        if reason is None:
            self.say(f"{target} may book again")
        else:
            self.say(("stopped", "bold red"), f" {target}: {self.clean(reason)}")
            self.say(f"  see to it, then let it go on: brekwatch resume {target}")

    def monitor_fault(self, fault: MonitorFault) -> None:
        """Our own fault is shown as such, and only once: it may befall each turn of each run."""
        if (fault.kind, fault.detail) in self._faults_told:
            return
        self._faults_told.add((fault.kind, fault.detail))
        self.say(("brekwatch's own fault", "magenta"), f" ({fault.kind}): {self.clean(fault.detail)}")


class LiveRun(Terminal):
    """For `run`: a heading, each step as it ends (outcome, latency, status, ids), the verdict.

    On a terminal, and nowhere else, a spinner names the step under way: the one that comes next in `step_names`.
    Where several runs are to be played, a heading says how far that is: `planned` is their number.
    """

    def __init__(
        self,
        console: Console,
        scrub: Callable[[str], str],
        step_names: Mapping[str, Sequence[str]] | None = None,
        *,
        planned: int = 1,
    ) -> None:
        super().__init__(console, scrub)
        self._step_names = step_names or {}
        self._planned = planned
        self._ended = 0
        self._spinner: Status | None = None

    def expect(self, planned: int) -> None:
        """So many runs are to be played, where that is known only now."""
        self._planned = planned

    def close(self) -> None:
        """Leave no spinner behind."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def run_started(self, start: RunStart) -> None:
        """The heading."""
        progress = f"  ({self._ended + 1} of {self._planned})" if self._planned > 1 else ""
        self.say((start.scenario, "bold"), f" on {start.target}  run {start.run_id}{progress}")
        if self._console.is_interactive and self._console.file.isatty():
            first = next(iter(self._step_names.get(start.scenario, ())), "")
            self._spinner = self._console.status(Text(first), refresh_per_second=_SPINNER_HERTZ)
            self._spinner.start()

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        """One step, and what comes next."""
        self.step(step)
        if self._spinner is not None:
            self._spinner.update(Text(_next_after(step.name, self._step_names.get(start.scenario, ()))))

    def run_finished(self, run: Run) -> None:
        """The verdict."""
        self.close()
        self._ended += 1
        self.verdict(run)


def _next_after(name: str, names: Sequence[str]) -> str:
    following = dict(pairwise(names))
    return following.get(name, _CLEANING_UP)


def _answer(step: StepResult) -> Answer | None:
    """What the step was judged by; none if it was lost, whatever was read after it."""
    own = step.own_exchange
    return None if own is None else own.answer


def _told(step: StepResult) -> str:
    answer = _answer(step)
    return "" if answer is None else answer.chat_status or f"HTTP {answer.status_code}"


def _ids(step: StepResult) -> tuple[tuple[str, str | None], ...]:
    answer = _answer(step)
    if answer is None:
        return ()
    return (("request", answer.request_id), ("trace", answer.trace_id))


class RunLines(Terminal):
    """For the demo: one line a run (scenario, outcome, duration, chain of statuses), why it failed, and incidents."""

    _open_incidents: frozenset[str] = frozenset()

    def incidents_changed(self, changed: tuple[Incident, ...], still_open: tuple[Incident, ...]) -> None:
        """That one opened, and that it ended, with the address of its report."""
        for incident in changed:
            if incident.ended is not None or incident.incident_id not in self._open_incidents:
                self._tell_incident(incident)
        self._open_incidents = frozenset(incident.incident_id for incident in still_open)

    def _tell_incident(self, incident: Incident) -> None:
        cause, how = incident.cause, "opened" if incident.ended is None else f"ended: {incident.ended}"
        self.say(
            (f"--- incident {how}", "bold red" if incident.is_open else "bold green"),
            f": {cause.kind}{f' at {cause.operation}' if cause.operation else ''} on {cause.target},"
            f" who has to act: {incident.blame}; its report is at /incidents/{incident.incident_id}",
        )

    def run_finished(self, run: Run) -> None:
        """One line; for a run that did not pass, what was wrong and the ids that prove it."""
        self.say(
            f"{run.started_at.astimezone():%H:%M:%S}  {run.scenario:<24}",
            (f"{run.outcome:<9}", STYLES[run.outcome]),
            f"{run.duration_seconds * 1000:7.0f} ms  ",
            self.clean(_chain(run)),
        )
        if run.outcome is not Outcome.PASSED and run.detail:
            self.say(" " * 10, f"{run.reason}: {self.clean(run.detail)}")
        failed = run.failed_step
        if failed is not None:
            ids = [f"{name}Id {value}" for name, value in _ids(failed) if value]
            self.say(" " * 10, (self.clean(f"run {run.run_id}  " + "  ".join(ids)), "dim"))


def _chain(run: Run) -> str:
    """`shortlist → guest_name_required → …`."""
    reached = [change.to_status for change in run.transitions if change.to_status != NO_STATUS]
    return " → ".join(reached)
