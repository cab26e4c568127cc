"""The sandbox on a port: `async with SandboxServer() as sandbox: ... sandbox.base_url`."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from random import Random, SystemRandom
from typing import Self

from probes.errors import UsageError
from probes.sandbox.app import ATTACH_PATH, SandboxApp
from probes.sandbox.control import CONTROL_PATH
from probes.sandbox.script import Script
from probes.sandbox.state import BookingRecord
from probes.sandbox.tenants import Tenant, checked_keys, default_keys
from probes.sandbox.wire import Connection, ReceivedRequest

_MOST_RECEIVED = 10_000
_BACKLOG = 1024


class SandboxServer:
    """A stand-in for the API with its portal, and a ledger of what was truly booked.

    Keys, quota and faults raise UsageError where they can't be. `now` is the wall clock in epoch seconds.
    Without `random`, ids and keys can't be guessed. `slow_seconds` is how late the fault `slow` answers.
    `script` is played beside the faults.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_keys: Mapping[str, Tenant] | None = None,
        minute_quota: int = 600,
        faults: Iterable[str] = (),
        slow_seconds: float = 3.0,
        now: Callable[[], float] = time.time,
        random: Random | None = None,
        script: Script | None = None,
    ) -> None:
        chance = SystemRandom() if random is None else random
        keys = checked_keys(default_keys(chance) if api_keys is None else api_keys)
        self._host = host
        self._port = port
        self._keys = tuple(keys)
        self._app = SandboxApp(
            api_keys=keys,
            minute_quota=minute_quota,
            faults=faults,
            slow_seconds=slow_seconds,
            now=now,
            random=chance,
            script=script,
        )
        self._received: deque[ReceivedRequest] = deque(maxlen=_MOST_RECEIVED)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises UsageError with a sentence for people if the port is busy or refused."""
        loop = asyncio.get_running_loop()

        def connect() -> Connection:
            return Connection(self._app, opened=self._connections, received=self._received, loop_time=loop.time)

        try:
            self._server = await loop.create_server(connect, self._host, self._port, backlog=_BACKLOG)
        except (OSError, OverflowError) as problem:
            raise UsageError(_why_not(self._host, self._port, problem)) from None
        self._port = self._server.sockets[0].getsockname()[1]
        shown_host = f"[{self._host}]" if ":" in self._host else self._host
        self._app.state.base_url = f"http://{shown_host}:{self._port}"

    async def aclose(self) -> None:
        """Stop listening, and end every connection, hung ones too."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    @property
    def base_url(self) -> str:
        """What `BREK_BASE_URL` should say; empty before the start."""
        return self._app.state.base_url

    @property
    def attach_url(self) -> str:
        """What `BREK_PORTAL_ATTACH_URL` should say."""
        return f"{self.base_url}{ATTACH_PATH}"

    @property
    def faults_url(self) -> str:
        """Where faults are switched at run time, from this machine."""
        return f"{self.base_url}{CONTROL_PATH}"

    @property
    def api_key(self) -> str:
        """The first partner's key."""
        return self._keys[0]

    @property
    def other_api_key(self) -> str | None:
        """Another partner's key, for trying isolation; None if there is only one."""
        return self._keys[1] if len(self._keys) > 1 else None

    def set_faults(self, faults: Iterable[str]) -> None:
        """Show these faults from now on and no others; raises UsageError, naming the known ones."""
        self._app.faults.arm(faults)

    @property
    def bookings(self) -> tuple[BookingRecord, ...]:
        """What was truly booked, oldest first; a cancelled one says so."""
        return tuple(self._app.state.bookings.values())

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """The newest requests that arrived whole, oldest first."""
        return tuple(self._received)


def _why_not(host: str, port: int, problem: OSError | OverflowError) -> str:
    if isinstance(problem, OverflowError):
        return f"the sandbox can't listen on port {port}: a port is a number from 0 to 65535"
    number = problem.errno or 0  # negative for a name that can't be resolved: those have texts of their own
    reason = (os.strerror(number) if number > 0 else problem.strerror or str(problem)).lower()
    return f"the sandbox can't listen on {host}, port {port}: {reason}; choose another port, or 0 for a free one"
