"""Runs the checks at once, each within its time, and shows what they found."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from exporter.doctor import install, machine, places
from exporter.doctor.bounded import bounded
from exporter.doctor.findings import Finding, Level, exit_code, fail, ok, warn
from exporter.doctor.network import network
from exporter.listing import settings_lines
from exporter.terminal import Terminal
from probes import settings as settings_files
from probes.errors import UsageError
from probes.off_loop import off_loop
from probes.redaction import Scrubber, Secret, printable
from probes.settings import Service, Settings

_LONGEST = 1000
_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}
_URL, _KEY = "BREK_BASE_URL", "BREK_PARTNER_API_KEY"

Check = tuple[str, Awaitable[list[Finding]]]


async def examine(config: Path | None, environ: Mapping[str, str], console: Console) -> int:
    """Looks at everything, tells it, and gives the exit code. What goes wrong is a finding, never an exception."""
    variable = environ.get("BREKWATCH_CONFIG")
    path = config or (Path(variable) if variable else None)
    settings, findings = await _configuration(path, environ)
    checks = [*_everywhere(settings, environ), *(_of_settings(settings, path) if settings else ())]
    for found in await asyncio.gather(*(bounded(about, check) for about, check in checks)):
        findings += found
    secrets = (*(settings.secrets if settings else ()), Secret(environ.get(_KEY, "")))
    _show(Terminal(console, Scrubber(secrets).text), findings)
    return exit_code(findings)


async def _configuration(path: Path | None, environ: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    if path is None and not (environ.get(_URL) or environ.get(_KEY)):
        advice = f"write one with `brekwatch config init`, or export {_URL} and {_KEY}"
        return None, [warn("configuration", "there is none, so nothing can be played", advice)]
    read = await bounded("configuration", off_loop(lambda: settings_files.find(path, environ), name="doctor"))
    if not isinstance(read, Settings):
        return None, read
    source = f"{_URL} and {_KEY}" if path is None else str(path)
    told = f"{source}; targets {len(read.targets)}, probes {len(read.probes)}, scenarios {len(read.scenarios)}"
    return read, [ok("configuration", told)]


def _everywhere(settings: Settings | None, environ: Mapping[str, str]) -> Iterator[Check]:
    """The checks that make do without a configuration."""
    service = settings.service if settings else None
    usual = service or Service(journal="")
    yield "brekwatch", _in_thread(install.versions)
    yield "scenarios", _in_thread(install.shipped)
    yield "journal", _in_thread(install.sqlite)
    yield (
        "journal",
        _in_thread(lambda: places.journal(service.journal if service else settings_files.default_journal(environ))),
    )
    yield "port", _in_thread(lambda: places.port(usual))
    yield "open files", _in_thread(lambda: machine.open_files(usual.max_concurrent_runs))
    yield "proxy", _in_thread(lambda: machine.proxies(environ))
    yield "clock", _in_thread(machine.clock)


def _of_settings(settings: Settings, path: Path | None) -> Iterator[Check]:
    yield "configuration", _in_thread(lambda: _plan(settings))
    if path is not None:
        yield "configuration", _in_thread(lambda: places.config_file(path, settings.secrets))
    yield "telling", _in_thread(lambda: _telling(settings))
    yield "network", network(settings.targets.values(), settings.service.reference)


def _plan(settings: Settings) -> Iterator[Finding]:
    """What `config check` refuses, beside what the port's own check tells."""
    try:
        for line in settings_lines(settings):
            if "WARNING" in line:
                yield warn("configuration", line.strip(), "play less often, or configure quota.limit")
    except UsageError as problem:
        for line in str(problem).splitlines():
            if not line.startswith("service.listen"):
                yield fail("configuration", line)


def _telling(settings: Settings) -> Iterator[Finding]:
    """Whether anybody would hear of an outage, and of our own death. Prometheus may do both, which we can't see."""
    if settings.receivers:
        yield ok("telling", f"incidents are told to {', '.join(each.name for each in settings.receivers)}")
    if settings.service.heartbeat_url is not None:
        yield ok("telling", "a heartbeat is sent while all is well")
    if settings.receivers and settings.service.heartbeat_url is None:
        yield warn("telling", "nobody notices when this monitor dies", "give service.heartbeat_url")
    if not settings.receivers and settings.service.heartbeat_url is None:
        advice = "let Prometheus scrape it and load `brekwatch rules export`, or name receivers under notify"
        yield warn("telling", "brekwatch itself tells nobody of incidents", advice)


async def _in_thread(find: Callable[[], Iterable[Finding]]) -> list[Finding]:
    return await off_loop(lambda: list(find()), name="doctor")


def _show(view: Terminal, findings: Sequence[Finding]) -> None:
    width = max(len(finding.about) for finding in findings)
    indent = " " * (8 + width)
    for finding in findings:
        view.say(
            (f"{finding.level:<6}", _STYLES[finding.level]), f"{finding.about:<{width}}  ", _clean(view, finding.told)
        )
        if finding.advice is not None:
            view.say(indent, _clean(view, f"→ {finding.advice}"))
    view.say(_summary(findings))


def _clean(view: Terminal, text: str) -> str:
    return printable(view.scrub(text), _LONGEST)


def _summary(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    warnings = f", {counts[Level.WARN]} to know of" if counts[Level.WARN] else ""
    verdict = f"{counts[Level.FAIL]} failed" if counts[Level.FAIL] else "Sound"
    return f"{verdict}: {counts[Level.OK]} fine{warnings}"
