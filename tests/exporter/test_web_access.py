from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
from pathlib import Path

import bcrypt
import httpx
import pytest
from starlette.applications import Starlette
from support.certificates import Certificates
from support.web import FakeHealth, addresses, served

from exporter.recorder import Recorder
from exporter.web import WebServer, create_app
from probes.errors import ConfigError, UsageError

USER, PASSWORD = "prometheus", "open sesame"
AUTH = (USER, PASSWORD)
TLS = "tls_server_config:\n  cert_file: good.pem\n  key_file: good.key\n"
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


async def test_only_clients_of_the_named_authority_come_in(app: Starlette, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    path = tmp_path / "web-config.yml"
    path.write_text(f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n")
    known, stranger = certificates.client(), certificates.client()
    known.load_cert_chain(tmp_path / "good.pem", tmp_path / "good.key")
    stranger.load_cert_chain(tmp_path / "self_signed.pem", tmp_path / "self_signed.key")
    async with served(app, web_config=path, verify=known) as (server, client):
        answer = await client.get("/healthz")
        refused = [await _refused(f"{server.url}/healthz", by) for by in (certificates.client(), stranger)]

    assert answer.status_code == 200
    assert refused == [True, True]


@pytest.mark.parametrize(
    ("lines", "spoken", "comes_in"),
    [
        ("", ssl.TLSVersion.TLSv1_2, True),
        ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_2, False),
        ("  min_version: TLS13\n", ssl.TLSVersion.TLSv1_3, True),
        ("  max_version: TLS12\n", ssl.TLSVersion.TLSv1_3, False),
    ],
)
async def test_tls_is_spoken_in_the_versions_that_are_allowed(
    app: Starlette, tmp_path: Path, lines: str, spoken: ssl.TLSVersion, comes_in: bool
) -> None:
    client = Certificates(tmp_path).client()
    client.minimum_version = client.maximum_version = spoken
    path = tmp_path / "web-config.yml"
    path.write_text(TLS + lines)
    async with served(app, web_config=path, verify=client) as (server, _):
        assert await _refused(f"{server.url}/healthz", client) is not comes_in


async def test_http2_may_be_switched_off_as_it_is(app: Starlette, tmp_path: Path) -> None:
    path = tmp_path / "web-config.yml"
    path.write_text("http_server_config: {http2: false}\n")
    async with served(app, web_config=path) as (_, client):
        assert (await client.get("/healthz")).status_code == 200


async def test_an_authority_that_is_no_certificate_is_told(app: Starlette, tmp_path: Path) -> None:
    Certificates(tmp_path)
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    path = tmp_path / "web-config.yml"
    path.write_text(f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n")

    with pytest.raises(UsageError, match=r"ca\.pem can't be used for TLS"):
        await WebServer("127.0.0.1", 0, app, path).start()


async def _refused(url: str, client: ssl.SSLContext) -> bool:
    async with httpx.AsyncClient(verify=client, trust_env=False) as other:
        try:
            await other.get(url)
        except httpx.TransportError:
            return True
    return False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_users: {a: secret-in-the-clear}\n", "bcrypt hash of cost 4 to 16"),
        ("basic_auth_user: {}\n", 'did you mean "basic_auth_users"'),
        ("tls_server_config: {cert_file: a.pem}\n", "key_file"),
        ("tls_server_config: {cert_file: no.pem, key_file: no.key}\n", "can't be used for TLS"),
        ("- a\n", "mapping"),
        ("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10\n", r":4:16: .*min_version: .*TLS12"),
        (f"{TLS}  cert: PEM\n", r":4:9: .*cert: is not served inline: name a file"),
        (f"{TLS}  key: secret-in-the-clear\n", r":4:8: .*key: is not served inline: name a file"),
        (f"{TLS}  client_allowed_sans: [a]\n", r":4:24: .*authority of your own"),
        (f"{TLS}  cipher_suites: [A]\n", r":4:18: .*leaves the choice to OpenSSL"),
        (f"{TLS}  prefer_server_cipher_suites: true\n", "leaves the choice to OpenSSL"),
        (f"{TLS}  curve_preferences: [CurveP256]\n", "leaves the choice to OpenSSL"),
        (f"{TLS}  client_auth_type: RequestClientCert\n", "a client in whose certificate nobody has verified"),
        (f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n", "go together: name both"),
        (f"{TLS}  client_ca_file: ca.pem\n", "go together: name both"),
        (f"{TLS}  min_version: TLS13\n  max_version: TLS12\n", "min_version is newer than max_version"),
        ("http_server_config:\n  http2: true\n", r":2:10: .*brekwatch speaks HTTP/1\.1"),
        ("http_server_config: {headers: {X-Frame-Options: deny}}\n", "brekwatch sets the headers"),
        ("rate_limit: {interval: 1s, burst: 2}\n", r":1:13: rate_limit: is not served"),
        ("http_server_confg: {}\n", 'did you mean "http_server_config"'),
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
