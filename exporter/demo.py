"""The whole service against an embedded sandbox that is spiced with faults after a while, for newcomers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from exporter import logs
from exporter.log_options import LogLevel
from exporter.serve import keeping
from exporter.service import Service, running
from exporter.signals import stop_signals
from exporter.terminal import RunLines, Terminal
from probes.model import Objective, Portal, Probe, Quota, Target
from probes.probing import Repeats
from probes.redaction import Scrubber, Secret
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import IncidentPolicy, Settings
from probes.settings import Service as ServiceSettings
from probes.words import Environment

TARGET = "sandbox"
_DRAIN_SECONDS = 3.0
_EVERY_SECONDS = {"quick_search": 4.0, "golden_path": 5.0, "golden_path_to_payment": 7.0, "decline_payment": 8.0}
_EVERY_OTHER_SECONDS = 12.0
_FIRST_CALM_SECONDS = 12.0  # all is well at first; and no page is empty after a minute
_CALM_SECONDS = 30.0
_REPEATS = Repeats(key_seconds=5.0)  # a newcomer doesn't wait a minute to see the key work again
_MINUTE_QUOTA = 6_000  # far more than is planned: a demo is about conversations, not about waiting


@dataclass(frozen=True, slots=True)
class Spice:
    """A fault to show for so many seconds, and how a newcomer is told of it."""

    fault: str
    seconds: float
    meaning: str


SPICES = (
    Spice("server_error@confirm", 11.0, "the booking is made, but its answer is lost in an HTTP 500"),
    Spice("auth_rejected", 9.0, "the key is refused, as if it had been revoked"),
    Spice("wrong_status@name", 9.0, "the assistant answers a wrong turn of the conversation"),
    Spice("hang@search", 16.0, "the search takes effect, and is never answered"),
)


async def spice(
    sandbox: SandboxServer, say: Callable[[str], None], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Switch one fault on and off after the other, announced, for ever."""
    calm_seconds = _FIRST_CALM_SECONDS
    while True:
        for each in SPICES:
            await sleep(calm_seconds)
            calm_seconds = _CALM_SECONDS
            sandbox.set_faults([each.fault])
            say(f"--- fault on for {each.seconds:g} s: {each.fault}: {each.meaning}")
            await sleep(each.seconds)
            sandbox.set_faults([])
            say(f"--- fault off: {each.fault}")


def demo_sandbox() -> SandboxServer:
    """The sandbox of the demo, with a quota that its probes can't use up."""
    return SandboxServer(minute_quota=_MINUTE_QUOTA)


def demo_settings(sandbox: SandboxServer, port: int, journal: Path) -> Settings:
    """All shipped scenarios against this sandbox, every few seconds; what they show is kept in this file."""
    target = Target(
        name=TARGET,
        base_url=sandbox.base_url,
        environment=Environment.SANDBOX,
        api_key=Secret(sandbox.api_key),
        other_api_key=Secret(sandbox.other_api_key or ""),
        partner="demo",
        portal=Portal(attach_url=sandbox.attach_url),
        quota=Quota(share=1.0, reserve=0.0, limit=_MINUTE_QUOTA),
    )
    probes = tuple(
        Probe(
            scenario=name,
            target=TARGET,
            every_seconds=_EVERY_SECONDS.get(name, _EVERY_OTHER_SECONDS),
            deadline_seconds=_EVERY_SECONDS.get(name, _EVERY_OTHER_SECONDS),
            objective=Objective(latency_seconds=2.0),
        )
        for name in shipped()
    )
    return Settings(
        service=ServiceSettings(
            listen_host="127.0.0.1", listen_port=port, location="demo", journal=f"sqlite:///{journal}"
        ),
        targets={TARGET: target},
        probes=probes,
        scenarios=shipped(),
        incidents=IncidentPolicy(open_after=2),  # a fault is on for some seconds only
        maintenance=(),
        secrets=(target.api_key, Secret(sandbox.other_api_key or "")),
    )


async def demo(console: Console, *, port: int, faults: bool) -> None:
    """Runs until Ctrl-C or SIGTERM. Raises UsageError for a port that can't be had."""
    with TemporaryDirectory(prefix="brekwatch-demo-") as folder:
        async with stop_signals() as stop, demo_sandbox() as sandbox:
            settings = demo_settings(sandbox, port, Path(folder) / "brekwatch.db")
            scrubber = Scrubber(settings.secrets)
            logs.configure(level=LogLevel.WARNING, scrubber=scrubber)
            lines = RunLines(console, scrubber.text)
            service = Service(
                settings,
                scrubber=scrubber,
                listeners=[lines],
                new_journal=keeping(settings, scrubber, "demo"),
                repeats=_REPEATS,
            )
            async with running(service, _DRAIN_SECONDS), _spiced(sandbox, lines, faults=faults):
                _greet(lines, service, sandbox.base_url, faults=faults)
                await stop.wait()
    Terminal(console, str).say("Stopped.")


@asynccontextmanager
async def _spiced(sandbox: SandboxServer, lines: RunLines, *, faults: bool) -> AsyncIterator[None]:
    """With its faults coming and going inside, where they are wanted."""
    spicing = asyncio.create_task(spice(sandbox, lambda text: lines.say((text, "bold cyan")))) if faults else None
    try:
        yield
    finally:
        if spicing is not None:
            spicing.cancel()


def _greet(lines: RunLines, service: Service, sandbox_url: str, *, faults: bool) -> None:
    url, journal = service.url, service.settings.service.journal
    lines.say(("brekwatch demo", "bold"), ": booking conversations against an embedded sandbox. Ctrl-C ends it.")
    for name, path in service.places:
        lines.say(f"  {name.lower():<9} {url}{path}")
    lines.say(f"  metrics   {url}/metrics")
    lines.say(f"  health    {url}/healthz")
    lines.say(f"  sandbox   {sandbox_url}  (its faults can be switched: {sandbox_url}/sandbox/faults)")
    lines.say(f"  journal   BREKWATCH_JOURNAL={journal} brekwatch runs  (in another shell; `find ID` looks up any id)")
    if faults:
        first = f"{_FIRST_CALM_SECONDS:g} s"
        lines.say(f"  faults    the first comes in {first}, announced here (--no-faults for a calm demo)")
    lines.say("")
