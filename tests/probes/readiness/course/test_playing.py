from __future__ import annotations

import os
import sys
from pathlib import Path
from random import Random

import pytest
from support import course_client

from probes.errors import UsageError
from probes.readiness.course.output import Output
from probes.readiness.course.playing import Course, play
from probes.readiness.course.situations import Situation, chosen
from probes.readiness.evidence import Seen, SituationRun
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.rules.conversations import status_told
from probes.readiness.words import SituationName
from probes.redaction import Secret
from probes.sandbox.tenants import default_keys
from probes.words import Operation

_KEYS = default_keys(Random(1))  # noqa: S311 - the same keys in every test run
_KEY = next(iter(_KEYS))
_CLIENT = (sys.executable, course_client.__file__)


class Onlooker:
    """Keeps what an audience is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.said: list[tuple[str, ...]] = []
        self.shown: list[str] = []
        self.requests = 0
        self.counted: list[int] = []

    def saw(self, _seen: Seen) -> None:
        self.requests += 1

    def begins(self, situation: Situation) -> None:
        self.told.append(f"begins {situation.name}")

    def ends(self, run: SituationRun, output: Output) -> None:
        self.told.append(f"ends {run.situation}")
        self.said.append(output.last_lines)
        self.counted.append(self.requests)

    def show(self, line: str) -> None:
        self.shown.append(line)


async def played(
    *names: SituationName, command: tuple[str, ...] = _CLIENT, seconds: float = 20.0
) -> tuple[tuple[SituationRun, ...], tuple[Seen, ...], Onlooker]:
    """The runs, what was recorded, and who looked on."""
    onlooker = Onlooker()
    recorder = Recorder(secrets=[Secret(_KEY)], on_seen=onlooker.saw)
    course = Course(
        situations=chosen(names),
        command=command,
        environment={"PATH": os.environ["PATH"]},
        keys=_KEYS,
        timeout_seconds=seconds,
    )
    async with RecordingProxy("http://127.0.0.1:1", recorder) as proxy:
        runs = await play(course, proxy, onlooker)
    return runs, recorder.exchanges, onlooker


async def test_the_command_is_run_once_for_each_situation_from_a_clean_state() -> None:
    names = (SituationName.NORMAL_BOOKING, SituationName.SAVED_CARD, SituationName.DECLINE)
    runs, exchanges, onlooker = await played(*names)
    told = {
        name: [status_told(seen) for seen in exchanges if seen.situation is name and status_told(seen)]
        for name in names
    }

    assert [(run.situation, run.exit_code, run.reached) for run in runs] == [(name, 0, True) for name in names]
    assert onlooker.told == [f"{word} {name}" for name in names for word in ("begins", "ends")]
    assert told[SituationName.NORMAL_BOOKING][2:] == [
        "payment_setup_required",
        "payment_confirmation_required",
        "booked",
    ]
    assert told[SituationName.SAVED_CARD][2] == "payment_confirmation_required"
    assert told[SituationName.DECLINE][2:] == ["payment_setup_required", "payment_confirmation_required", "error"]


async def test_a_command_that_ends_early_is_told_by_its_exit_code_and_its_last_words_without_the_key() -> None:
    runs, exchanges, onlooker = await played(SituationName.LOST_ANSWER, SituationName.AUTH_REJECTED)

    assert [(run.exit_code, run.reached, run.timed_out) for run in runs] == [(1, True, False)] * 2
    assert [seen.operation for seen in exchanges if seen.situation is runs[1].situation] == [Operation.CREATE_SESSION]
    assert onlooker.said[1] == ("ended by HTTP Error 403: Forbidden, key ***",)
    assert onlooker.shown[-1] == onlooker.said[1][0]
    assert exchanges[-2].lost is not None


async def test_what_was_sent_by_a_command_that_hangs_is_kept_and_so_is_its_situation() -> None:
    runs, _, _ = await played(SituationName.NORMAL_BOOKING, command=("sleep", "60"), seconds=0.1)

    assert (runs[0].exit_code, runs[0].timed_out, runs[0].reached) == (None, True, False)
    assert runs[0].began_seconds < runs[0].ended_seconds


async def test_the_moments_of_situations_are_those_of_the_exchanges() -> None:
    runs, exchanges, _ = await played(SituationName.RATE_LIMITED, SituationName.NORMAL_BOOKING)

    for run in runs:
        own = [seen for seen in exchanges if seen.situation is run.situation]
        assert own
        assert all(run.began_seconds <= seen.began_seconds <= run.ended_seconds for seen in own)


async def test_all_requests_of_a_situation_are_told_of_before_it_ends() -> None:
    _, exchanges, onlooker = await played(SituationName.NORMAL_BOOKING, SituationName.SAVED_CARD)
    of_the_first = sum(seen.situation is SituationName.NORMAL_BOOKING for seen in exchanges)

    assert onlooker.counted == [of_the_first, len(exchanges)]


async def test_a_request_of_a_last_breath_belongs_to_its_situation(tmp_path: Path) -> None:
    script = tmp_path / "last.py"
    script.write_text(
        "import os, socket, urllib.parse\n"
        "to = urllib.parse.urlsplit(os.environ['BREK_BASE_URL'])\n"
        "head = 'GET /api/partner/v1/core-chat/sessions/x HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'\n"
        "link = socket.create_connection((to.hostname, to.port))\n"
        "link.sendall(head.encode())\n"
        "os._exit(0)\n"
    )
    _, exchanges, _ = await played(SituationName.NORMAL_BOOKING, command=(sys.executable, str(script)))

    assert [seen.situation for seen in exchanges] == [SituationName.NORMAL_BOOKING]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nonexistent/program",), "can't be started: no such file"),
        (("sh", "-c", "no_such_program_at_all"), "exit code 127: there is no such program .*not found"),
        (("sh", "-c", "/etc"), "exit code 126: it is no program that may be run"),
    ],
    ids=["no_program", "unknown_to_the_shell", "no_program_to_the_shell"],
)
async def test_a_command_that_cannot_be_run_is_a_usage_error(command: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        await played(SituationName.NORMAL_BOOKING, command=command)


async def test_the_exit_code_127_of_a_command_that_was_seen_to_run_is_its_own() -> None:
    command = ("sh", "-c", f"{sys.executable} {course_client.__file__}; exit 127")
    runs, _, _ = await played(SituationName.NORMAL_BOOKING, command=command)

    assert runs[0].exit_code == 127
