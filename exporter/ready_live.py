"""What people see while a readiness check is under way: the plan, each step, and each check as it becomes known."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exporter.terminal import LiveRun
from probes.listening import Listener
from probes.model import Run
from probes.readiness.model import Check
from probes.readiness.words import CheckState

_NEWS = frozenset({CheckState.PASSED, CheckState.FAILED})


class CheckNews(Listener):
    """After each run: the checks that it decided. What passed so far may still fail, and is then told again."""

    def __init__(self, view: LiveRun, judge: Callable[[], Iterable[Check]]) -> None:
        self._view = view
        self._judge = judge
        self._told: dict[str, CheckState] = {}

    def run_finished(self, run: Run) -> None:
        """The run has been kept by now: this listener comes after who keeps it."""
        for check in self._judge():
            if check.state in _NEWS and self._told.get(check.check_id) is not check.state:
                self._told[check.check_id] = check.state
                self._tell(check)

    def _tell(self, check: Check) -> None:
        view = self._view
        if check.state is CheckState.PASSED:
            view.say("  ", ("passed so far", "green"), f"  {view.clean(check.check_id)}")
            return
        waived = ", which is waived" if check.waived else ""
        view.say("  ", ("failed", "bold red"), f"  {view.clean(f'{check.check_id}{waived}: {check.seen}')}")
