"""How requests come."""

from __future__ import annotations

from typing import Any

import pytest
from support.audit_tapes import BASE, JSON_TYPE, Tape, answered, numbers

from probes.readiness.words import RuleId, RuleState
from probes.words import AuthHeader, Operation

NODE_FETCH = (JSON_TYPE, ("accept", "*/*"), ("sec-fetch-mode", "cors"), ("user-agent", "node"))
ALL = (
    RuleId.KEY_SERVER_SIDE,
    RuleId.KEY_SINGLE_STYLE,
    RuleId.KEY_NOT_IN_URL,
    RuleId.TLS,
    RuleId.CONTENT_TYPE,
    RuleId.NO_CARD_DATA,
)


@pytest.mark.parametrize("rule", ALL)
def test_nothing_is_exercised_where_nothing_was_sent(rule: RuleId) -> None:
    assert Tape().ruling(rule).state is RuleState.NOT_EXERCISED


@pytest.mark.parametrize("rule", [rule for rule in ALL if rule is not RuleId.TLS])
def test_a_booking_as_the_guide_tells_it_is_kept(rule: RuleId) -> None:
    tape = Tape()
    tape.books()

    assert tape.ruling(rule).state is RuleState.KEPT


@pytest.mark.parametrize("name", ["origin", "referer", "cookie"])
def test_a_key_in_the_company_of_a_browser_has_left_the_server(name: str) -> None:
    tape = Tape()
    tape.creates()
    shown = tape.searches(headers=(JSON_TYPE, (name, "https://shop.example")))

    ruling = tape.ruling(RuleId.KEY_SERVER_SIDE)

    assert ruling.state is RuleState.BROKEN
    assert ruling.exchanges == numbers(shown)
    assert name in ruling.detail


@pytest.mark.parametrize(
    "asks",
    [
        (("access-control-request-headers", "Content-Type, X-Partner-API-Key"),),
        (("access-control-request-method", "POST"),),
    ],
    ids=["names a key header", "asks for the API"],
)
def test_a_preflight_says_that_a_browser_wants_to_send_the_key(asks: tuple[tuple[str, str], ...]) -> None:
    tape = Tape()
    preflight = tape.sends("OPTIONS", f"{BASE}/events", None, headers=asks, key_styles=())

    ruling = tape.ruling(RuleId.KEY_SERVER_SIDE)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(preflight))


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": NODE_FETCH},
        {"headers": (JSON_TYPE, ("origin", "https://shop.example")), "key_styles": ()},
    ],
    ids=["Node's fetch", "a browser without a key"],
)
def test_what_does_not_bring_the_key_into_a_browser_is_no_break(request_: dict[str, Any]) -> None:
    tape = Tape()
    tape.creates()
    tape.searches(**request_)

    assert tape.ruling(RuleId.KEY_SERVER_SIDE).state is RuleState.KEPT


def test_a_bare_options_request_is_no_preflight() -> None:
    tape = Tape()
    tape.creates()
    tape.sends("OPTIONS", f"{BASE}/events", None, key_styles=())

    assert tape.ruling(RuleId.KEY_SERVER_SIDE).state is RuleState.KEPT


def test_only_options_is_a_preflight() -> None:
    tape = Tape()
    tape.creates(headers=(JSON_TYPE, ("access-control-request-method", "POST")))

    assert tape.ruling(RuleId.KEY_SERVER_SIDE).state is RuleState.KEPT


def test_a_cookie_that_the_api_itself_has_set_comes_back_from_a_server_too() -> None:
    tape = Tape()
    tape.creates(answer=answered(200, {"sessionId": "sess_1_a"}, **{"set-cookie": "lb=1"}))
    tape.searches(headers=(JSON_TYPE, ("cookie", "***")))

    assert tape.ruling(RuleId.KEY_SERVER_SIDE).state is RuleState.KEPT


