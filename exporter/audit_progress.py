"""What people see while an audit goes on: a line for each situation and, on a terminal, what is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from probes.readiness.course.output import Output
from probes.readiness.course.situations import Situation
from probes.readiness.evidence import Seen, SituationRun
from probes.readiness.log_reading import LogWatch
from probes.readiness.rules.telling import counted

_SPINNER_HERTZ = 5


class Progress:
    """Tells on stderr of an audit under way, and keeps what a command that failed said last, for the report."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("", console=console, refresh_per_second=_SPINNER_HERTZ)
        self._doing = "waiting for requests"
        self.requests = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        self._show()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._status.stop()

    def say(self, *parts: str | tuple[str, str]) -> None:
        """One line of parts that are clean."""
        self._console.print(Text.assemble(*parts), soft_wrap=True, highlight=False)

    def does(self, doing: str) -> None:
        """What is under way from now on."""
        self._doing = doing
        self._show()

    def saw(self, _seen: Seen) -> None:
        """One exchange has ended."""
        self.requests += 1
        self._show()

    def _show(self) -> None:
        self._status.update(escape(f"{self._doing}, {counted(self.requests, 'request')}"))


class CourseProgress(Progress):
    """Of a course that is played to a command: `log` is watched situation by situation."""

    def __init__(
        self,
        console: Console,
        *,
        situations: Sequence[Situation],
        log: LogWatch | None,
        show_output: bool,
    ) -> None:
        super().__init__(console)
        self._situations = tuple(situations)
        self._log = log
        self._show_output = show_output
        self._number = 0
        self._before = 0
        self.notes: tuple[str, ...] = ()

    def begins(self, situation: Situation) -> None:
        """It is about to be played."""
        self._number += 1
        self._before = self.requests
        if self._log is not None:
            self._log.begin(situation.name)
        self.does(f"situation {self._number} of {len(self._situations)}: {situation.name}")

    def ends(self, run: SituationRun, output: Output) -> None:
        """It was played."""
        if self._log is not None:
            self._log.end()
        place = f"{self._number:>{len(str(len(self._situations)))}}/{len(self._situations)}"
        width = max(len(situation.name) for situation in self._situations)
        ended = _ending(run)
        self.say(
            ("  ", ""),
            f"{place}  {run.situation:<{width}}  {counted(self.requests - self._before, 'request'):>12}, ",
            (ended, "" if run.exit_code == 0 else "yellow"),
            ("" if run.reached else "; it did not get so far as to meet it", "dim"),
        )
        if run.exit_code != 0:
            said = f" and said last: {output.last_lines[-1]}" if output.last_lines else "."
            self.notes += (f"{run.situation}: the command {ended}{said}",)

    @property
    def show(self) -> Callable[[str], None] | None:
        """Shows a line that the command says, if that is wanted."""
        return self._echo if self._show_output else None

    def _echo(self, line: str) -> None:
        self.say(("       | ", "dim"), line)


def _ending(run: SituationRun) -> str:
    if run.timed_out:
        return f"took too long and was ended after {run.ended_seconds - run.began_seconds:.0f} s"
    if run.exit_code is not None and run.exit_code < 0:
        return f"was ended by signal {-run.exit_code}"
    return f"ended with exit code {run.exit_code}"
