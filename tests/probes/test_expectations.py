"""What a step asks of an answer, each check by itself: wrong answers fail with their kind, right ones with none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from support.facts import NOON, an_exchange

from probes import answers
from probes.expectations import Wanted, judge
from probes.model import Failure
from probes.scenario import Expect
from probes.words import FailureKind, Leaves, Operation

GATEWAY = {"success": False, "error": "no", "code": "missing_partner_api_key", "details": None, "requestId": "r-1"}
VALIDATION = {"success": False, "error": "no", "requestId": "r-1"}


def judged(
    status_code: int,
    body: object,
    *,
    came_with: Sequence[tuple[str, str]] = (),
    **expect: Any,
) -> Failure | None:
    """What is wrong with an answer to a step that wants this."""
    found = [("content-type", "application/json"), *came_with]
    answer = answers.read(status_code, found, orjson.dumps(body), now=NOON)
    wanted = Wanted(expect=Expect(**expect), operation=Operation.GET_SESSION, leaves=Leaves.SESSION)
    return judge(an_exchange(operation=Operation.GET_SESSION, answer=answer), wanted)


def kind_of(failure: Failure | None) -> FailureKind | None:
    return None if failure is None else failure.kind


@pytest.mark.parametrize(
    ("body", "codes", "kind"),
    [
        (GATEWAY, (), None),
        (GATEWAY, ("missing_partner_api_key",), None),
        (GATEWAY, ("invalid_request", "missing_partner_api_key"), None),
        (GATEWAY, ("invalid_partner_api_key",), FailureKind.ERROR_CODE),
        (GATEWAY, ("none",), FailureKind.ERROR_CODE),
        (GATEWAY | {"code": "none_such"}, ("none",), FailureKind.ERROR_CODE),
        (VALIDATION, ("none",), None),
        (VALIDATION, ("invalid_request", "none"), None),
        (VALIDATION, ("invalid_request",), FailureKind.ERROR_CODE),
    ],
)
def test_the_code_of_a_refusal_is_one_of_those_asked_for_and_none_is_one_of_them(
    body: object, codes: tuple[str, ...], kind: FailureKind | None
) -> None:
    assert kind_of(judged(401, body, status_codes=(401,), codes=codes)) is kind


@pytest.mark.parametrize(
    ("came_with", "absent"),
    [
        ((("x-request-id", "r-1"), ("X-Partner-Id", "acme")), None),
        ((("x-request-id", "r-1"), ("x-partner-id", "")), "header x-partner-id"),
        ((("x-request-id", "r-1"), ("x-partner-id", "  ")), "header x-partner-id"),
        ((("x-request-id", "r-1"),), "header x-partner-id"),
        ((), "header X-Request-Id, x-partner-id"),
    ],
)
def test_each_header_that_is_asked_for_is_there_and_not_empty(
    came_with: tuple[tuple[str, str], ...], absent: str | None
) -> None:
    failure = judged(401, GATEWAY, came_with=came_with, status_codes=(401,), headers=("X-Request-Id", "x-partner-id"))

    assert kind_of(failure) is (FailureKind.ENVELOPE if absent else None)
    assert (failure and failure.expected) == absent


@pytest.mark.parametrize(
    ("contains", "missing"),
    [
        ((), None),
        (("missing_partner",), None),
        (("missing_partner", "r-2"), "'r-2'"),
        (("MISSING_partner",), "MISSING"),
    ],
)
def test_each_text_that_is_asked_for_is_in_the_body(contains: tuple[str, ...], missing: str | None) -> None:
    failure = judged(401, GATEWAY, status_codes=(401,), contains=contains)

    assert kind_of(failure) is (FailureKind.ARTIFACT if missing else None)
    assert missing is None or (failure is not None and missing in failure.expected)


def snapshot(*statuses: str) -> dict[str, object]:
    """A session whose events have these statuses."""
    events = [{"id": f"event_{number}", "resultStatus": status} for number, status in enumerate(statuses)]
    return {"data": {"sessionId": "sess_1", "actor": {"actorId": "a"}, "events": events}}


ASKED = ("shortlist", "guest_name_required")


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (ASKED, None),
        (ASKED[::-1], FailureKind.CHAT_STATUS),
        (ASKED[:1], FailureKind.CHAT_STATUS),
        (ASKED[1:], FailureKind.CHAT_STATUS),
        ((*ASKED, "shortlist"), FailureKind.CHAT_STATUS),
        (("shortlist", *ASKED), FailureKind.CHAT_STATUS),
        ((), FailureKind.CHAT_STATUS),
    ],
)
def test_the_events_of_a_snapshot_are_all_those_asked_for_in_their_order(
    seen: tuple[str, ...], kind: FailureKind | None
) -> None:
    assert kind_of(judged(200, snapshot(*seen), events=ASKED)) is kind


def test_what_no_step_asks_of_a_snapshot_is_not_judged() -> None:
    assert judged(200, snapshot("shortlist", "error")) is None
