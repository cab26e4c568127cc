from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from exporter.audit_progress import CourseProgress, Progress
from exporter.cli import app
from probes.readiness.course.output import Output
from probes.readiness.course.situations import SITUATIONS, chosen
from probes.readiness.evidence import SituationRun
from probes.readiness.log_reading import LogWatch
from probes.readiness.rules.registry import RULES
from probes.readiness.words import SituationName


def console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)


def told(view: Console) -> str:
    assert isinstance(view.file, io.StringIO)
    return view.file.getvalue()


def progress_of(view: Console, log: LogWatch | None = None, *, show_output: bool = False) -> CourseProgress:
    names = [SituationName.DECLINE, SituationName.LOST_ANSWER]
    return CourseProgress(view, situations=chosen(names), log=log, show_output=show_output)


def play(progress: CourseProgress, name: SituationName, said: bytes = b"", **facts: object) -> None:
    """One situation, from its beginning to its end."""
    output = Output(str)
    output.feed(said)
    output.close()
    progress.begins(chosen([name])[0])
    facts = {"exit_code": 0, "reached": True, **facts}
    progress.ends(SituationRun(situation=name, began_seconds=1.0, ended_seconds=3.0, **facts), output)


@pytest.mark.parametrize(("listing", "known"), [("situations", SITUATIONS), ("rules", RULES)])
def test_what_an_audit_is_made_of_can_be_listed(listing: str, known: tuple[object, ...]) -> None:
    listed = CliRunner().invoke(app, ["audit", listing])
    names = [line.split()[0] for line in listed.output.splitlines() if not line.startswith(" ")]

    assert listed.exit_code == 0
    assert names == [getattr(each, "name", None) or getattr(each, "rule", None) for each in known]


def test_a_rule_is_listed_with_the_sentence_of_the_guide() -> None:
    listed = CliRunner().invoke(app, ["audit", "rules"]).output

    assert all(f"“{rule.source}”" in listed for rule in RULES)


@pytest.mark.parametrize("command", ["sandbox", "proxy"])
def test_the_help_says_what_the_exit_codes_mean_and_gives_an_example(command: str) -> None:
    helped = CliRunner().invoke(app, ["audit", command, "--help"], env={"COLUMNS": "80", "TERM": "dumb"})

    assert "Exit code 0: no rule is broken. 1: one is. 2: usage. 3:" in helped.output
    assert f"\n  brekwatch audit {command} " in helped.output


def test_each_situation_is_told_in_a_plain_line_where_there_is_no_terminal() -> None:
    view = console()
    with progress_of(view) as progress:
        play(progress, SituationName.DECLINE)
        play(progress, SituationName.LOST_ANSWER, exit_code=1, reached=False)

    assert told(view).splitlines() == [
        "  1/2  decline        0 requests, ended with exit code 0",
        "  2/2  lost_answer    0 requests, ended with exit code 1; it did not get so far as to meet it",
    ]


def test_what_is_under_way_is_shown_on_a_terminal() -> None:
    view = console(terminal=True)
    with progress_of(view) as progress:
        play(progress, SituationName.DECLINE)

    assert "situation 1 of 2: decline, 0 requests" in told(view)


def test_what_is_not_clean_is_no_markup() -> None:
    view = console(terminal=True)
    with Progress(view) as progress:
        progress.does("[bold]x[/bold] [/]")
        progress.say("[bold]y[/bold]")

    assert "[bold]y[/bold]" in told(view)


def test_a_command_that_did_not_end_well_is_noted_with_its_last_words() -> None:
    with progress_of(console()) as progress:
        play(progress, SituationName.DECLINE, b"fine")
        play(progress, SituationName.LOST_ANSWER, b"one\ntwo\n", exit_code=None, timed_out=True)

    assert progress.notes == ("lost_answer: the command took too long and was ended after 2 s and said last: two",)


def test_a_command_that_was_killed_is_told_with_the_signal() -> None:
    with progress_of(console()) as progress:
        play(progress, SituationName.DECLINE, exit_code=-9)

    assert progress.notes == ("decline: the command was ended by signal 9.",)


@pytest.mark.parametrize("show", [True, False], ids=["wanted", "not_wanted"])
def test_what_a_command_says_is_shown_if_that_is_wanted(*, show: bool) -> None:
    view = console()
    progress = progress_of(view, show_output=show)
    if progress.show is not None:
        progress.show("hello")

    assert told(view) == ("       | hello\n" if show else "")


def test_the_log_is_watched_situation_by_situation(tmp_path: Path) -> None:
    path = tmp_path / "client.log"
    progress = progress_of(console(), LogWatch(path))
    for name in (SituationName.DECLINE, SituationName.LOST_ANSWER):
        progress.begins(chosen([name])[0])
        with path.open("a") as log:
            log.write(f"{name}: your booking is confirmed\n")
        progress.ends(SituationRun(situation=name, began_seconds=0, ended_seconds=1), Output(str))
    assert progress._log is not None
    claims = progress._log.facts((), ()).claims

    assert claims == ((1, SituationName.DECLINE), (2, SituationName.LOST_ANSWER))
