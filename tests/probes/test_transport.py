"""What goes out as it was given, and what comes back whole."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from support.hostile import (
    BODY,
    CLOSE_DELIMITED,
    GZIPPED,
    WELL_BEHAVED,
    Hostile,
    answer_bytes,
    answers,
    answers_and_ends,
    read_request,
    redirects,
    speaks_first,
)
from support.loops import on_both_loops
from support.requests import SOON, lose, send

from probes.transport import Transport
from probes.words import FailureKind


@on_both_loops
async def test_an_answer_comes_whole_with_status_headers_and_content() -> None:
    wire = answer_bytes(BODY, "x-request-id: r1", "Set-Cookie: a=1", "Set-Cookie: b=2", status="418 I'm a teapot")
    async with Hostile(answers(wire)) as server, Transport() as transport:
        response = await send(transport, server.url)

    assert response.status_code == 418
    assert response.content == BODY
    assert response.headers["X-Request-Id"] == "r1"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


@on_both_loops
async def test_the_request_goes_out_byte_for_byte_and_only_once() -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        request = httpx.Request(
            "POST",
            f"{server.url}/a%20path?q=1#fragment",
            headers=[("X-Partner-Api-Key", "k"), ("accept-encoding", "identity")],
            content=b'{"text": "Done"}',
            extensions={"deadline": asyncio.get_running_loop().time() + 5},
        )
        await transport.handle_async_request(request)

        assert server.received == [
            b"POST /a%%20path?q=1 HTTP/1.1\r\n"
            b"Host: 127.0.0.1:%d\r\n"
            b"X-Partner-Api-Key: k\r\n"
            b"accept-encoding: identity\r\n"
            b"Content-Length: 16\r\n"
            b"\r\n"
            b'{"text": "Done"}' % server.port
        ]


@on_both_loops
async def test_a_content_encoding_is_left_as_it_came() -> None:
    async with Hostile(GZIPPED) as server, Transport() as transport:
        response = await send(transport, server.url)

    assert response.headers["content-encoding"] == "gzip"
    assert response.content[:2] == b"\x1f\x8b"
    assert len(response.content) < 100_000


@pytest.mark.parametrize(
    ("wire", "status_code", "content"),
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="no content"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9999999\r\n\r\n", 304, b"", id="not modified"),
        pytest.param(b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", 200, b"ok", id="no reason phrase"),
        pytest.param(b"HTTP/1.1 799 Odd\r\ncontent-length: 2\r\n\r\nok", 799, b"ok", id="unheard-of status"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n2\r\n..\r\n0\r\nx-late: 1\r\n\r\n",
            200,
            b"ok..",
            id="chunks with a trailer",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
            b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok",
            201,
            b"ok",
            id="after interim answers",
        ),
    ],
)
@on_both_loops
async def test_every_proper_way_to_end_an_answer_is_understood(wire: bytes, status_code: int, content: bytes) -> None:
    async with Hostile(answers(wire)) as server, Transport() as transport:
        response = await send(transport, server.url)

    assert (response.status_code, response.content) == (status_code, content)
    assert "link" not in response.headers
    assert "x-late" not in response.headers


@on_both_loops
async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with Hostile(CLOSE_DELIMITED) as server, Transport() as transport:
        contents = [(await send(transport, server.url)).content for _ in range(2)]

        assert contents == [BODY, BODY]
        assert len(server.received) == 2


@on_both_loops
async def test_what_an_interim_answer_announces_is_not_expected_of_the_final_one() -> None:
    wire = b"HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + BODY
    async with Hostile(answers_and_ends(wire)) as server, Transport() as transport:
        response = await send(transport, server.url)

    assert response.content == BODY


@on_both_loops
async def test_an_answer_that_comes_byte_by_byte_is_the_same_answer() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for byte in b"HTTP/1.1 103 x\r\n\r\n" + answer_bytes(BODY, "x-a: b", "x-empty:"):
            writer.write(bytes([byte]))
            await asyncio.sleep(0)

    async with Hostile(script) as server, Transport() as transport:
        response = await send(transport, server.url)

    assert response.content == BODY
    assert (response.headers["x-a"], response.headers["x-empty"]) == ("b", "")


@on_both_loops
async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with (
        Hostile(WELL_BEHAVED) as elsewhere,
        Hostile(redirects(f"{elsewhere.url}/x")) as server,
        Transport() as transport,
    ):
        response = await send(transport, server.url, content=b"yes, use this card")

        assert response.status_code == 307
        assert elsewhere.received == []


@on_both_loops
async def test_proxy_variables_are_not_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Hostile(WELL_BEHAVED) as proxy, Hostile(WELL_BEHAVED) as server, Transport() as transport:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        response = await send(transport, server.url)

        assert response.status_code == 200
        assert proxy.received == []


@on_both_loops
async def test_a_server_that_speaks_before_it_is_asked_is_no_http_server() -> None:
    async with Hostile(speaks_first) as server, Transport() as transport:
        lost = await lose(transport, server.url)

    assert lost.kind is FailureKind.PROTOCOL


@pytest.mark.parametrize(
    ("method", "headers", "content"),
    [
        pytest.param("HEAD", [], b"", id="HEAD"),
        pytest.param("GET", [("x-partner-api-key", "k\r\nhost: evil")], b"", id="a line break in a value"),
        pytest.param("GET", [("x-partner-api-key", "k\n")], b"", id="a bare line feed"),
        pytest.param("GET", [("x-partner-api-key", "k\r")], b"", id="a bare carriage return"),
        pytest.param("GET", [("a\r\nb", "c")], b"", id="a line break in a name"),
        pytest.param("GET\r\n", [], b"", id="a line break in the method"),
        pytest.param("GET", [("x", "a\0b")], b"", id="a null byte"),
    ],
)
async def test_a_request_that_cannot_be_sent_as_it_is_is_refused(
    method: str, headers: list[tuple[str, str]], content: bytes
) -> None:
    async with Hostile(WELL_BEHAVED) as server, Transport() as transport:
        request = httpx.Request(method, server.url, headers=headers, content=content, extensions={"deadline": 1e12})
        with pytest.raises(ValueError, match=r"not supported|line break") as refused:
            await transport.handle_async_request(request)

        assert "evil" not in str(refused.value)
        assert server.received == []


async def test_a_scheme_other_than_http_is_refused() -> None:
    with pytest.raises(ValueError, match="https://"):
        await send(Transport(), "ftp://127.0.0.1/", seconds=SOON)
