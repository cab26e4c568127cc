"""Who may read what of a real service: every route it has, with every kind of credentials.

The routes are those of the app: one that is added later is tried too, and nothing is public.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import bcrypt
import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from support.certificates import Certificates
from support.examples import Known
from support.living import Living, living, make_history
from support.trespassing import PASSWORD, RIGHT_USER, TOKEN, USER, WRONG, asked, read_at, told_at, trespasses

from exporter.web.credentials import Door
from exporter.web.guard import Guard
from probes.redaction import Secret

pytestmark = pytest.mark.asyncio(loop_scope="module")
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
GUARDING = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["http", "https"])
async def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    """A service that has users, and a token for Alertmanager; once in the clear, once over TLS."""
    folder = tmp_path_factory.mktemp(request.param)
    lines = ["basic_auth_users:", f"  {USER}: {HASH}"]
    if request.param == "https":
        Certificates(folder)
        lines.append("tls_server_config: {cert_file: good.pem, key_file: good.key}")
    (folder / "web-config.yml").write_text("\n".join(lines))
    settings = {"web_config": folder / "web-config.yml", "webhook_token": Secret(TOKEN)}
    async with living(folder, **settings) as started:
        await make_history(started)
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def client(life: Living) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=life.service.url, trust_env=False, verify=False) as client:  # noqa: S501 - who may come in is the question here, not to whom
        yield client


async def test_nobody_comes_in_anywhere_without_the_right_credentials(life: Living, client: httpx.AsyncClient) -> None:
    assert await trespasses(client, life.app.routes, life.known()) == []


async def test_a_user_reads_everything_there_is(life: Living, client: httpx.AsyncClient) -> None:
    answers = await asked(client, read_at(life.app.routes, life.known()), RIGHT_USER)
    refused = {
        request: answer.status_code for request, answer in answers.items() if answer.status_code not in {200, 404}
    }
    missing = {request for request, answer in answers.items() if answer.status_code == 404}

    assert refused == {}
    assert len(missing) < len(answers) / 2


async def test_every_answer_guards_whoever_shows_it(life: Living, client: httpx.AsyncClient) -> None:
    wanted = [*read_at(life.app.routes, life.known()), *told_at(life.app.routes), ("DELETE", "/"), ("POST", "/nowhere")]
    answers = [
        answer for how in (RIGHT_USER, *WRONG.values()) for answer in (await asked(client, wanted, how)).values()
    ]
    unguarded = [
        f"{answer.request.method} {answer.request.url.path}: {answer.status_code} without {name}"
        for answer in answers
        for name, value in GUARDING.items()
        if answer.headers.get(name) != value
    ]
    policies = {answer.headers["content-security-policy"].partition(";")[0] for answer in answers}

    assert unguarded == []
    assert policies == {"default-src 'none'"}
    assert {answer.status_code for answer in answers} >= {200, 401, 404, 405}
    assert not any("server" in answer.headers for answer in answers)


async def test_a_route_that_stands_outside_the_guard_is_told() -> None:
    async def answer(_: Request) -> PlainTextResponse:
        return PlainTextResponse("")

    kept, leak = Route("/kept", answer), Route("/leak", answer)
    guard = Guard(Starlette(routes=[kept]), hosts=None, door=Door({USER: HASH.encode()}))
    transport = httpx.ASGITransport(Starlette(routes=[leak, Mount("/", guard)]))
    async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as client:
        told = await trespasses(client, [kept, leak], Known())

    assert {line.partition(" opens")[0] for line in told} == {"GET /leak", "HEAD /leak"}
    assert len(told) == 2 * (len(WRONG) + 1)
