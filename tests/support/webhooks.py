"""What Alertmanager's webhook sends (version 4), with sound defaults, and a desk that takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from support.desk import Drawer
from support.web import FakeHealth, served

from exporter.recorder import Recorder
from exporter.web import WebServer, create_app
from exporter.web.alerts import ALERTS_PATH, bearer_of
from probes.redaction import Scrubber, Secret

TOKEN = "a-token-of-the-tests"
RIGHT = {"authorization": f"Bearer {TOKEN}"}


def an_alert(**changes: object) -> dict[str, object]:
    """One that fires, of server errors on acme, since three minutes after noon."""
    labels = {"alertname": "BrekServerErrors", "target": "acme", "severity": "page"}
    facts: dict[str, object] = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "acme answers HTTP 5xx"},
        "startsAt": "2026-11-24T12:03:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "91e0a4c6b6a1f0d3",
    }
    return facts | changes


def labelled(**labels: object) -> dict[str, object]:
    return an_alert(labels={"alertname": "BrekServerErrors", "target": "acme"} | labels)


def a_message(*alerts: object, **changes: object) -> dict[str, object]:
    facts: dict[str, object] = {
        "version": "4",
        "groupKey": '{}:{alertname="BrekServerErrors"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "brekwatch",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
    }
    return facts | changes


@asynccontextmanager
async def taking(
    drawer: Drawer, *, token: str | None = TOKEN, secrets: tuple[str, ...] = (), web_config: Path | None = None
) -> AsyncIterator[tuple[WebServer, httpx.AsyncClient]]:
    """A web face that takes alerts; the client shows nothing by itself."""
    scrub = Scrubber([Secret(value) for value in secrets]).text
    app = create_app(recorder=Recorder(), health=FakeHealth(), desk=drawer.desk(), scrub=scrub)
    bearers = {ALERTS_PATH: bearer_of(lambda: None if token is None else Secret(token))}
    async with served(app, web_config=web_config, bearers=bearers) as (server, client):
        yield server, client


async def told(drawer: Drawer, *alerts: object, secrets: tuple[str, ...] = ()) -> httpx.Response:
    """What a message of these alerts is answered, told with the right token."""
    async with taking(drawer, secrets=secrets) as (_, client):
        return await client.post(ALERTS_PATH, json=a_message(*alerts), headers=RIGHT)
