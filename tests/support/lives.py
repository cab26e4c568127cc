"""The real `brekwatch serve` in a process of its own, with a journal, and what it says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from support.commands import start, variables_of
from support.onlooker import Onlooker

from probes.sandbox.server import SandboxServer

_SERVICE = """
service:
  listen: 127.0.0.1:0
"""
_TARGET = """
  {name}:
    base_url: ${{BREK_BASE_URL}}
    api_key: ${{BREK_PARTNER_API_KEY}}
    partner: {partner}
    portal: {{attach_url: "${{BREK_PORTAL_ATTACH_URL}}"}}
    quota: {{share: 1.0, reserve: 0.0}}
"""
_PROBE = "  - {{scenario: {scenario}, targets: [{targets}], every: {every}}}\n"
_NAMES = "abcd"  # one sandbox by several names: more runs, with time for each
BOOKS, LOOKS = "books", "looks"  # the partners that keys name: of scenarios that leave a booking, and of the others
PLENTY = 1_000_000  # requests a minute: these tests are not about quotas


class Serving:
    """One service and its successors: the same configuration, journal and log."""

    def __init__(
        self,
        folder: Path,
        sandbox: SandboxServer,
        journal_url: str,
        *,
        books: Sequence[str],
        looks: Sequence[str],
        every: str = "3s",
        webhook: str | None = None,
    ) -> None:
        self._config = folder / "brekwatch.yaml"
        notify = "" if webhook is None else f'notify:\n  - {{name: oncall, webhook: {{url: "{webhook}"}}}}\n'
        self._config.write_text(_config({BOOKS: books, LOOKS: looks}, every) + notify)
        self._log = folder / "service.log"
        self._sandbox = sandbox
        self._journal_url = journal_url
        self._process: asyncio.subprocess.Process | None = None
        self._lives_from = 0

    async def start(self, *wrapper: str) -> None:
        """A process that serves, run by the wrapper's command if one is given. It may not be ready yet."""
        environment = {**variables_of(self._sandbox), "BREKWATCH_JOURNAL": self._journal_url}
        self._lives_from = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self._process = await start(
                "serve",
                "-c",
                str(self._config),
                environment=environment,
                wrapper=wrapper,
                out=asyncio.subprocess.DEVNULL,
                err=log.fileno(),
            )

    @property
    def pid(self) -> int:
        """The living process."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process is None or self._process.returncode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it, unless it has ended by itself."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def kill(self) -> None:
        """Gone at once, as by the kernel's hand."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int | None:
        """Asked to end, and so it does: its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int | None:
        if self._process is None:
            return None
        self.signal(number)
        return await asyncio.wait_for(self._process.wait(), 60)

    def events(self, name: str | None = None, *, all_lives: bool = False) -> list[dict[str, Any]]:
        """What was logged whole, by the last life unless told otherwise, oldest first."""
        text = self._log.read_bytes()[0 if all_lives else self._lives_from :]
        found = [_event(line) for line in text.split(b"\n")[:-1]]
        return [event for event in found if name in (None, event["event"])]

    async def until(self, reached: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Waits for it as long as the process lives; False if it was not to be."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while not reached():
            if self.ended or asyncio.get_running_loop().time() > give_up_at:
                return reached()
            await asyncio.sleep(0.001)
        return True

    async def until_started(self) -> None:
        """It says that it serves."""
        assert await self.until(lambda: bool(self.events("service_started"))), self.tail()

    async def rest(self, seconds: float) -> None:
        """Lets time pass, in which it must not end."""
        await self.until(lambda: False, seconds)
        assert not self.ended, self.tail()

    async def until_kept(self, url: str) -> None:
        """Every verdict that was told so far is in this journal."""
        told = {event["run_id"] for event in self.events("run_finished")}
        with Onlooker(url) as look:
            query = "SELECT run_id FROM runs WHERE outcome IS NOT NULL"
            assert await self.until(lambda: told <= {run_id for (run_id,) in look.rows(query)}), self.tail()

    async def metric(self, series: str) -> float:
        """The sum of the series whose names and labels begin so."""
        url = self.events("service_started")[-1]["url"]
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{url}/metrics")).raise_for_status().text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(series))

    def tail(self) -> str:
        """The end of the log, for people."""
        return self._log.read_text(errors="replace")[-4000:]


def _config(scenarios: Mapping[str, Sequence[str]], every: str) -> str:
    """Each partner's scenarios, on targets of its own."""
    targets, probes = "", ""
    for partner, played in scenarios.items():
        names = [f"{partner}_{name}" for name in _NAMES]
        targets += "".join(_TARGET.format(name=name, partner=partner) for name in names)
        probes += "".join(
            _PROBE.format(scenario=scenario, targets=", ".join(names), every=every) for scenario in played
        )
    return f"{_SERVICE}targets:{targets}probes:\n{probes}"


def _event(line: bytes) -> dict[str, Any]:
    """A line of the log; what was cut by a kill, or is no JSON, is an event of its own."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": "unreadable", "line": line}
    return found
