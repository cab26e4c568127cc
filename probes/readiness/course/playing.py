"""Plays a course to a partner's command: each situation from a clean state, and the command once for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from probes.errors import UsageError
from probes.readiness.course.commands import run_command
from probes.readiness.course.output import Output
from probes.readiness.course.scripts import OneSituation
from probes.readiness.course.situations import Situation
from probes.readiness.evidence import SituationRun
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.redaction import printable
from probes.sandbox.server import SandboxServer
from probes.sandbox.tenants import Tenant

_NOT_RUN = {126: "it is no program that may be run", 127: "there is no such program"}
_SETTLING_SECONDS = 0.02
_DRAINING_SECONDS = 1.0


class Audience(Protocol):
    """Is told of the course while it is played."""

    def begins(self, situation: Situation) -> None:
        """It is about to be played."""

    def ends(self, run: SituationRun, output: Output) -> None:
        """It was played: how the command did, and what it said."""

    @property
    def show(self) -> Callable[[str], None] | None:
        """Is told each line that the command says; None: nobody wants to see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is played to which command. `environment` is that of the command, to which the four variables are added."""

    situations: tuple[Situation, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    keys: Mapping[str, Tenant]
    timeout_seconds: float


async def play(course: Course, proxy: RecordingProxy, audience: Audience) -> tuple[SituationRun, ...]:
    """Plays them in order, behind the proxy. Raises UsageError for a command that can't be run."""
    return tuple([await _play_one(course, situation, proxy, audience) for situation in course.situations])


async def _play_one(course: Course, situation: Situation, proxy: RecordingProxy, audience: Audience) -> SituationRun:
    recorder, script = proxy.recorder, OneSituation(situation)
    output = Output(recorder.scrub, show=audience.show)
    audience.begins(situation)
    recorder.situation = situation.name
    began = recorder.clock()
    async with SandboxServer(api_keys=course.keys, script=script) as sandbox:
        proxy.upstream = sandbox.base_url
        ended = await run_command(
            course.command,
            _environment(course, situation, proxy, sandbox),
            output,
            timeout_seconds=course.timeout_seconds,
        )
        await asyncio.sleep(_SETTLING_SECONDS)  # what it sent with its last breath is on its way
        await proxy.drained(within_seconds=_DRAINING_SECONDS)
    recorder.catch_up()  # whoever counts requests is told of this situation's before it ends
    run = SituationRun(
        situation=situation.name,
        began_seconds=began,
        ended_seconds=recorder.clock(),
        exit_code=ended.exit_code,
        timed_out=ended.timed_out,
        reached=script.play.reached,
    )
    _check_that_it_ran(course, run, recorder, output)
    audience.ends(run, output)
    return run


def _environment(course: Course, situation: Situation, proxy: RecordingProxy, sandbox: SandboxServer) -> dict[str, str]:
    return {
        **course.environment,
        "BREK_BASE_URL": proxy.base_url,
        "BREK_PARTNER_API_KEY": sandbox.api_key,
        "BREK_PORTAL_ATTACH_URL": sandbox.attach_url,
        "BREKWATCH_SITUATION": situation.name.value,
    }


def _check_that_it_ran(course: Course, run: SituationRun, recorder: Recorder, output: Output) -> None:
    """Raises UsageError for what a shell says of a command that it can't run; one that sent something did run."""
    reason = _NOT_RUN.get(run.exit_code or 0)
    if reason is None or any(seen.situation is run.situation for seen in recorder.exchanges):
        return
    said = f" ({output.last_lines[-1]})" if output.last_lines else ""
    name = printable(course.command[0], 200)
    raise UsageError(f"{name} ended with exit code {run.exit_code}: {reason}{said}; give the command behind --")
