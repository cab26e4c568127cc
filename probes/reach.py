"""Whether an origin can be reached at all, found out without a key and without a request that counts.

It goes the way that a probe goes (the same resolver, the same race of addresses, the same trust), so what it sees is
what a probe would see.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from probes.http.attempt import Lost, Stopwatch
from probes.http.connection import Connection
from probes.http.dialling import Dialler
from probes.http.parser import Bounds
from probes.http.resolver import Resolve, shared_resolver
from probes.model import Phases
from probes.origin import Origin
from probes.transport import shared_ssl_context
from probes.words import FailureKind

_DATE_IS_CUT_BY = 0.5  # a `date` header has whole seconds: on average so much is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far it came: `kind` and `problem` say why no connection could be had, with TLS over https.

    `certificate_expires_at` is in seconds since the epoch. `clock_ahead_seconds` is by how much our clock is ahead of
    the `date` that the server answered with; None where it was not asked or gave none.
    """

    phases: Phases
    kind: FailureKind | None = None
    problem: str | None = None
    certificate_expires_at: float | None = None
    clock_ahead_seconds: float | None = None


async def reach(
    origin: Origin,
    *,
    seconds: float,
    ask: str | None = None,
    ssl_context: Callable[[], ssl.SSLContext] = shared_ssl_context,
    resolve: Resolve | None = None,
    now: Callable[[], float] = time.time,
) -> Reached:
    """Connects to an origin, within so many seconds, and hangs up.

    `ask` is the path of a public document to GET, for the server's time; no answer to that is no failure. Raises
    LocalResourceError where this machine is at fault.
    """
    watch = Stopwatch(time.perf_counter)
    dialler = Dialler(
        resolve=resolve or shared_resolver(), ssl_context=ssl_context, bounds=Bounds(), clock=time.perf_counter
    )
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        connection = await dialler.dial(origin, deadline=deadline, watch=watch)
    except Lost as lost:
        return Reached(phases=watch.phases, kind=lost.kind, problem=lost.detail)
    try:
        ahead = None if ask is None else await _clock_ahead(connection, origin, ask, deadline, now)
    finally:
        connection.abort()
    return Reached(
        phases=watch.phases, certificate_expires_at=connection.certificate_expires_at, clock_ahead_seconds=ahead
    )


async def _clock_ahead(
    connection: Connection, origin: Origin, path: str, deadline: float, now: Callable[[], float]
) -> float | None:
    host = str(origin).partition("://")[2]
    lines = (f"GET {path} HTTP/1.1", f"host: {host}", "accept-encoding: identity", "connection: close", "", "")
    sent_at = now()
    try:
        answer = await connection.exchange(
            "\r\n".join(lines).encode("ascii"), deadline=deadline, watch=Stopwatch(time.perf_counter)
        )
    except Lost:
        return None
    date = _date_of(answer.headers)
    return None if date is None else (sent_at + now()) / 2 - (date + _DATE_IS_CUT_BY)


def _date_of(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    for name, value in headers:
        if name.lower() == b"date":
            try:
                return parsedate_to_datetime(value.decode("ascii")).timestamp()
            except (ValueError, OverflowError):  # UnicodeDecodeError is a ValueError
                return None
    return None
