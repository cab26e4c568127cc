"""TLS: what is accepted, what is told of what isn't, and that the rest behaves as without it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path

import pytest
from support.certificates import Certificates
from support.hostile import (
    BODY,
    GARBAGE,
    TRAILING_BYTES,
    WELL_BEHAVED,
    Hostile,
    Script,
    closed_port,
    deaf,
    drip_body,
    endless_body,
    read_request,
    reset,
    reset_mid_body,
    silence,
)
from support.loops import on_both_loops
from support.requests import SOON, lose, send

from probes.transport import Transport, shared_ssl_context
from probes.words import FailureKind


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@on_both_loops
async def test_a_good_certificate_is_accepted_and_the_handshake_timed_once(certificates: Certificates) -> None:
    async with (
        Hostile(WELL_BEHAVED, ssl_context=certificates.server("good")) as server,
        Transport(ssl_context=certificates.client()) as transport,
    ):
        fresh, kept = [await send(transport, server.url, content=b"{}") for _ in range(2)]

        assert (fresh.content, kept.content) == (BODY, BODY)
        assert len(server.received) == 1
    first, second = fresh.extensions["phases"], kept.extensions["phases"]
    assert first.tls > 0.0
    assert (second.connect, second.tls) == (None, None)
    assert first.send < 0.02
    assert fresh.extensions["certificate_expires_at"] == kept.extensions["certificate_expires_at"] > time.time()
    assert fresh.extensions["duration_seconds"] == pytest.approx(first.send + first.wait + first.receive)


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        pytest.param("expired", "the certificate is not accepted: certificate has expired", id="expired"),
        pytest.param("wrong_host", "the certificate is not accepted: IP address mismatch", id="wrong host"),
        pytest.param("self_signed", "the certificate is not accepted: self-signed certificate", id="self-signed"),
    ],
)
@on_both_loops
async def test_a_bad_certificate_is_told_with_its_reason(name: str, detail: str, certificates: Certificates) -> None:
    async with (
        Hostile(WELL_BEHAVED, ssl_context=certificates.server(name)) as server,
        Transport(ssl_context=certificates.client()) as transport,
    ):
        lost = await lose(transport, server.url, content=b"{}")

        assert lost.kind is FailureKind.TLS
        assert lost.detail.startswith(detail)
        assert (lost.phases.connect is None, lost.phases.tls is None, lost.phases.send) == (False, False, None)
        assert (lost.duration_seconds, lost.first_byte_seen) == (0.0, False)
        assert b"".join(server.received) == b""


@on_both_loops
async def test_an_unknown_authority_is_not_accepted_by_the_shared_context(certificates: Certificates) -> None:
    async with Hostile(WELL_BEHAVED, ssl_context=certificates.server("good")) as server, Transport() as transport:
        lost = await lose(transport, server.url)

    assert lost.kind is FailureKind.TLS
    assert "certificate" in lost.detail


@on_both_loops
async def test_a_server_that_only_speaks_old_tls_is_refused(certificates: Certificates) -> None:
    old = certificates.server("good")
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with Hostile(WELL_BEHAVED, ssl_context=old) as server, Transport() as transport:
        lost = await lose(transport, server.url)

    assert (lost.kind, "handshake" in lost.detail) == (FailureKind.TLS, True)


def test_the_shared_context_is_one_and_verifies() -> None:
    context = shared_ssl_context()

    assert context is shared_ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@on_both_loops
async def test_a_server_without_tls_is_a_tls_failure() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    async with Hostile(script) as server, Transport() as transport:
        lost = await lose(transport, f"https://127.0.0.1:{server.port}")

    assert (lost.kind, lost.detail) == (FailureKind.TLS, "the TLS handshake failed: wrong version number")


@pytest.mark.parametrize("in_order", [True, False], ids=["an end", "a reset"])
@on_both_loops
async def test_a_connection_that_ends_in_the_handshake_is_a_tls_failure(in_order: bool) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if in_order:
            await reader.read(100_000)
            writer.close()
        else:
            reset(writer)

    async with Hostile(script) as server, Transport() as transport:
        lost = await lose(transport, f"https://127.0.0.1:{server.port}")

    assert lost.kind is FailureKind.TLS
    assert "ended in the TLS handshake" in lost.detail


@on_both_loops
async def test_a_handshake_without_an_answer_ends_at_the_deadline() -> None:
    async with Hostile(silence) as server, Transport() as transport:
        began = time.monotonic()
        lost = await lose(transport, f"https://127.0.0.1:{server.port}", seconds=SOON)
        took = time.monotonic() - began

    assert (lost.kind, lost.detail) == (FailureKind.TIMEOUT, "the deadline passed in phase tls")
    assert took < SOON + 0.4
    assert lost.phases.tls == pytest.approx(SOON, abs=0.1)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param(silence, FailureKind.TIMEOUT, id="silence"),
        pytest.param(drip_body, FailureKind.TIMEOUT, id="dripping body"),
        pytest.param(reset_mid_body, FailureKind.RESET, id="resets mid body"),
        pytest.param(GARBAGE, FailureKind.PROTOCOL, id="garbage"),
        pytest.param(TRAILING_BYTES, FailureKind.PROTOCOL, id="bytes behind the end"),
        pytest.param(endless_body, FailureKind.BODY_TOO_LARGE, id="endless body"),
    ],
)
@on_both_loops
async def test_faults_over_tls_are_told_as_without(
    script: Script, kind: FailureKind, certificates: Certificates
) -> None:
    async with (
        Hostile(script, ssl_context=certificates.server("good")) as server,
        Transport(ssl_context=certificates.client()) as transport,
    ):
        began = time.monotonic()
        lost = await lose(transport, server.url, content=b"{}", seconds=SOON)
        took = time.monotonic() - began

    assert lost.kind is kind, lost.detail
    assert took < SOON + 0.4


@on_both_loops
async def test_a_server_that_wants_a_client_certificate_is_a_tls_failure(certificates: Certificates) -> None:
    wanting = certificates.server("good")
    wanting.verify_mode = ssl.CERT_REQUIRED

    def refuse() -> None:  # with blocking sockets: asyncio's own server would drop the alert
        tls = wanting.wrap_socket(listener.accept()[0], server_side=True, do_handshake_on_connect=False)
        with pytest.raises(ssl.SSLError):
            tls.do_handshake()
        with socket.socket(fileno=tls.detach()) as plain:
            while plain.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.ensure_future(asyncio.to_thread(refuse))
        async with Transport(ssl_context=certificates.client()) as transport:
            lost = await lose(transport, f"https://127.0.0.1:{listener.getsockname()[1]}")
        await refusing

    assert (lost.kind, lost.first_byte_seen) == (FailureKind.TLS, False), lost.detail


@on_both_loops
async def test_an_orderly_end_before_the_answer_is_a_reset_over_tls_too(certificates: Certificates) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.close()

    async with (
        Hostile(script, ssl_context=certificates.server("good")) as server,
        Transport(ssl_context=certificates.client()) as transport,
    ):
        lost = await lose(transport, server.url)

    assert (lost.kind, lost.first_byte_seen) == (FailureKind.RESET, False)


@on_both_loops
async def test_a_request_that_does_not_leave_over_tls_ends_at_the_deadline(certificates: Certificates) -> None:
    async with (
        Hostile(deaf, ssl_context=certificates.server("good")) as server,
        Transport(ssl_context=certificates.client()) as transport,
    ):
        lost = await lose(transport, server.url, content=bytes(30_000_000), seconds=SOON)

    assert (lost.kind, lost.detail) == (FailureKind.TIMEOUT, "the deadline passed in phase send")


@on_both_loops
async def test_cancelled_handshakes_and_requests_leave_no_open_files(certificates: Certificates) -> None:
    counts = []
    for _ in range(2):  # the first round opens what the loop itself needs
        async with (
            Hostile(silence) as mute,
            Hostile(silence, ssl_context=certificates.server("good")) as server,
            Transport(ssl_context=certificates.client()) as transport,
        ):
            urls = [server.url, f"https://127.0.0.1:{mute.port}", f"https://127.0.0.1:{closed_port()}"] * 10
            under_way = [asyncio.ensure_future(send(transport, url)) for url in urls]
            for number, task in enumerate(under_way):
                await asyncio.sleep(0.002 * (number % 3))
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.sleep(0.05)
        counts.append(_open_files())

    assert counts[1] <= counts[0]
