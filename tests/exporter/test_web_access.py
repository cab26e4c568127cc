from __future__ import annotations

import asyncio
import base64
import re
import socket
from pathlib import Path

import bcrypt
import pytest
from starlette.applications import Starlette
from support.certificates import Certificates
from support.web import FakeHealth, addresses, served

from exporter.recorder import Recorder
from exporter.web import WebServer, create_app
from probes.errors import ConfigError, UsageError

USER, PASSWORD = "prometheus", "open sesame"
AUTH = (USER, PASSWORD)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the tests are about


@pytest.fixture
def app() -> Starlette:
    return create_app(recorder=Recorder(), health=FakeHealth())


@pytest.fixture
def users(tmp_path: Path) -> Path:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    path = tmp_path / "web-config.yml"
    path.write_text(f"basic_auth_users:\n  {USER}: {hashed}\n")
    return path


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "", "[::1", "me@localhost"]
)
async def test_a_foreign_host_name_is_refused_on_loopback(app: Starlette, host: str) -> None:
    async with served(app) as (_, client):
        answers = [await client.get(path, headers={"host": host}) for path in addresses(app)]

    assert {answer.status_code for answer in answers} == {421}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9464", "127.0.0.1:1", "[::1]", "[::1]:9464"])
async def test_the_names_of_loopback_are_served(app: Starlette, host: str) -> None:
    async with served(app) as (_, client):
        answer = await client.get("/healthz", headers={"host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic !!!",
        "Bearer x",
        "Basic " + base64.b64encode(b"prometheus").decode(),
        "Basic " + base64.b64encode(b"prometheus:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:open sesame").decode(),
        "Basic " + base64.b64encode(b"prometheus:open sesame\0").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b"prometheus:" + b"x" * 100).decode(),
        "Basic " + base64.b64encode(b"prometheus:" + b"x" * 9_000).decode(),
    ],
)
async def test_no_route_opens_without_the_right_credentials(app: Starlette, users: Path, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    async with served(app, web_config=users) as (_, client):
        answers = [await client.get(path, headers=headers) for path in [*addresses(app), "/nowhere"]]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Basic realm="brekwatch", charset="UTF-8"'}


async def test_every_route_opens_with_the_right_credentials(app: Starlette, users: Path) -> None:
    async with served(app, web_config=users) as (_, client):
        answers = [await client.get(path, auth=AUTH) for path in addresses(app)]

    assert {answer.status_code for answer in answers} == {200}


async def test_a_password_is_hashed_once_and_then_known(app: Starlette, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(11)).decode()
    path = tmp_path / "web-config.yml"
    path.write_text(f"basic_auth_users: {{{USER}: {hashed}}}\n")
    loop = asyncio.get_running_loop()
    async with served(app, web_config=path) as (_, client):
        began = loop.time()
        await client.get("/healthz", auth=AUTH)
        first = loop.time() - began
        began = loop.time()
        for _ in range(5):
            await client.get("/healthz", auth=AUTH)
        later = (loop.time() - began) / 5
        wrong = await client.get("/healthz", auth=(USER, "another"))

    assert later < first / 3
    assert wrong.status_code == 401


@pytest.mark.parametrize("host", [EVERYWHERE, "::"])
async def test_listening_beyond_loopback_without_credentials_is_refused(app: Starlette, host: str) -> None:
    with pytest.raises(UsageError, match=r"web config .*basic_auth_users.*127\.0\.0\.1"):
        await WebServer(host, 0, app).start()


async def test_encryption_alone_is_no_credential(app: Starlette, tmp_path: Path) -> None:
    Certificates(tmp_path)
    path = tmp_path / "web-config.yml"
    path.write_text("tls_server_config: {cert_file: good.pem, key_file: good.key}\n")

    with pytest.raises(UsageError, match="basic_auth_users"):
        await WebServer(EVERYWHERE, 0, app, path).start()


async def test_beyond_loopback_users_come_in_by_any_name(app: Starlette, users: Path) -> None:
    async with served(app, host=EVERYWHERE, web_config=users) as (_, client):
        named = await client.get("/healthz", auth=AUTH, headers={"host": "monitor.example"})
        unknown = await client.get("/healthz")

    assert (named.status_code, unknown.status_code) == (200, 401)


async def test_tls_is_served_where_configured(app: Starlette, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    path = tmp_path / "web-config.yml"
    path.write_text("tls_server_config: {cert_file: good.pem, key_file: good.key}\n")
    async with served(app, web_config=path, verify=certificates.client()) as (server, client):
        answer = await client.get("/healthz")

    assert server.url.startswith("https://127.0.0.1:")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_users: {a: secret-in-the-clear}\n", "bcrypt hash of cost 4 to 16"),
        ("basic_auth_user: {}\n", 'did you mean "basic_auth_users"'),
        ("tls_server_config: {cert_file: a.pem}\n", "key_file"),
        ("tls_server_config: {cert_file: no.pem, key_file: no.key}\n", "can't be used for TLS"),
        ("- a\n", "mapping"),
    ],
)
async def test_a_wrong_web_config_is_told(app: Starlette, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "web-config.yml"
    path.write_text(text)

    with pytest.raises(UsageError, match=message) as told:
        await WebServer("127.0.0.1", 0, app, path).start()
    assert "secret-in-the-clear" not in str(told.value)


async def test_a_missing_web_config_is_told(app: Starlette, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yml"):
        await WebServer("127.0.0.1", 0, app, tmp_path / "nowhere.yml").start()


async def test_a_busy_port_is_told(app: Starlette) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1 is in use: "):
            await WebServer("127.0.0.1", port, app).start()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "nowhere.invalid"])
async def test_an_address_that_is_not_ours_is_told(app: Starlette, users: Path, host: str) -> None:
    with pytest.raises(UsageError, match=re.escape(host)):
        await WebServer(host, 0, app, users).start()
