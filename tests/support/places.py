"""A web face that knows a configuration, a recorder that heard of runs, and what both tell on the pages of targets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources

import httpx
import jsonschema_rs
from support.desk import Drawer
from support.facts import NOON, SEARCH, a_probe, a_target
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import create_app
from probes.redaction import Scrubber
from probes.scenario_files import shipped
from probes.settings import Service, Settings

SECONDS_A_DAY = 86_400.0
JSON = {"accept": "application/json"}


def a_configuration(**changes: object) -> Settings:
    """One target, `acme`, on which `quick_search` is played every five minutes."""
    target = a_target()
    facts: dict[str, object] = {
        "service": Service(journal="sqlite:///:memory:", location="eu-1"),
        "targets": {target.name: target},
        "probes": (a_probe(),),
        "scenarios": {**shipped(), SEARCH.name: SEARCH},
        "secrets": (target.api_key,),
    }
    return Settings(**(facts | changes))  # type: ignore[arg-type]


class Place:
    """A service's memory and configuration, seconds after noon. `drawer` None: it has no journal."""

    def __init__(self, settings: Settings | None = None, *, drawer: Drawer | None = None) -> None:
        self.passed_seconds = 0.0
        self.settings = settings or a_configuration()
        self.drawer = drawer
        self.recorder = Recorder(now=lambda: NOON.timestamp() + self.passed_seconds)
        self.expect(self.settings)

    def expect(self, settings: Settings) -> None:
        """As a reload does."""
        self.settings = settings
        self.recorder.expect(settings.targets.values(), settings.probes, settings.scenarios, settings.service.location)

    def retarget(self, **changes: object) -> None:
        """The target `acme`, changed by a reload."""
        target = replace(self.settings.targets["acme"], **changes)  # type: ignore[arg-type]
        self.expect(replace(self.settings, targets={"acme": target}))

    def _now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_seconds)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(
            recorder=self.recorder,
            health=FakeHealth(),
            desk=(self.drawer or Drawer()).desk(now=self._now),
            settings=lambda: self.settings,
            scrub=Scrubber(self.settings.secrets).text,
        )
        async with served(app) as (_, client):
            yield client

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path, headers=headers)


def schema_complaints(name: str, document: object) -> list[str]:
    """What the published schema of this name says against a document."""
    schema = json.loads(resources.files("exporter").joinpath("schemas", f"{name}.schema.json").read_text())
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [str(error) for error in validator.iter_errors(document)]
