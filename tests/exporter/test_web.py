from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import threading

import httpx
import pytest
from starlette.applications import Starlette
from support.facts import SEARCH, a_probe, a_run, a_target
from support.policies import policy_of
from support.prometheus import OPENMETRICS, complaints_of_promtool
from support.web import FakeHealth, addresses, paths, raw, served

from exporter.recorder import Recorder
from exporter.web import WebServer, create_app
from exporter.web.connections import MOST_CONNECTIONS
from exporter.web.scrapes import Scrapes
from probes.words import Outcome


@pytest.fixture
def clock() -> list[float]:
    return [1_795_521_600.0]


@pytest.fixture
def recorder(clock: list[float]) -> Recorder:
    recorder = Recorder(now=lambda: clock[0])
    recorder.expect([a_target()], [a_probe()], {SEARCH.name: SEARCH}, "eu-1")
    return recorder


@pytest.fixture
def health() -> FakeHealth:
    return FakeHealth()


@pytest.fixture
def app(recorder: Recorder, health: FakeHealth) -> Starlette:
    return create_app(recorder=recorder, health=health)


async def test_metrics_are_served_in_the_text_format_that_promtool_accepts(app: Starlette) -> None:
    async with served(app) as (_, client):
        answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert complaints_of_promtool(answer.content) == ""


async def test_metrics_are_served_as_openmetrics_where_asked_for(app: Starlette) -> None:
    async with served(app) as (_, client):
        answer = await client.get("/metrics", headers={"accept": OPENMETRICS})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.content.endswith(b"# EOF\n")


async def test_health_is_good_only_while_probing(app: Starlette, health: FakeHealth) -> None:
    async with served(app) as (_, client):
        good = await client.get("/healthz")
        health.trouble = "quick_search on acme ended no run for 900 s"
        bad = await client.get("/healthz")

    assert (good.status_code, good.json()) == (200, {"status": "ok"})
    assert (bad.status_code, bad.json()) == (503, {"status": "failing", "reason": health.trouble})


async def test_readiness_waits_for_the_first_slots_to_be_planned(app: Starlette, health: FakeHealth) -> None:
    health.started = False
    async with served(app) as (_, client):
        early = await client.get("/readyz")
        health.started = True
        later = await client.get("/readyz")

    assert (early.status_code, later.status_code) == (503, 200)


async def test_the_page_shows_each_probe_with_its_last_outcome(app: Starlette, recorder: Recorder) -> None:
    async with served(app) as (_, client):
        before = (await client.get("/")).text
        recorder.run_finished(a_run(Outcome.FAILED, reason="server_error"))
        after = (await client.get("/")).text

    assert "not judged yet" in before
    assert "The one probe" not in after
    assert "1 of 1 probe fails, since " in after
    assert "server_error" in after


async def test_an_old_outcome_goes_grey(app: Starlette, recorder: Recorder, clock: list[float]) -> None:
    recorder.run_finished(a_run())
    async with served(app) as (_, client):
        fresh = (await client.get("/")).text
        clock[0] += 601
        old = (await client.get("/")).text

    assert "The one probe is good" in fresh
    assert "probe is good" not in old
    assert '<tr class="stale">' in old


async def test_the_page_says_why_nothing_is_probed(app: Starlette, health: FakeHealth) -> None:
    health.trouble = "the watcher of slots has ended"
    async with served(app) as (_, client):
        page = (await client.get("/")).text

    assert "not probing: the watcher of slots has ended" in page


async def test_what_looks_like_html_is_shown_as_text(health: FakeHealth) -> None:
    recorder = Recorder()
    nasty = "<img src=x onerror=alert(1)>"
    recorder.expect([a_target(name=nasty)], [a_probe(target=nasty)], {}, "eu-1")
    async with served(create_app(recorder=recorder, health=health)) as (_, client):
        page = (await client.get("/")).text

    assert nasty not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


async def test_the_page_allows_its_own_style_sheet_and_script_and_nothing_else(app: Starlette) -> None:
    async with served(app) as (_, client):
        answer = await client.get("/")

    assert answer.headers["content-security-policy"] == policy_of(answer.text)
    assert not re.search(r"<script\s|\sstyle=|\son\w+=|https?://", answer.text)


async def test_every_route_answers_with_guarding_headers(app: Starlette) -> None:
    async with served(app) as (_, client):
        answers = [await client.get(path) for path in [*addresses(app), "/nowhere"]]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(app: Starlette, method: str) -> None:
    async with served(app) as (_, client):
        answers = [await client.request(method, path) for path in [*addresses(app), "/nowhere"]]

    assert {(answer.status_code, answer.headers["allow"]) for answer in answers} == {(405, "GET, HEAD")}


async def test_head_is_get_without_a_body(app: Starlette) -> None:
    async with served(app) as (_, client):
        answer = await client.head("/metrics")

    assert answer.status_code == 200
    assert answer.content == b""


