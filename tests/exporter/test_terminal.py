from __future__ import annotations

import io
import os
import pty
import select
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console
from support.facts import NOON, a_failed_step, a_failure, a_run, a_start, a_step, an_answer, an_exchange
from support.incidents import an_incident, ended

from exporter.terminal import LiveRun, RunLines, Terminal
from probes.model import MonitorFault, Transition
from probes.redaction import Scrubber, Secret
from probes.words import FailureKind, FaultKind, Operation, Outcome

SNAPSHOT = an_exchange(
    operation=Operation.GET_SESSION,
    answer=an_answer(200, header_request_id="of-the-snapshot", trace_id="of-the-snapshot"),
)
OWN = an_exchange(answer=an_answer(500, header_request_id="of-the-write", trace_id=None), expected=False)
LOST = an_exchange(failure=a_failure(FailureKind.TIMEOUT), answer=None, expected=False)
STEPS = {"quick_search": ("create_session", "search")}


def pipe(**options: object) -> tuple[Console, io.StringIO]:
    """A console that writes into a text."""
    text = io.StringIO()
    return Console(file=text, width=160, **options), text  # type: ignore[arg-type]


@contextmanager
def terminal() -> Iterator[tuple[Console, int]]:
    """A console on a terminal, and the descriptor from which that is read."""
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w", encoding="utf-8") as screen:
        yield Console(file=screen, width=160, _environ={"TERM": "xterm"}), reader
    os.close(reader)


def test_the_evidence_of_a_step_is_its_own_exchange_and_not_the_snapshot_read_after_it() -> None:
    console, text = pipe()
    LiveRun(console, str).step_finished(a_start(), a_failed_step(exchanges=(OWN, SNAPSHOT)))

    assert "of-the-write" in text.getvalue()
    assert "HTTP 500" in text.getvalue()
    assert "of-the-snapshot" not in text.getvalue()
    assert "requests" not in text.getvalue()


def test_a_lost_answer_shows_no_ids_of_another() -> None:
    console, text = pipe()
    LiveRun(console, str).step_finished(a_start(), a_failed_step(FailureKind.TIMEOUT, exchanges=(LOST, SNAPSHOT)))

    assert "timeout" in text.getvalue()
    assert "request=" not in text.getvalue()
    assert "HTTP 200" not in text.getvalue()


def test_only_a_step_s_own_requests_are_counted() -> None:
    console, text = pipe()
    LiveRun(console, str).step_finished(a_start(), a_failed_step(exchanges=(OWN, OWN, SNAPSHOT)))

    assert "2 requests" in text.getvalue()


def test_a_failed_run_s_line_has_the_ids_of_the_failed_step_s_own_exchange() -> None:
    console, text = pipe()
    RunLines(console, str).run_finished(
        a_run(Outcome.FAILED, steps=(a_failed_step(exchanges=(OWN, SNAPSHOT)),), detail="search: expected 200")
    )

    assert "requestId of-the-write" in text.getvalue()
    assert "of-the-snapshot" not in text.getvalue()


def test_a_run_s_line_tells_the_chain_of_statuses() -> None:
    changes = (
        Transition(from_status="none", to_status="shortlist", documented=True),
        Transition(from_status="shortlist", to_status="guest_name_required", documented=True),
    )
    console, text = pipe()
    RunLines(console, str).run_finished(a_run(steps=(a_step(transitions=changes),)))

    assert text.getvalue().count("\n") == 1
    assert text.getvalue().endswith("passed      1500 ms  shortlist → guest_name_required\n")


def test_a_server_s_text_is_neither_markup_nor_control_characters_nor_a_secret() -> None:
    failure = a_failure(observed="[red]\x1b[2J a-partner-key \x07")
    console, text = pipe()
    scrub = Scrubber([Secret("a-partner-key")]).text
    LiveRun(console, scrub).step_finished(a_start(), a_failed_step(failure=failure))

    assert "observed [red]\N{REPLACEMENT CHARACTER}[2J *** \N{REPLACEMENT CHARACTER}\n" in text.getvalue()


def test_our_own_fault_is_shown_as_such() -> None:
    console, text = pipe()
    Terminal(console, str).monitor_fault(MonitorFault(kind=FaultKind.BUG, detail="KeyError in step search"))

    assert text.getvalue() == "brekwatch's own fault (bug): KeyError in step search\n"


def read_until(reader: int, text: str) -> str:
    """What a terminal shows up to this text, for two seconds at most."""
    shown = ""
    while text not in shown and select.select([reader], [], [], 2.0)[0]:
        shown += os.read(reader, 65_536).decode()
    return shown


def test_on_a_terminal_a_spinner_names_the_step_under_way_and_goes_away() -> None:
    with terminal() as (console, reader):
        view = LiveRun(console, str, STEPS)
        view.run_started(a_start())
        first = read_until(reader, "create_session")
        view.step_finished(a_start(), a_step(name="create_session"))
        second = read_until(reader, "search")
        view.step_finished(a_start(), a_step(name="search"))
        third = read_until(reader, "cleaning up")
        view.run_finished(a_run())
        last = read_until(reader, "\x1b[?25h")

    assert "create_session" in first
    assert "search" in second
    assert "cleaning up" in third
    assert "\x1b[?25h" in last


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1", "TERM": "xterm"}], ids=["plain", "forced-colours"])
def test_there_is_no_spinner_in_a_pipe(environment: dict[str, str]) -> None:
    console, text = pipe(_environ=environment, no_color=True)
    view = LiveRun(console, str, STEPS)
    view.run_started(a_start())
    view.step_finished(a_start(), a_step(name="create_session"))
    view.close()

    assert "\x1b[?25l" not in text.getvalue()
    assert text.getvalue().count("\n") == 2


def test_a_fault_of_ours_that_befalls_every_turn_is_said_once() -> None:
    console = Console(file=io.StringIO(), width=160)
    terminal = Terminal(console, str)

    for detail in ("the disk is full", "the disk is full", "the file is gone"):
        terminal.monitor_fault(MonitorFault(kind=FaultKind.JOURNAL, detail=detail))

    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "brekwatch's own fault (journal): the disk is full",
        "brekwatch's own fault (journal): the file is gone",
    ]


def test_the_demo_tells_an_incident_when_it_opens_and_when_it_ends() -> None:
    console, text = pipe()
    lines, incident = RunLines(console, str), an_incident()

    lines.incidents_changed((incident,), (incident,))
    lines.incidents_changed((incident,), (incident,))
    lines.incidents_changed((ended(incident, NOON),), ())

    first, last = text.getvalue().splitlines()
    assert first.startswith("--- incident opened: server_error at send_event on acme-1, who has to act: api;")
    assert last.startswith("--- incident ended: recovered:")
    assert first.endswith(f"/incidents/{incident.incident_id}")
