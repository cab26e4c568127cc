"""Situations to play for real: servers on loopback that misbehave, names that lead nowhere, a monitor that fails."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from support.certificates import Certificates
from support.hostile import Hostile, Script, answer_bytes, answers, full_backlog, reset
from support.lying import Lying, Told
from support.playing import Heard, play, scenario_of, target_for

from probes import transport
from probes.connectivity import Connectivity
from probes.ledger import MemoryLedger
from probes.listening import Listener
from probes.model import Exchange, Intent, Ledger, Portal, Run, RunStart, Target
from probes.redaction import Secret
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario import Act, CreateSession, Expect, Say, Scenario, Step
from probes.scenario_files import shipped
from probes.words import Blame, Environment, Leaves

Play = Callable[["Kit"], Awaitable[Run]]

QUICK = 0.3  # where nothing is to come
PATIENT = 2.0  # for a busy machine
PAGE = b"<!doctype html><title>Please sign in</title>"
CREATE = Step(name="create_session", action=CreateSession())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A situation: `label` is who has to act, decided by a person from `why`, never from what the code says.

    `told` is what the code is known to say instead, where it can't tell.
    """

    name: str
    label: Blame
    why: str
    play: Play
    told: Blame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What situations share, for it takes a moment to make. `strangers` signed what nobody trusts."""

    certificates: Certificates
    strangers: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Kit:
        """Certificates of an authority that is trusted, and of one that is not."""
        (folder / "trusted").mkdir()
        (folder / "strangers").mkdir()
        Certificates(folder / "strangers")
        return cls(certificates=Certificates(folder / "trusted"), strangers=folder / "strangers")


def own(*said: Step, leaves: Leaves = Leaves.SESSION) -> Scenario:
    """A user's own scenario: a session, and then these."""
    return scenario_of(CREATE, *said, leaves=leaves)


def say(text: str, **expect: Any) -> Step:
    """A turn by text."""
    return Step(name="said", action=Say(text=text), expect=Expect(**expect))


def act(kind: str, payload: Mapping[str, object], **expect: Any) -> Step:
    """A turn by kind."""
    return Step(name="acted", action=Act(kind=kind, payload=payload), expect=Expect(**expect))


def fault(
    spec: str,
    scenario: str | Scenario = "quick_search",
    *,
    seconds: float = PATIENT,
    ledger: Ledger | None = None,
    listener: Listener | None = None,
    sandbox: Mapping[str, Any] | None = None,
    **target: Any,
) -> Play:
    """The sandbox shows this fault, if any; `seconds` are a step's deadline."""

    async def situation(_kit: Kit) -> Run:
        faults = [spec] if spec else []
        async with SandboxServer(faults=faults, **(sandbox or {})) as server:
            changes = {"other_api_key": Secret(server.other_api_key or ""), **target}
            return await play(
                scenario,
                target_for(server, **changes),
                ledger=ledger,
                listener=listener,
                deadline_seconds=3 * seconds + 1.0,
                step_deadline_seconds=seconds,
            )

    return situation


def lie(change: Callable[[Told], None], scenario: str | Scenario = "quick_search") -> Play:
    """A sandbox whose answers are changed on their way."""

    async def situation(_kit: Kit) -> Run:
        async with SandboxServer() as sandbox, Lying(sandbox.base_url, change) as server:
            return await play(scenario, target_for(sandbox, base_url=server.base_url), step_deadline_seconds=1.0)

    return situation


def on(end: str, status_code: int, body: bytes, **headers: str) -> Callable[[Told], None]:
    """To requests whose path ends so, this answer in place of the true one; headers are kept, and added to."""

    def change(told: Told) -> None:
        if told.path.endswith(end):
            told.status_code, told.body = status_code, body
            told.headers |= {"content-type": "application/json"}
            told.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return change