async def test_there_is_no_other_route(app: Starlette) -> None:
    async with served(app) as (_, client):
        answers = [(await client.get(path)).status_code for path in ("/config", "/metrics/", "/..%2fetc/passwd")]

    assert answers == [404, 404, 404]
    assert sorted(paths(app)) == [
        "/",
        "/favicon.svg",
        "/healthz",
        "/metrics",
        "/readyz",
        "/runbooks",
        "/runbooks/{name}",
    ]


async def test_the_signals_are_left_to_the_service(app: Starlette) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with served(app):
        during = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)

    assert during == before


async def test_closing_frees_the_port(app: Starlette) -> None:
    async with served(app) as (server, client):
        await client.get("/healthz")
        port = server.port
    again = WebServer("127.0.0.1", port, app)
    await again.start()
    await again.aclose()

    assert again.port == port


async def test_closing_twice_or_before_the_start_does_nothing(app: Starlette) -> None:
    server = WebServer("127.0.0.1", 0, app)
    await server.aclose()
    await server.start()
    await server.aclose()
    await server.aclose()

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


class SlowRecorder(Recorder):
    """Renders only when let, and counts how often."""

    def __init__(self) -> None:
        super().__init__()
        self.renders = 0
        self.gate = threading.Event()

    def render(self, accept: str) -> tuple[bytes, str]:
        self.renders += 1
        self.gate.wait(5)
        return super().render(accept)


async def test_many_scrapes_at_once_share_one_rendering_and_leave_the_loop_free(health: FakeHealth) -> None:
    recorder = SlowRecorder()
    async with served(create_app(recorder=recorder, health=health)) as (server, other):
        limits = httpx.Limits(max_connections=50)
        base_url = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base_url, limits=limits, trust_env=False) as client:
            scrapes = [asyncio.create_task(client.get("/metrics")) for _ in range(50)]
            while recorder.renders == 0:
                await asyncio.sleep(0.01)
            healthy = await asyncio.wait_for(other.get("/healthz"), 1)
            await asyncio.sleep(0.2)
            recorder.gate.set()
            answers = await asyncio.gather(*scrapes)

    assert healthy.status_code == 200
    assert {answer.status_code for answer in answers} == {200}
    assert recorder.renders == 1


async def test_a_scraper_that_goes_away_spoils_nobody_elses_scrape() -> None:
    recorder = SlowRecorder()
    scrapes = Scrapes(recorder.render)
    first, second = (asyncio.create_task(scrapes.get("")) for _ in range(2))
    while recorder.renders == 0:
        await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    recorder.gate.set()
    body, _ = await second

    assert body.startswith(b"# HELP")
    assert recorder.renders == 1


async def test_a_rendering_that_fails_fails_once() -> None:
    calls: list[str] = []

    def render(accept: str) -> tuple[bytes, str]:
        calls.append(accept)
        if len(calls) == 1:
            raise RuntimeError("no metrics today")
        return b"# EOF", "text/plain"

    scrapes = Scrapes(render)
    with pytest.raises(RuntimeError):
        await scrapes.get("")

    assert await scrapes.get("") == (b"# EOF", "text/plain")


async def test_slow_sockets_keep_nobody_out(app: Starlette) -> None:
    async with served(app) as (server, client):
        opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3 * MOST_CONNECTIONS)]
        for _, writer in opened:
            writer.write(b"GET /metrics HTTP/1.1\r\nhost: loc")
        answer = await asyncio.wait_for(client.get("/healthz"), 1)
        await asyncio.sleep(0.5)
        kept = 0
        for reader, writer in opened:
            with contextlib.suppress(ConnectionError):
                try:
                    await asyncio.wait_for(reader.read(1), 0.001)
                except TimeoutError:
                    kept += 1
            writer.close()

    assert answer.status_code == 200
    assert kept < MOST_CONNECTIONS


async def test_a_request_that_came_whole_is_answered_whatever_comes_with_it(app: Starlette) -> None:
    async with served(app) as (server, _):
        address = ("127.0.0.1", server.port)
        with contextlib.ExitStack() as stack:
            whole, *slow = [stack.enter_context(socket.create_connection(address)) for _ in range(2 * MOST_CONNECTIONS)]
            whole.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            for each in slow:
                each.sendall(b"GET /healthz HTTP/1.1\r\nhost: loc")
            whole.setblocking(False)
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(whole, 100), 5)

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_an_endless_request_is_cut_off(app: Starlette) -> None:
    async with served(app) as (server, client):
        async with raw(server.port) as exchange:
            answer = await exchange(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 200_000)
        healthy = await client.get("/healthz")

    assert answer == b""
    assert healthy.status_code == 200


async def test_a_request_that_is_none_gets_a_plain_refusal(app: Starlette) -> None:
    async with served(app) as (server, _), raw(server.port) as exchange:
        answer = await exchange(b"\x16\x03\x01 hello\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
