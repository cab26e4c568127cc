"""`error_catalog` against a server that refuses in a wrong way: the step that asked fails, as what it is."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from support.lying import Lying, Told
from support.playing import play, target_for

from probes.model import Run
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.words import FailureKind, Outcome

Lie = Callable[[Told], None]
CATALOG = shipped()["error_catalog"]
REFUSED = {step.name: step.expect.status_codes[0] for step in CATALOG.steps if step.expect.status_codes}
WITHOUT_KEY = [name for name, status_code in REFUSED.items() if status_code in (401, 403)]
CODED = [name for name, status_code in REFUSED.items() if status_code in (401, 403, 404)]


async def played(step: str, lie: Lie) -> Run:
    """A run in which one step's answer is a lie: steps and answers come one by one."""
    place = [each.name for each in CATALOG.steps].index(step)
    seen = 0

    def lie_once(told: Told) -> None:
        nonlocal seen
        if seen == place:
            lie(told)
        seen += 1

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie_once) as server:
        return await play(CATALOG, target_for(sandbox, base_url=server.base_url))


async def failure_of(step: str, lie: Lie) -> FailureKind | None:
    """The kind that this step fails with, and no step before it."""
    run = await played(step, lie)
    failed = run.failed_step

    assert failed is not None
    assert failed.name == step
    return None if failed.failure is None else failed.failure.kind


def without_request_id(told: Told) -> None:
    del told.headers["x-request-id"]


def empty_request_id(told: Told) -> None:
    told.headers["x-request-id"] = " "


def with_code(code: object) -> Lie:
    """The same refusal with another code."""

    def lie(told: Told) -> None:
        body = orjson.loads(told.body)
        told.say({**body, "code": code, "details": None})

    return lie


def with_status(status_code: int) -> Lie:
    """The same body with another status code."""

    def lie(told: Told) -> None:
        told.status_code = status_code

    return lie


def as_a_success(told: Told) -> None:
    told.status_code = 200
    told.say({"data": {"sessionId": "sess_1771456953407_k2p9x1", "actor": {"actorId": "a"}}})


async def test_a_server_that_tells_the_truth_passes() -> None:
    run = await played("no_key", lambda _told: None)

    assert run.outcome is Outcome.PASSED


def test_the_catalog_asks_for_a_request_id_of_each_401_and_403_and_has_all_documented_refusals() -> None:
    assert len(WITHOUT_KEY) >= 6
    assert set(REFUSED.values()) == {400, 401, 403, 404, 409}


@pytest.mark.parametrize("lie", [without_request_id, empty_request_id])
@pytest.mark.parametrize("step", WITHOUT_KEY)
async def test_a_401_or_403_without_its_request_id_is_an_envelope_failure(step: str, lie: Lie) -> None:
    assert await failure_of(step, lie) is FailureKind.ENVELOPE


@pytest.mark.parametrize("code", ["internal_error", "invalid_request", "", None])
@pytest.mark.parametrize("step", CODED)
async def test_a_refusal_with_another_code_or_none_is_an_error_code_failure(step: str, code: str | None) -> None:
    assert await failure_of(step, with_code(code)) is FailureKind.ERROR_CODE


@pytest.mark.parametrize("step", [name for name, status_code in REFUSED.items() if status_code in (400, 409)])
async def test_a_400_or_409_with_a_code_of_another_refusal_is_an_error_code_failure(step: str) -> None:
    assert await failure_of(step, with_code("session_not_found")) is FailureKind.ERROR_CODE


@pytest.mark.parametrize(
    ("status_code", "kind"),
    [
        (400, FailureKind.INVALID_REQUEST),
        (404, FailureKind.NOT_FOUND),
        (409, FailureKind.CONFLICT),
        (422, FailureKind.STATUS_CODE),
    ],
)
@pytest.mark.parametrize("step", REFUSED)
async def test_a_refusal_with_another_status_code_fails_as_that_one(
    step: str, status_code: int, kind: FailureKind
) -> None:
    expected = None if REFUSED[step] == status_code else kind
    run = await played(step, with_status(status_code))

    assert run.reason == expected
    assert (run.failed_step.name if run.failed_step else None) == (step if expected else None)


@pytest.mark.parametrize("step", REFUSED)
async def test_a_good_answer_where_a_refusal_is_due_is_a_status_code_failure(step: str) -> None:
    assert await failure_of(step, as_a_success) is FailureKind.STATUS_CODE
