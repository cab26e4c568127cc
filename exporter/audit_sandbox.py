"""`brekwatch audit sandbox`: the stand-in plays situations to an integration, which is judged by what it sent."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import SystemRandom

from rich.console import Console

from exporter import audit_ending
from exporter.audit_ending import Asked, Ending
from exporter.audit_progress import CourseProgress, Progress
from exporter.audit_proxy import notes_of
from exporter.command_parts import EXIT_CANNOT_TELL
from exporter.signals import stop_signals
from probes.errors import UsageError
from probes.readiness.course.playing import Course, play
from probes.readiness.course.scripts import TakingTurns
from probes.readiness.course.situations import Situation, chosen
from probes.readiness.evidence import Evidence, SituationRun
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.words import AuditKind
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.sandbox.tenants import default_keys

_LONGEST_TIMEOUT_SECONDS = 86_400
_PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_NOWHERE = "http://127.0.0.1:9"  # until the first stand-in is there


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRequest:
    """What was asked for. Without a command, the stand-in serves and situations take turns by session."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    port: int = 0
    timeout_seconds: float = 60.0
    show_output: bool = False
    asked: Asked = field(default_factory=Asked)


async def audit_sandbox(request: SandboxRequest) -> int:
    """Plays, judges and tells; the exit code.

    Raises UsageError for a situation that isn't there, files that can't be used, a port that is busy, and a command
    that can't be run.
    """
    if not 0 < request.timeout_seconds <= _LONGEST_TIMEOUT_SECONDS:  # not a number, or endless, too
        raise UsageError(f"--timeout must be more than 0 and at most {_LONGEST_TIMEOUT_SECONDS} seconds")
    situations = chosen(request.names)
    ending = audit_ending.prepare(request.asked)
    return await (_to_command if request.command else _to_sessions)(request, situations, ending)


async def _to_command(request: SandboxRequest, situations: tuple[Situation, ...], ending: Ending) -> int:
    progress = CourseProgress(
        Console(stderr=True), situations=situations, log=ending.log, show_output=request.show_output
    )
    keys = default_keys(SystemRandom())
    recorder = Recorder(secrets=map(Secret, keys), on_seen=progress.saw)
    course = Course(
        situations=situations,
        command=request.command,
        environment=request.environment,
        keys=keys,
        timeout_seconds=request.timeout_seconds,
    )
    runs, proxy = None, RecordingProxy(_NOWHERE, recorder, port=request.port)
    async with stop_signals() as stop, proxy:
        with progress:
            runs = await _unless(stop, asyncio.create_task(play(course, proxy, progress)))
    if runs is None:
        progress.say("Stopped before the course was over: nothing is judged.")
        return EXIT_CANNOT_TELL
    notes = (*progress.notes, *notes_of(recorder, proxy), *_led_astray(request.environment, recorder))
    return _end(ending, recorder, runs, notes=notes)


def _led_astray(environment: Mapping[str, str], recorder: Recorder) -> Iterator[str]:
    """Why nothing may have come: most clients send what is for this machine to a proxy, too, if one is named."""
    named = next((name for name in _PROXY_VARIABLES if environment.get(name)), None)
    if named is not None and not recorder.exchanges:
        yield f"{named} is set for the command, and may have led its requests elsewhere: put 127.0.0.1 into NO_PROXY."


async def _unless(
    stop: asyncio.Event, playing: asyncio.Task[tuple[SituationRun, ...]]
) -> tuple[SituationRun, ...] | None:
    """What was played; None if it was stopped, with all that it had started ended."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return await playing if playing.done() else None
    finally:
        stopping.cancel()
        playing.cancel()
        await asyncio.wait({playing})


async def _to_sessions(request: SandboxRequest, situations: tuple[Situation, ...], ending: Ending) -> int:
    progress = Progress(Console(stderr=True))
    script = TakingTurns(
        situations,
        loop_time=time.monotonic,
        told=lambda situation: progress.say(f"A new session: {situation.name}, {situation.shows}"),
    )
    keys = default_keys(SystemRandom())
    recorder = Recorder(secrets=map(Secret, keys), situation_of=script.situation_of, on_seen=progress.saw)
    proxy = RecordingProxy(_NOWHERE, recorder, port=request.port)
    async with stop_signals() as stop, SandboxServer(api_keys=keys, script=script) as sandbox, proxy:
        proxy.upstream = sandbox.base_url
        _greet(proxy, sandbox, request.asked)
        with progress:
            await stop.wait()
        recorder.stop()
    return _end(ending, recorder, _met(script, recorder), notes=tuple(notes_of(recorder, proxy)))


def _met(script: TakingTurns, recorder: Recorder) -> tuple[SituationRun, ...]:
    """The situations that were met, each as long as the audit lasted from there."""
    ended, now = recorder.clock(), time.monotonic()
    return tuple(
        SituationRun(
            situation=name,
            began_seconds=max(0.0, ended - (now - began)),
            ended_seconds=ended,
            reached=name in script.reached,
        )
        for name, began in script.began.items()
    )


def _greet(proxy: RecordingProxy, sandbox: SandboxServer, asked: Asked) -> None:
    """The lines for a shell on stdout, unless a document is to go there; what to do on stderr."""
    variables = {
        "BREK_BASE_URL": proxy.base_url,
        "BREK_PARTNER_API_KEY": sandbox.api_key,
        "BREK_PORTAL_ATTACH_URL": sandbox.attach_url,
    }
    out = sys.stderr if asked.takes_stdout else sys.stdout
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}", file=out, flush=True)
    print(  # noqa: T201 - a command tells
        f"Serving at {proxy.base_url}. Start your integration with the lines above, and work as you do.\n"
        "Each new session meets the next situation. Ctrl-C ends it, judges what was seen, and tells the verdict.",
        file=sys.stderr,
        flush=True,
    )


def _end(ending: Ending, recorder: Recorder, runs: tuple[SituationRun, ...], *, notes: tuple[str, ...]) -> int:
    exchanges = recorder.exchanges
    evidence = Evidence(
        kind=AuditKind.SANDBOX,
        exchanges=exchanges,
        situations=runs,
        log=None if ending.log is None else ending.log.facts(exchanges, recorder.keys),
        attestations=ending.attestations,
    )
    return audit_ending.end(evidence, ending, duration_seconds=recorder.clock(), scrub=recorder.scrub, notes=notes)