@pytest.mark.parametrize(
    ("styles", "says"),
    [
        ((), "carried none"),
        ((AuthHeader.PARTNER_API_KEY, AuthHeader.API_KEY), "x-partner-api-key and api-key"),
        ((AuthHeader.API_KEY, AuthHeader.API_KEY), "more than one"),
    ],
    ids=["none", "two styles", "the same twice"],
)
def test_a_request_with_another_number_of_keys_than_one_is_told(styles: tuple[AuthHeader, ...], says: str) -> None:
    tape = Tape()
    tape.creates()
    wrong = tape.searches(key_styles=styles)

    ruling = tape.ruling(RuleId.KEY_SINGLE_STYLE)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(wrong))
    assert says in ruling.detail


def test_another_style_in_another_request_is_no_break() -> None:
    tape = Tape()
    tape.creates(key_styles=(AuthHeader.AUTHORIZATION,))
    tape.searches(key_styles=(AuthHeader.API_KEY,))

    ruling = tape.ruling(RuleId.KEY_SINGLE_STYLE)

    assert ruling.state is RuleState.KEPT
    assert "authorization, api-key" in ruling.detail


def test_a_key_in_the_url_is_told_wherever_it_was_sent() -> None:
    tape = Tape()
    tape.creates()
    shown = tape.sends("GET", "/openapi/partner-core-chat-v1.yaml", None, key_in_url=True)

    ruling = tape.ruling(RuleId.KEY_NOT_IN_URL)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(shown))


def test_plain_http_on_this_machine_shows_nothing_of_tls() -> None:
    tape = Tape()
    tape.books()

    assert tape.ruling(RuleId.TLS).state is RuleState.NOT_EXERCISED


def test_plain_http_from_another_machine_breaks_tls() -> None:
    tape = Tape()
    tape.creates(over_tls=True, from_loopback=False)
    plain = tape.searches(from_loopback=False)

    ruling = tape.ruling(RuleId.TLS)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(plain))


def test_tls_is_kept_where_it_was_used() -> None:
    tape = Tape()
    tape.creates(over_tls=True)

    assert tape.ruling(RuleId.TLS).state is RuleState.KEPT


@pytest.mark.parametrize(
    "headers",
    [(), (("content-type", "text/plain"),), (("content-type", "application/x-www-form-urlencoded"),)],
    ids=["none", "text", "form"],
)
def test_a_post_of_another_content_type_is_told(headers: tuple[tuple[str, str], ...]) -> None:
    tape = Tape()
    tape.creates()
    wrong = tape.searches(headers=headers)

    ruling = tape.ruling(RuleId.CONTENT_TYPE)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(wrong))


def test_a_content_type_may_have_parameters_and_any_case_and_a_get_needs_none() -> None:
    tape = Tape()
    tape.creates(headers=(("content-type", "Application/JSON; charset=utf-8"),))
    tape.reads()

    assert tape.ruling(RuleId.CONTENT_TYPE).state is RuleState.KEPT


def test_card_data_is_told_with_its_place() -> None:
    tape = Tape()
    tape.creates()
    raw = tape.searches(card_data="payload.card.number")

    ruling = tape.ruling(RuleId.NO_CARD_DATA)

    assert (ruling.state, ruling.exchanges) == (RuleState.BROKEN, numbers(raw))
    assert "payload.card.number" in ruling.detail


def test_a_search_alone_does_not_show_what_is_done_with_cards() -> None:
    tape = Tape()
    tape.creates()
    tape.searches()

    assert tape.ruling(RuleId.NO_CARD_DATA).state is RuleState.NOT_EXERCISED


def test_a_request_to_no_endpoint_needs_no_key() -> None:
    tape = Tape()
    tape.sends("GET", f"{BASE}/nothing", None, key_styles=())
    tape.sends("GET", f"{BASE}/sessions/sess_1", Operation.GET_SESSION)

    assert tape.ruling(RuleId.KEY_SINGLE_STYLE).state is RuleState.KEPT