def without_quota(change: Callable[[Told], None]) -> Callable[[Told], None]:
    """The same, without any quota header."""

    def bare(told: Told) -> None:
        change(told)
        told.headers = {name: value for name, value in told.headers.items() if not name.startswith("x-ratelimit")}

    return bare


def a_target(base_url: str) -> Target:
    """A target at any address."""
    return Target(
        name="somewhere",
        base_url=base_url,
        environment=Environment.SANDBOX,
        api_key=Secret("a-key-of-the-tests"),
        portal=Portal(attach_url=f"{base_url}/attach"),
    )


def address(base_url: str) -> Play:
    """Nothing but an address."""

    async def situation(_kit: Kit) -> Run:
        return await play("quick_search", a_target(base_url), step_deadline_seconds=QUICK)

    return situation


async def refused(_kit: Kit) -> Run:
    """A reset answers whoever wants to connect."""
    with held_port() as port:
        return await address(f"http://127.0.0.1:{port}")(_kit)


async def swallowed(_kit: Kit) -> Run:
    """Nothing answers whoever wants to connect."""
    with full_backlog() as port:
        return await address(f"http://127.0.0.1:{port}")(_kit)


async def cut_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Resets when the first byte is there."""
    await reader.read(1)
    reset(writer)


async def speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers without TLS whoever greets with it."""
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


@contextlib.contextmanager
def trusting(authority: Path) -> Iterator[None]:
    """The machine's trust store is this authority, for as long as it lasts."""
    transport.shared_ssl_context.cache_clear()
    with mock.patch.dict("os.environ", {"SSL_CERT_FILE": str(authority), "SSL_CERT_DIR": "/nonexistent"}):
        yield
    transport.shared_ssl_context.cache_clear()


def hostile(script: Script, *, certificate: str | None = None, tls: bool = False, seconds: float = PATIENT) -> Play:
    """A server that plays a script; with a certificate of this name, or asked for TLS without having any."""

    async def situation(kit: Kit) -> Run:
        context = kit.certificates.server(certificate) if certificate else None
        with trusting(kit.certificates.authority):
            async with Hostile(script, ssl_context=context) as server:
                url = server.url.replace("http://", "https://") if tls else server.url
                return await play("quick_search", a_target(url), step_deadline_seconds=seconds)

    return situation


def page(status: str, *headers: str, body: bytes = PAGE) -> Script:
    """An answer that shows nothing of the API: a page, or whatever the body is."""
    kind = "text/html" if body is PAGE else "application/json"
    wire = answer_bytes(body, *headers, status=status).replace(b"application/json", kind.encode(), 1)
    return answers(wire)


async def intercepted(kit: Kit) -> Run:
    """TLS is broken open by somebody whose authority this machine doesn't know."""
    context = kit.certificates.server("good", with_authority=True)
    with trusting(kit.strangers / "ca.pem"):
        async with Hostile(page("200 OK"), ssl_context=context) as server:
            return await play("quick_search", a_target(server.url), step_deadline_seconds=QUICK)


def resolving(look_up: Callable[..., Any], play_on: Play) -> Play:
    """The system's own look-up of names is replaced: what it does to numbers stays as it is."""

    async def situation(kit: Kit) -> Run:
        with mock.patch("socket.getaddrinfo", look_up):
            return await play_on(kit)

    return situation


def no_name_server(*_: object, **__: object) -> object:
    """As when no name server can be reached."""
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def slow_names(seconds: float) -> Callable[..., Any]:
    """A name server that takes its time."""

    def look_up(_host: str, port: int, *_: object, **__: object) -> object:
        time.sleep(seconds)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return look_up


def by_name(**sandbox: Any) -> Play:
    """The sandbox, asked for by its name instead of its number."""

    async def situation(_kit: Kit) -> Run:
        async with SandboxServer(**sandbox) as server:
            target = target_for(server, base_url=server.base_url.replace("127.0.0.1", "api.brek.test"))
            return await play("quick_search", target, step_deadline_seconds=0.4)

    return situation


