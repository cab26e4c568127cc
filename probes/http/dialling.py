"""From an origin to an open connection: the name, the race of its addresses (RFC 8305), the TLS handshake."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from probes.http.attempt import (
    CERTIFICATE_REFUSED,
    HANDSHAKE_CUT,
    HANDSHAKE_FAILED,
    Lost,
    Phase,
    Stopwatch,
    local_resource_error,
    out_of_time,
)
from probes.http.connection import Connection
from probes.http.parser import Bounds
from probes.http.resolver import Resolve
from probes.origin import Origin
from probes.words import FailureKind

_NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305, section 8: how long an address has before the next one joins the race


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialler:
    """Opens connections. `ssl_context` is called for https only, for making one takes tens of milliseconds."""

    resolve: Resolve
    ssl_context: Callable[[], ssl.SSLContext]
    bounds: Bounds
    clock: Callable[[], float]

    async def dial(self, origin: Origin, *, deadline: float, watch: Stopwatch) -> Connection:
        """A new connection, by `deadline` (of `loop.time()`).

        Raises `Lost` (dns, connect, tls, timeout), and `LocalResourceError` where this machine is at
        fault. Cancelled or late, it leaves no socket open.
        """
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._addresses(origin, watch)
                sock = await _first_to_connect(origin, addresses, watch)
                return await self._open(origin, sock, deadline, watch)
        except TimeoutError:
            watch.leave()
            raise out_of_time(watch.phase) from None

    async def _addresses(self, origin: Origin, watch: Stopwatch) -> Sequence[AddrInfoType]:
        literal = _literal(origin)
        if literal is not None:
            return [literal]
        watch.enter(Phase.DNS)
        try:
            found = await self.resolve(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            watch.leave()
            raise (local_resource_error(error) or _no_address(origin, _reason(error))) from None
        watch.leave()
        if not found:
            raise _no_address(origin, "it has none")
        return found

    async def _open(self, origin: Origin, sock: socket.socket, deadline: float, watch: Stopwatch) -> Connection:
        loop = asyncio.get_running_loop()
        connection = Connection(bounds=self.bounds, clock=self.clock)
        try:
            if origin.scheme == "https":
                watch.enter(Phase.TLS)
                await loop.create_connection(
                    lambda: connection,
                    sock=sock,
                    ssl=self.ssl_context(),
                    server_hostname=origin.host,
                    ssl_handshake_timeout=max(deadline - loop.time(), 0.0) + 1.0,  # never before our own deadline
                )
                watch.leave(connection.made_at)
            else:
                await loop.create_connection(lambda: connection, sock=sock)
        except OSError as error:
            watch.leave()
            raise (local_resource_error(error) or _not_opened(origin, error)) from None
        return connection


async def _first_to_connect(origin: Origin, addresses: Sequence[AddrInfoType], watch: Stopwatch) -> socket.socket:
    exhausted: list[OSError] = []

    def open_socket(address: AddrInfoType) -> socket.socket:
        try:
            return socket.socket(address[0], address[1], address[2])
        except OSError as error:
            exhausted.append(error)
            raise

    watch.enter(Phase.CONNECT)
    try:
        sock = await aiohappyeyeballs.start_connection(
            addresses,
            happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
            interleave=1,
            socket_factory=open_socket,
        )
    except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some addresses
        watch.leave()
        refused = Lost(FailureKind.CONNECT, f"no connection to {origin.host} port {origin.port}: {_reason(error)}")
        raise (local_resource_error(*exhausted, error) or refused) from None
    watch.leave()
    return sock


def _literal(origin: Origin) -> AddrInfoType | None:
    try:
        version = ipaddress.ip_address(origin.host).version
    except ValueError:
        return None
    if version == 4:
        return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (origin.host, origin.port)
    return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (origin.host, origin.port, 0, 0)


def _no_address(origin: Origin, reason: str) -> Lost:
    return Lost(FailureKind.DNS, f"no address for {origin.host}: {reason}")


def _not_opened(origin: Origin, error: OSError) -> Lost:
    if origin.scheme == "http":
        return Lost(FailureKind.RESET, f"the connection broke as it opened: {_reason(error)}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Lost(FailureKind.TLS, f"{CERTIFICATE_REFUSED}: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Lost(FailureKind.TLS, f"{HANDSHAKE_FAILED}: {_reason(error)}")
    return Lost(FailureKind.TLS, f"{HANDSHAKE_CUT}: {_reason(error)}")


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLError(reason=str(reason)):
            return reason.replace("_", " ").lower()
        case socket.gaierror(strerror=str(reason)):
            return reason
        case UnicodeError():
            return "it is no valid name"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return str(error) or type(error).__name__
