from __future__ import annotations

import asyncio

import httpx
import pytest
from support.sandbox import SEARCH, Partner, artifacts, partner_of, status

from probes.errors import UsageError
from probes.sandbox.faults import FAULTS, STEPS, Moment
from probes.sandbox.words import FaultName, TurnKind

_PATIENCE = 0.3


async def _lost(partner: Partner, session: str, text: str, key: str | None = None) -> httpx.Response | None:
    """The answer, or None where none came."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await partner.say(session, text, key)
    except (TimeoutError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


def test_table_has_one_entry_a_fault_with_a_meaning() -> None:
    assert [fault.name for fault in FAULTS] == list(FaultName)
    assert all(fault.meaning for fault in FAULTS)


_AFTER_THE_EFFECT = [fault.name for fault in FAULTS if fault.moment is Moment.AFTER and fault.name != "huge_body"]


@pytest.mark.parametrize("fault", _AFTER_THE_EFFECT)
async def test_turn_takes_effect_before_its_answer_is_lost(partner: Partner, fault: str) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults([f"{fault}@confirm"])

    answer = await _lost(partner, session, "yes, use this card")

    assert len(partner.sandbox.bookings) == 1
    assert (await partner.read(session)).json()["data"]["events"][-1]["resultStatus"] == "booked"
    assert (answer is None) is (fault in {"slow", "hang", "drip", "reset", "truncated"})


_STATUS_CODES_BEFORE = {
    "auth_missing": 401,
    "auth_rejected": 403,
    "key_echoed": 403,
    "rate_limited": 429,
    "rate_limited_bare": 429,
    "redirect": 307,
    "server_error_before": 500,
}


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS if fault.moment is Moment.BEFORE])
async def test_fault_before_the_effect_books_nothing(partner: Partner, fault: str) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults([f"{fault}@confirm"])

    refused = await partner.say(session, "yes, use this card", "k")
    partner.sandbox.set_faults([])

    assert partner.sandbox.bookings == ()
    assert refused.status_code == _STATUS_CODES_BEFORE[fault]
    assert fault == "redirect" or set(refused.json()) == {"success", "error", "code", "details", "requestId"}
    assert ("retry-after" in refused.headers) is (fault == "rate_limited")
    assert status(await partner.say(session, "yes, use this card", "k")) == "booked"


async def test_repeat_with_the_same_key_after_a_lost_answer_books_nothing_more(partner: Partner) -> None:
    session = await partner.to_consent()
    for fault in ("server_error", "hang", "reset"):
        partner.sandbox.set_faults([f"{fault}@confirm"])
        await _lost(partner, session, "yes, use this card", "k")
    partner.sandbox.set_faults([])

    answer = await partner.say(session, "yes, use this card", "k")

    assert status(answer) == "booked"
    assert artifacts(answer)["booking"]["bookingId"] == partner.sandbox.bookings[0].booking_id
    assert len(partner.sandbox.bookings) == 1


_TEXTS = {
    TurnKind.SEARCH: SEARCH,
    TurnKind.BOOK: "book option 1",
    TurnKind.NAME: "guest name is John Doe",
    TurnKind.DONE: "Done",
    TurnKind.CONFIRM: "yes",
    TurnKind.DECLINE: "no",
    TurnKind.CANCEL: "cancel my booking",
    TurnKind.OTHER: "what is this",
}


@pytest.mark.parametrize("step", TurnKind)
async def test_fault_at_a_turn_hits_that_kind_of_turn_alone(partner: Partner, step: TurnKind) -> None:
    session = await partner.open()
    partner.sandbox.set_faults([f"server_error_before@{step}"])

    answers = {kind: await partner.say(session, text) for kind, text in _TEXTS.items()}

    assert [kind for kind, answer in answers.items() if answer.status_code == 500] == [step]


@pytest.mark.parametrize("step", ["create_session", "send_event", "get_session", "attach_card"])
async def test_fault_at_an_operation_hits_that_operation_alone(partner: Partner, step: str) -> None:
    session, setup_url = await partner.to_setup()
    partner.sandbox.set_faults([f"server_error@{step}"])

    answers = {
        "create_session": await partner.post("/sessions", {"actor": {"actorId": "a"}}),
        "send_event": await partner.say(session, "hello"),
        "get_session": await partner.read(session),
        "attach_card": await partner.attach(setup_url),
    }

    assert [name for name, answer in answers.items() if answer.status_code == 500] == [step]


async def test_fault_without_a_step_hits_every_api_request_but_no_page_and_no_file() -> None:
    async with partner_of(faults=["auth_rejected"]) as partner:
        api = [
            await partner.post("/sessions", {}),
            await partner.post("/events", {}),
            await partner.read("sess_none"),
            await partner.attach("psu_none"),
        ]
        others = [await partner.http.get(path) for path in ("/llms.txt", "/portal/setup/psu_none", "/nothing")]

    assert [answer.status_code for answer in api] == [403, 403, 403, 403]
    assert [answer.status_code for answer in others] == [200, 404, 404]


_OPENAPI, _LLMS = "/openapi/partner-core-chat-v1.yaml", "/llms.txt"
_CHANGED_DOCUMENTS = {**_STATUS_CODES_BEFORE, "wrong_status": 418, "server_error": 500, "not_json": 200} | {
    "server_error_validation": 504,
    "server_error_html": 502,
    "decompression_bomb": 200,
    "wrong_content_type": 200,
    "missing_headers": 200,
}
_NOTHING_TO_SPOIL = {"key_echoed", "early_booked", "missing_artifact", "other_session", "mismatched_ids", "markup"}


async def _document(partner: Partner, path: str) -> httpx.Response | None:
    try:
        async with asyncio.timeout(_PATIENCE), partner.http.stream("GET", path) as answer:
            read = b"".join([piece async for piece in answer.aiter_raw()])
            return httpx.Response(answer.status_code, headers={"x": str(answer.headers)}, content=read)
    except (TimeoutError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


@pytest.mark.parametrize("fault", [name for name in FaultName if name != "huge_body"])
async def test_fault_at_a_file_hits_that_file_alone_where_it_makes_sense(partner: Partner, fault: str) -> None:
    truth, other = await _document(partner, _OPENAPI), await _document(partner, _LLMS)
    partner.sandbox.set_faults([f"{fault}@openapi"])

    spoiled, same = await _document(partner, _OPENAPI), await _document(partner, _LLMS)
    created = await partner.post("/sessions", {"actor": {"actorId": "a"}})

    assert truth is not None
    assert other is not None
    assert same is not None
    assert (same.content, created.status_code) == (other.content, 200)
    if spoiled is None:
        assert fault in {"slow", "hang", "drip", "reset", "truncated"}
    elif fault in _NOTHING_TO_SPOIL:
        assert spoiled.content == truth.content
    else:
        assert spoiled.status_code == _CHANGED_DOCUMENTS[fault]
        assert (spoiled.content, spoiled.headers["x"]) != (truth.content, truth.headers["x"])


async def test_wrong_status_of_a_request_that_is_no_turn_is_another_http_status(partner: Partner) -> None:
    partner.sandbox.set_faults(["wrong_status"])

    created = await partner.post("/sessions", {"actor": {"actorId": "a"}})
    refused = await partner.post("/sessions", {})

    assert (created.status_code, refused.status_code) == (418, 400)


@pytest.mark.parametrize("kind", list(TurnKind))
async def test_wrong_status_never_tells_the_truth_nor_a_booking(partner: Partner, kind: TurnKind) -> None:
    session = await partner.to_consent()
    partner.sandbox.set_faults(["wrong_status"])

    answer = await partner.say(session, _TEXTS[kind])
    partner.sandbox.set_faults([])

    truth = (await partner.read(session)).json()["data"]["events"][-1]["resultStatus"]
    assert status(answer) not in {truth, "booked"}


async def test_faults_are_replaced_not_added(partner: Partner) -> None:
    partner.sandbox.set_faults(["auth_missing"])
    partner.sandbox.set_faults(["server_error@search"])

    assert status(await partner.say(await partner.open(), "hello")) == "error"


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("explode", ", ".join(FaultName)),
        ("", ", ".join(FaultName)),
        ("hang@lunch", ", ".join(STEPS)),
        ("hang@", "search"),
    ],
)
async def test_unknown_fault_is_refused_with_the_known_names_and_changes_nothing(
    partner: Partner, spec: str, known: str
) -> None:
    partner.sandbox.set_faults(["auth_missing"])

    with pytest.raises(UsageError, match=known):
        partner.sandbox.set_faults(["hang", spec])

    assert (await partner.read("sess_none")).status_code == 401
