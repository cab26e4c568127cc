"""What people see while a readiness check is under way: the plan, each step, and each check as it becomes known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exporter.terminal import LiveRun
from probes.listening import Listener
from probes.model import Run
from probes.readiness.model import Check
from probes.readiness.words import SCENARIO_PREFIX, CheckState

_NEWS = frozenset({CheckState.PASSED, CheckState.FAILED})


class CheckNews(Listener):
    """After each run: the checks that it decided. What passed so far may still fail, and is then told again."""

    def __init__(self, view: LiveRun, judge: Callable[[], Iterable[Check]]) -> None:
        self._view = view
        self._judge = judge
        self._told: dict[str, CheckState] = {}

    def run_finished(self, run: Run) -> None:
        """The run has been kept by now: this listener comes after who keeps it."""
        news = [check for check in self._judge() if self._is_new(check)]
        self._told |= {check.check_id: check.state for check in news}
        passed = [check.check_id for check in news if check.state is CheckState.PASSED]
        if passed:
            self._view.say("  ", ("passed so far", "green"), f"  {self._view.clean(', '.join(passed))}")
        for check in news:
            if check.state is CheckState.FAILED:
                self._tell_failed(check)

    def _is_new(self, check: Check) -> bool:
        """A scenario's own check that passed says no more than the verdict of its runs, which is told already."""
        of_scenario = check.check_id.startswith(SCENARIO_PREFIX) and check.state is CheckState.PASSED
        known = self._told.get(check.check_id) is check.state
        return check.state in _NEWS and not known and not of_scenario

    def _tell_failed(self, check: Check) -> None:
        waived = ", which is waived" if check.waived else ""
        told = self._view.clean(f"{check.check_id}{waived}: {check.seen}")
        self._view.say("  ", ("check failed", "bold red"), f"  {told}")