def portal_at(attach_url: str, status: str = "404 Not Found") -> Play:
    """A good API, and a portal elsewhere: `{server}` shows a page with this status, `{swallowed}` never answers."""

    async def situation(_kit: Kit) -> Run:
        with full_backlog() as port:
            async with SandboxServer() as sandbox, Hostile(page(status)) as server:
                url = attach_url.format(server=server.url, swallowed=f"http://127.0.0.1:{port}")
                portal = Portal(attach_url=url, setup_origins=(sandbox.base_url,))
                return await play("saved_card", target_for(sandbox, portal=portal), step_deadline_seconds=QUICK)

    return situation


def offline(reference: Callable[[], contextlib.AbstractContextManager[int]]) -> Play:
    """The API is not reached, and neither is the reference."""

    async def situation(_kit: Kit) -> Run:
        with reference() as port:
            connectivity = Connectivity([f"127.0.0.1:{port}"])
            runner = Runner(ledger=MemoryLedger(), listener=Listener(), connectivity=connectivity)
            target = a_target(f"http://127.0.0.1:{port}")
            return await runner.play(shipped()["quick_search"], target, step_deadline_seconds=QUICK)

    return situation


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port where nobody listens, and nobody will."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def broken_off(*, sleeps: float = 0.0) -> Play:
    """A run that waits for an answer is cancelled, or this process stands still under it."""

    async def situation(_kit: Kit) -> Run:
        heard = Heard()
        async with SandboxServer(faults=["hang@search"]) as sandbox:
            playing = asyncio.create_task(
                play("quick_search", target_for(sandbox), listener=heard, step_deadline_seconds=0.2)
            )
            while not any(request.path.endswith("/events") for request in sandbox.requests):
                await asyncio.sleep(0.01)
            if sleeps:
                time.sleep(sleeps)  # noqa: ASYNC251 - the very fault
            else:
                playing.cancel()
            await asyncio.wait([playing])
        (run,) = heard.runs
        return run

    return situation


async def no_files_left(_kit: Kit) -> Run:
    """This machine can open nothing more."""
    async with SandboxServer() as sandbox:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
        try:
            return await play("quick_search", target_for(sandbox))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class SlowLedger(MemoryLedger):
    """Takes its time over each intent."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def intend(self, intent: Intent) -> None:
        await super().intend(intent)
        await asyncio.sleep(self._seconds)


class Gone(Listener):
    """Ends the server as soon as the first answer came: the next connection finds nobody."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self._sandbox = sandbox
        self._ending: asyncio.Task[None] | None = None

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._sandbox.aclose())


class Broken(Listener):
    """Raises at whatever it hears."""

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        raise ValueError("of the tests")

    def run_finished(self, run: Run) -> None:
        raise ValueError("of the tests")


async def gone_in_between(_kit: Kit) -> Run:
    """The server ends between two steps, and its connections with it."""
    async with SandboxServer() as sandbox:
        return await play("quick_search", target_for(sandbox), listener=Gone(sandbox))


async def of_another_deployment(_kit: Kit) -> Run:
    """The key of one deployment, sent to another."""
    async with SandboxServer() as sandbox, SandboxServer() as other:
        target = target_for(sandbox)
        return await play("golden_path", replace(target, api_key=Secret(other.api_key)))


async def used_up_before(_kit: Kit) -> Run:
    """Another run has used the minute's quota up."""
    async with SandboxServer(minute_quota=2) as sandbox:
        await play("quick_search", target_for(sandbox), step_deadline_seconds=QUICK)
        return await play("quick_search", target_for(sandbox), step_deadline_seconds=QUICK)


async def portal_elsewhere(_kit: Kit) -> Run:
    """The setup URL leads to another host than the operator's portal."""
    async with SandboxServer() as sandbox:
        portal = Portal(attach_url="http://127.0.0.1:9/attach")
        return await play("saved_card", target_for(sandbox, portal=portal), step_deadline_seconds=1.0)
