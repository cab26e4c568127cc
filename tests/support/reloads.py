"""A configuration in files that change, and a service that is told to read them again."""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.playing import Heard
from support.prometheus import samples, value

from exporter import logs
from exporter.log_listener import LogListener
from exporter.reload import reload_once
from exporter.service import Service
from probes import settings as settings_files
from probes.model import Probe
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.settings import Settings


class Site:
    """A configuration in a folder, against one sandbox; slots come faster than any file may ask for."""

    def __init__(self, folder: Path, sandbox: SandboxServer, *, every_scale: float = 0.2) -> None:
        self.file = folder / "brekwatch.yaml"
        self.key_file = folder / "key"
        self.scenarios = folder / "scenarios"
        self._sandbox = sandbox
        self._every_scale = every_scale
        self.scenarios.mkdir()
        self.mend()

    def mend(self) -> None:
        """As at first: sound."""
        self.key_file.unlink(missing_ok=True)
        self.key_file.touch(0o600)
        self.key_file.write_text(self._sandbox.api_key)
        for own in self.scenarios.iterdir():
            own.unlink()
        self.write("- {scenario: quick_search, every: 1s}")

    def write(self, *probes: str, service: str = "", targets: str = "", more: str = "") -> None:
        """Writes the file anew, in one moment, as whoever deploys it would."""
        lines = [
            "service:",
            "  listen: 127.0.0.1:0",
            "  journal: 'sqlite:///:memory:'",
            *([f"  {service}"] if service else []),
            "targets:",
            "  sandbox:",
            f"    base_url: {self._sandbox.base_url}",
            "    api_key_file: key",
            f"    portal: {{attach_url: '{self._sandbox.attach_url}'}}",
            *([f"  {targets}"] if targets else []),
            "scenarios: [scenarios]",
            "probes:",
            *(f"  {probe}" for probe in probes),
            more,
        ]
        self.replace("\n".join(lines))

    def replace(self, text: str) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    def find(self) -> Settings:
        found = settings_files.load(self.file, {})
        return replace(found, probes=tuple(self._hurried(probe) for probe in found.probes))

    def _hurried(self, probe: Probe) -> Probe:
        every = probe.every_seconds * self._every_scale
        return replace(probe, every_seconds=every, deadline_seconds=max(every, 2.0))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(8):
        while not true():
            await asyncio.sleep(0.01)


class HeardSlots(Heard):
    """Counts slots, too, by scenario."""

    def __init__(self) -> None:
        super().__init__()
        self.slots: Counter[str] = Counter()

    def slot_finished(self, probe: Probe, state: str, reason: str | None, lateness_seconds: float) -> None:
        self.slots[probe.scenario] += 1


class Running:
    """A service with what it told."""

    def __init__(self, site: Site, service: Service, heard: HeardSlots, stream: io.StringIO, log: Any) -> None:
        self.site = site
        self.service = service
        self.recorder = service.recorder
        self.heard = heard
        self.stream = stream
        self.log = log

    async def reload(self, **options: Any) -> None:
        await reload_once(self.service, self.site.find, self.log, **options)

    @property
    def success(self) -> float | None:
        return value(self.recorder, "brek_monitor_config_last_reload_success")

    @property
    def scenarios(self) -> set[str]:
        """Those that the last scrape would tell of."""
        told = samples(self.recorder.render("")[0])
        return {sample.labels["scenario"] for sample in told if "scenario" in sample.labels}

    def events(self, name: str) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [event for event in told if event["event"] == name]


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Running]:
    settings = site.find()
    scrubber = Scrubber(settings.secrets)
    stream, heard = io.StringIO(), HeardSlots()
    log = logs.configure(format="json", scrubber=scrubber, stream=stream)
    service = Service(settings, scrubber=scrubber, listeners=[heard, LogListener()])
    await service.start()
    try:
        yield Running(site, service, heard, stream, log)
    finally:
        await service.aclose(2.0)
