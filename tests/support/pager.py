"""A webhook that catches what Alertmanager tells, and a configuration by which it tells it, as it is shipped."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Self

import orjson
from support.wire import Received, Reply, Wire


class Pager:
    """A receiver of Alertmanager's webhook: what it was told, message by message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Transport] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self._take, self._connections), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/page"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()

    def _take(self, request: Received) -> Reply:
        self.messages.append(request.body)
        return Reply(status_code=200, body={})

    def told(self, status: str) -> list[str]:
        """The names of the alerts that messages of this status spoke of, in order."""
        return [
            alert["labels"]["alertname"]
            for message in self.messages
            for alert in message["alerts"]
            if message["status"] == alert["status"] == status
        ]

    def names_by_target(self) -> dict[str, list[str]]:
        """The names of the alerts that it was told of, each once a target."""
        found = {
            (alert["labels"]["target"], alert["labels"]["alertname"])
            for message in self.messages
            for alert in message["alerts"]
        }
        return {target: sorted(name for each, name in found if each == target) for target, _ in found}

    async def until(self, status: str, seconds: float) -> dict[str, Any]:
        """The first message of this status."""
        async with asyncio.timeout(seconds):
            while True:
                for message in self.messages:
                    if message["status"] == status:
                        return message
                await asyncio.sleep(0.05)


def as_shipped(folder: Path, shipped: Path, *, pager: str, brekwatch: str) -> str:
    """Inhibition as shipped; pages go to the pager, all alerts to brekwatch's own receiver, and without long waits.

    The token for that one lies in the folder's `token`.
    """
    receivers = {
        "pager": {"url": pager, "send_resolved": True},
        "brekwatch": {
            "url": f"{brekwatch}/alerts",
            "send_resolved": True,
            "http_config": {"authorization": {"type": "Bearer", "credentials_file": str(folder / "token")}},
        },
    }
    waits = {"group_wait": "2s", "group_interval": "1s", "repeat_interval": "4h"}
    config = {
        "route": {
            "receiver": "nobody",
            "group_by": ["alertname", "severity", "blame"],
            **waits,
            "routes": [
                {"receiver": "brekwatch", "matchers": ['alertname=~"Brek.*"'], "continue": True},
                {"receiver": "pager", "matchers": ['severity="page"', 'alertname!="BrekWatchdog"']},
            ],
        },
        "receivers": [
            {"name": "nobody"},
            *({"name": name, "webhook_configs": [webhook]} for name, webhook in receivers.items()),
        ],
    }
    _, begin, rest = shipped.read_text().partition("\ninhibit_rules:\n")
    inhibition, end, _ = rest.partition("\nreceivers:\n")
    assert begin
    assert end
    parts = (f"{name}: {orjson.dumps(value).decode()}\n" for name, value in config.items())  # JSON is YAML
    return "".join(parts) + begin + inhibition
