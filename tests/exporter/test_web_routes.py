from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest
from starlette.routing import Route
from support.archive import Archive
from support.desk import Drawer
from support.kept import Shelf
from support.places import a_configuration
from support.web import FakeHealth, addresses, served
from support.webhooks import RIGHT, a_message, an_alert

from exporter.recorder import Recorder
from exporter.web import create_app
from exporter.web.alerts import ALERTS_PATH, bearer_of
from probes.redaction import Secret

AUTH = ("prometheus", "open sesame")
TOKEN_OF_TESTS = RIGHT["authorization"].removeprefix("Bearer ")
READABLE = [
    "/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/favicon.svg",
    "/runbooks",
    "/runbooks/{name}",
    "/runs",
    "/runs/{id:path}",
    "/find",
    "/find/{id:path}",
    "/targets",
    "/targets/{name:path}",
    "/scenarios",
    "/scenarios/{name:path}",
    "/incidents",
    "/incidents/open",
]
APP = create_app(
    recorder=Recorder(),
    health=FakeHealth(),
    find=Shelf().find,
    desk=Drawer().desk(),
    new_reader=Archive,
    settings=a_configuration,
)
BEARERS = {ALERTS_PATH: bearer_of(lambda: Secret(TOKEN_OF_TESTS))}
WRONG = {"authorization": "Bearer wrong"}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    hashed = bcrypt.hashpw(AUTH[1].encode(), bcrypt.gensalt(4)).decode()
    path = tmp_path / "web-config.yml"
    path.write_text(f"basic_auth_users:\n  {AUTH[0]}: {hashed}\n")
    return path


def test_every_route_there_is_stands_in_one_of_two_tables() -> None:
    routes = [(route.path, sorted(route.methods or ())) for route in APP.routes if isinstance(route, Route)]

    assert sorted(routes) == sorted([*((path, ["GET", "HEAD"]) for path in READABLE), (ALERTS_PATH, ["POST"])])


async def test_what_is_read_wants_a_user_and_no_token_opens_it(users: Path) -> None:
    async with served(APP, web_config=users, bearers=BEARERS) as (_, client):
        without = [await client.get(path) for path in addresses(APP)]
        by_token = [await client.get(path, headers=RIGHT) for path in addresses(APP)]
        by_user = [await client.get(path, auth=AUTH) for path in addresses(APP)]

    assert {answer.status_code for answer in [*without, *by_token]} == {401}
    assert {answer.status_code for answer in by_user} <= {200, 404}


async def test_what_is_told_wants_the_token_and_no_user_opens_it(users: Path) -> None:
    message = a_message(an_alert())
    async with served(APP, web_config=users, bearers=BEARERS) as (_, client):
        without = await client.post(ALERTS_PATH, json=message)
        wrong = await client.post(ALERTS_PATH, json=message, headers=WRONG)
        by_user = await client.post(ALERTS_PATH, json=message, auth=AUTH)
        by_token = await client.post(ALERTS_PATH, json=message, headers=RIGHT)

    assert [answer.status_code for answer in (without, wrong, by_user, by_token)] == [401, 401, 401, 200]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_else_can_be_changed_whatever_is_shown(method: str) -> None:
    paths = [*addresses(APP), "/nowhere", "/alerts/", "/alerts/x", "//alerts"]
    async with served(APP, bearers=BEARERS) as (_, client):
        answers = [await client.request(method, path, headers=RIGHT) for path in paths]

    assert {(answer.status_code, answer.headers["allow"]) for answer in answers} == {(405, "GET, HEAD")}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_alerts_are_told_by_post_alone(method: str) -> None:
    async with served(APP, bearers=BEARERS) as (_, client):
        answer = await client.request(method, ALERTS_PATH, headers=RIGHT)

    assert answer.status_code == 405


async def test_the_token_opens_nothing_but_a_post(users: Path) -> None:
    async with served(APP, web_config=users, bearers=BEARERS) as (_, client):
        answers = [await client.request(method, ALERTS_PATH, headers=RIGHT) for method in ("GET", "PUT", "DELETE")]

    assert {answer.status_code for answer in answers} == {401}


async def test_without_bearers_nobody_posts_anything() -> None:
    async with served(APP) as (_, client):
        answer = await client.post(ALERTS_PATH, json=a_message(an_alert()), headers=RIGHT)

    assert answer.status_code == 405


async def test_a_foreign_host_name_tells_nothing_either() -> None:
    async with served(APP, bearers=BEARERS) as (_, client):
        answer = await client.post(ALERTS_PATH, json=a_message(), headers=RIGHT | {"host": "evil.example"})

    assert answer.status_code == 421


async def test_a_token_that_changes_is_the_one_that_counts_from_then_on() -> None:
    tokens = [Secret(TOKEN_OF_TESTS)]
    async with served(APP, bearers={ALERTS_PATH: bearer_of(lambda: tokens[-1])}) as (_, client):
        before = await client.post(ALERTS_PATH, json=a_message(), headers=RIGHT)
        tokens.append(Secret("another-token"))
        after = await client.post(ALERTS_PATH, json=a_message(), headers=RIGHT)

    assert (before.status_code, after.status_code) == (200, 401)


async def test_answers_to_what_is_told_carry_guarding_headers() -> None:
    async with served(APP, bearers=BEARERS) as (_, client):
        answers = [await client.post(ALERTS_PATH, json=a_message(), headers=headers) for headers in (RIGHT, WRONG)]

    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
