from __future__ import annotations

from html.parser import HTMLParser

import pytest
from support.sandbox import SEARCH, Partner, artifacts, status


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.choices: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "input":
            self.choices.append(dict(attrs)["value"] or "")


async def test_person_adds_a_card_by_the_page_that_the_setup_url_leads_to(partner: Partner) -> None:
    session, setup_url = await partner.to_setup()

    page = await partner.http.get(setup_url)
    choices = _Page(page.text).choices
    sent = await partner.http.post(setup_url, data={"card": "amex"})
    done = await partner.say(session, "Done")

    assert choices == ["visa", "mastercard", "amex"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none';")
    assert (page.status_code, sent.status_code) == (200, 200)
    assert status(done) == "payment_confirmation_required"
    assert artifacts(done)["payment"]["brand"] == "amex"


async def test_token_works_once(partner: Partner) -> None:
    _, setup_url = await partner.to_setup()

    first = await partner.attach(setup_url)
    second = await partner.attach(setup_url)
    page = await partner.http.get(setup_url)

    assert first.json() == {"data": {"attached": True, "cardBrand": "visa", "cardLast4": "4242"}}
    assert (second.status_code, second.json()["code"]) == (410, "portal_token_spent")
    assert page.status_code == 410


async def test_only_the_newest_token_works(partner: Partner) -> None:
    session, old = await partner.to_setup()
    new = artifacts(await partner.say(session, "Done"))["payment"]["setupUrl"]

    refused = await partner.attach(old)
    form = await partner.http.post(old, data={"card": "visa"})
    attached = await partner.attach(new)

    assert [answer.status_code for answer in (refused, form, attached)] == [410, 410, 200]


async def test_setup_url_that_is_shown_again_is_never_a_spent_one(partner: Partner) -> None:
    session, setup_url = await partner.to_setup()
    await partner.attach(setup_url)

    answer = await partner.say(session, "what now?")

    shown = artifacts(answer)["payment"]["setupUrl"]
    assert shown != setup_url
    assert (await partner.attach(shown)).status_code == 200


async def test_unknown_token_is_not_found(partner: Partner) -> None:
    answer = await partner.attach("psu_1771456992743_e2634ddd")
    page = await partner.http.get("/portal/setup/psu_1771456992743_e2634ddd")

    assert (answer.status_code, answer.json()["code"]) == (404, "portal_token_not_found")
    assert page.status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"paymentMethodId": "4242424242424242"},
        {"paymentMethodId": "pm_4242424242424242"},
        {"paymentMethodId": "card_visa"},
        {"paymentMethodId": None},
        {"cardNumber": "x"},
        {"cvc": "123"},
        {"note": "4242 4242 4242 4242"},
        {"note": 4242424242424242},
        {"cardLast4": "42424"},
        {"cardLast4": 4242},
        {"cardBrand": ""},
        {"expMonth": 13},
        {"expYear": 2025},
        {"expYear": None},
        {"setAsDefault": "yes"},
        {"portalToken": None},
    ],
    ids=lambda changes: " ".join(f"{name}={value}" for name, value in changes.items()),
)
async def test_card_that_is_no_token_or_no_good_is_refused_and_the_link_stays_good(
    partner: Partner, changes: dict[str, object]
) -> None:
    _, setup_url = await partner.to_setup()

    refused = await partner.attach(setup_url, **changes)

    assert refused.status_code == 400
    assert (await partner.attach(setup_url)).status_code == 200


async def test_form_without_a_card_is_refused(partner: Partner) -> None:
    _, setup_url = await partner.to_setup()

    answer = await partner.http.post(setup_url, data={"card": "diners"})

    assert answer.status_code == 400
    assert (await partner.attach(setup_url)).status_code == 200


async def test_card_that_is_not_the_default_does_not_replace_another(partner: Partner) -> None:
    _, first = await partner.to_setup()
    _, second = await partner.to_setup()
    await partner.attach(first)

    await partner.attach(second, cardLast4="1111", setAsDefault=False)

    session = await partner.to_name()
    answer = await partner.say(session, "John Doe")
    assert artifacts(answer)["payment"]["last4"] == "4242"


async def test_pages_escape_what_a_guest_wrote(partner: Partner) -> None:
    session = await partner.open()
    evil = "<script>alert(1)</script>"
    search = await partner.act(session, "search_query", city=evil, checkIn="2027-05-15", checkOut="2027-05-16")
    await partner.act(session, "action_book_option", "k", optionId=artifacts(search)["shortlist"][0]["optionId"])
    name = await partner.act(session, "provide_guest_name", firstName=evil, lastName="Doe")
    setup_url = artifacts(name)["payment"]["setupUrl"]

    setup_page = await partner.http.get(setup_url)
    await partner.attach(setup_url)
    await partner.say(session, "Done")
    booked = await partner.say(session, "yes")
    booking_page = await partner.http.get(artifacts(booked)["booking"]["confirmationUrl"])

    for page in (setup_page, booking_page):
        assert page.status_code == 200
        assert "script" not in _Page(page.text).tags
        assert "&lt;script&gt;" in page.text


async def test_confirmation_url_shows_the_booking_and_its_cancellation(partner: Partner) -> None:
    session = await partner.to_consent()
    url = artifacts(await partner.say(session, "yes"))["booking"]["confirmationUrl"]

    before = await partner.http.get(url)
    await partner.say(session, "cancel my booking")
    after = await partner.http.get(url)
    unknown = await partner.http.get("/portal/bookings/bkg_1")

    assert "John Doe" in before.text
    assert "confirmed" in before.text
    assert "cancelled" in after.text
    assert unknown.status_code == 404


async def test_partner_key_is_not_needed_at_the_portal_nor_a_way_in(partner: Partner) -> None:
    session = await partner.open()
    await partner.say(session, SEARCH)

    answer = await partner.http.post(partner.sandbox.attach_url, json={}, headers=partner.headers)

    assert answer.status_code == 400
    assert "x-partner-id" not in answer.headers
