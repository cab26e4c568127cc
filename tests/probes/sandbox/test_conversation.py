from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from support.sandbox import NOON, SEARCH, Partner, artifacts, partner_of, status


async def test_golden_path_of_the_guide_books_once(partner: Partner) -> None:
    session = await partner.open()

    search = await partner.say(session, SEARCH)
    book = await partner.say(session, "can you help me book option 1")
    name = await partner.say(session, "guest name is John Doe")
    attached = await partner.attach(artifacts(name)["payment"]["setupUrl"])
    done = await partner.say(session, "Done")
    booked = await partner.say(session, "yes, use this card")

    assert [status(answer) for answer in (search, book, name, done, booked)] == [
        "shortlist",
        "guest_name_required",
        "payment_setup_required",
        "payment_confirmation_required",
        "booked",
    ]
    assert attached.status_code == 200
    assert artifacts(book) == {}
    assert artifacts(done)["payment"]["last4"] == "4242"
    booking = artifacts(booked)["booking"]
    (record,) = partner.sandbox.bookings
    assert record.booking_id == booking["bookingId"]
    assert record.option.option_id == artifacts(search)["shortlist"][0]["optionId"]
    assert (record.session_id, record.actor_id, record.tenant_id) == (session, "guest-1", "demo-tenant")
    assert (record.guest.first, record.guest.last, record.cancelled) == ("John", "Doe", False)


async def test_golden_path_can_be_driven_by_kinds_alone(partner: Partner) -> None:
    session = await partner.open()
    dates = {"checkIn": "2027-05-15", "checkOut": "2027-05-17"}

    search = await partner.act(session, "search_query", city="Oslo", rooms=2, refundable=True, **dates)
    option = artifacts(search)["shortlist"][1]
    book = await partner.act(session, "action_book_option", "k1", optionId=option["optionId"])
    name = await partner.act(session, "provide_guest_name", guestName="Jane van der Roe")
    await partner.attach(artifacts(name)["payment"]["setupUrl"])
    done = await partner.act(session, "payment_setup_done")
    booked = await partner.act(session, "action_confirm_payment_card", "k2", paymentMethodId="pm_card_visa")

    assert [status(answer) for answer in (search, book, name, done, booked)] == [
        "shortlist",
        "guest_name_required",
        "payment_setup_required",
        "payment_confirmation_required",
        "booked",
    ]
    assert (option["city"], option["rooms"], option["checkOut"]) == ("Oslo", 2, "2027-05-17")
    (record,) = partner.sandbox.bookings
    assert record.option.option_id == option["optionId"]
    assert record.guest.last == "van der Roe"


async def test_option_can_be_booked_by_the_command_kind(partner: Partner) -> None:
    session = await partner.open()
    search = await partner.say(session, SEARCH)

    answer = await partner.act(
        session, "command_book_by_option_id", "k", optionId=artifacts(search)["shortlist"][2]["optionId"]
    )

    assert status(answer) == "guest_name_required"
    assert answer.json()["data"]["event"]["kind"] == "command_book_by_option_id"


async def test_done_before_a_card_is_attached_gives_a_new_setup_url(partner: Partner) -> None:
    session, first = await partner.to_setup()

    answer = await partner.say(session, "Done")

    second = artifacts(answer)["payment"]["setupUrl"]
    assert status(answer) == "payment_setup_required"
    assert first != second
    assert second.startswith(f"{partner.sandbox.base_url}/portal/setup/psu_")


async def test_actor_with_a_saved_card_is_asked_for_consent_at_once(partner: Partner) -> None:
    await partner.to_consent("regular")
    session = await partner.to_name("regular")

    answer = await partner.say(session, "guest name is John Doe")

    assert status(answer) == "payment_confirmation_required"
    assert artifacts(answer)["payment"]["brand"] == "visa"


async def test_card_is_not_shared_with_another_actor_or_the_same_actor_of_another_partner(partner: Partner) -> None:
    await partner.to_consent("regular")

    stranger, _ = await partner.to_setup("stranger")
    namesake, _ = await partner.other().to_setup("regular")

    assert status(await partner.say(stranger, "Done")) == "payment_setup_required"
    assert status(await partner.other().say(namesake, "Done")) == "payment_setup_required"


async def test_declined_payment_ends_in_error_and_a_late_yes_books_nothing(partner: Partner) -> None:
    session = await partner.to_consent()

    declined = await partner.say(session, "no")
    late = await partner.say(session, "yes, use this card")

    assert status(declined) == "error"
    assert status(late) == "error"
    assert partner.sandbox.bookings == ()


@pytest.mark.parametrize(
    "text",
    [
        "yes, but not with this card",
        "yes?",
        "maybe",
        "is it refundable",
        "guest name is Jane Roe",
        "Done",
        "please",
        "",
    ],
    ids=["a but", "a question", "maybe", "another question", "another name", "done again", "please", "kind: price"],
)
async def test_anything_but_a_clear_yes_keeps_asking_for_consent(partner: Partner, text: str) -> None:
    session = await partner.to_consent()

    if text:
        answer = await partner.say(session, text)
    else:
        answer = await partner.act(session, "action_confirm_price_change", "k")

    assert status(answer) == "payment_confirmation_required"
    assert artifacts(answer)["payment"]["last4"] == "4242"
    assert partner.sandbox.bookings == ()


async def test_consent_books_nothing_before_it_is_asked_for(partner: Partner) -> None:
    session = await partner.open()
    seen = [status(await partner.say(session, "yes"))]
    for text in (SEARCH, "book option 2", "guest name is John Doe"):
        await partner.say(session, text)
        seen.append(status(await partner.act(session, "action_confirm_payment_card", f"k{len(seen)}")))

    assert seen == ["error", "shortlist", "guest_name_required", "payment_setup_required"]
    assert partner.sandbox.bookings == ()


async def test_second_yes_books_nothing_more(partner: Partner) -> None:
    session = await partner.to_consent()
    first = await partner.say(session, "yes")

    second = await partner.say(session, "yes")

    assert status(second) == "booked"
    assert artifacts(second) == artifacts(first)
    assert len(partner.sandbox.bookings) == 1


async def test_cancel_ends_in_error_and_the_ledger_knows(partner: Partner) -> None:
    session = await partner.to_consent()
    booked = await partner.say(session, "yes")
    booking_id = artifacts(booked)["booking"]["bookingId"]

    answer = await partner.act(session, "action_cancel_booking", "k", bookingId=booking_id)
    again = await partner.act(session, "action_cancel_booking", "k2")

    assert [status(answer), status(again)] == ["error", "error"]
    assert artifacts(answer)["booking"]["status"] == "cancelled"
    assert [record.cancelled for record in partner.sandbox.bookings] == [True]


async def test_booking_can_be_cancelled_by_text(partner: Partner) -> None:
    session = await partner.to_consent()
    await partner.say(session, "yes")

    kept = await partner.say(session, "no")
    answer = await partner.say(session, "please cancel my booking")

    assert [status(kept), status(answer)] == ["booked", "error"]
    assert partner.sandbox.bookings[0].cancelled


async def test_booking_of_another_actor_cannot_be_cancelled(partner: Partner) -> None:
    session = await partner.to_consent("owner")
    booked = await partner.say(session, "yes")
    thief = await partner.open("thief")

    answer = await partner.act(thief, "action_cancel_booking", "k", bookingId=artifacts(booked)["booking"]["bookingId"])

    assert answer.status_code == 400
    assert not partner.sandbox.bookings[0].cancelled


async def test_cancelling_before_anything_is_booked_stops_the_flow(partner: Partner) -> None:
    session = await partner.to_consent()

    answer = await partner.say(session, "cancel my booking")

    assert status(answer) == "error"
    assert status(await partner.say(session, "yes")) == "error"
    assert partner.sandbox.bookings == ()


async def test_session_lives_on_for_a_second_booking(partner: Partner) -> None:
    session = await partner.to_consent()
    await partner.say(session, "yes")

    seen = [status(await partner.say(session, text)) for text in (SEARCH, "option 3", "my name is John Doe", "yes")]

    assert seen == ["shortlist", "guest_name_required", "payment_confirmation_required", "booked"]
    assert len(partner.sandbox.bookings) == 2


@pytest.mark.parametrize(("last", "expected"), [("yes", "booked"), ("no", "error")])
async def test_flow_that_has_ended_has_nothing_left_to_choose(partner: Partner, last: str, expected: str) -> None:
    session = await partner.to_consent()
    await partner.say(session, last)

    answer = await partner.say(session, "book option 2")

    assert status(answer) == expected
    assert "nothing to choose from" in answer.json()["data"]["result"]["message"]["text"]


async def test_new_search_forgets_the_choice_before_it(partner: Partner) -> None:
    session = await partner.to_consent()

    await partner.say(session, "find me a hotel in Boston")
    answer = await partner.say(session, "yes")

    assert status(answer) == "shortlist"
    assert partner.sandbox.bookings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what is the weather like", "shortlist"),
        ("book option 7", "shortlist"),
        ("guest name is John Doe", "shortlist"),
        ("find me a hotel in Oslo from 2020-01-01 to 2020-01-02", "shortlist"),
        ("no", "shortlist"),
        ("book the last one", "guest_name_required"),
    ],
)
async def test_turn_that_does_not_fit_a_shortlist_keeps_it(partner: Partner, text: str, expected: str) -> None:
    session = await partner.open()
    search = await partner.say(session, SEARCH)

    answer = await partner.say(session, text)

    assert status(answer) == expected
    if expected == "shortlist":
        assert artifacts(answer) == artifacts(search)
    assert answer.json()["data"]["result"]["message"]["text"]


async def test_incomplete_name_is_asked_for_again_and_a_bare_name_will_do(partner: Partner) -> None:
    session = await partner.to_name()

    half = await partner.say(session, "guest name is John")
    whole = await partner.say(session, "John Doe")

    assert [status(half), status(whole)] == ["guest_name_required", "payment_setup_required"]


async def test_first_turn_that_is_not_understood_is_an_error_with_a_helpful_text(partner: Partner) -> None:
    session = await partner.open()

    answer = await partner.say(session, "hello there")

    assert status(answer) == "error"
    assert "city" in answer.json()["data"]["result"]["message"]["text"]
    assert status(await partner.say(session, SEARCH)) == "shortlist"


async def test_turn_tells_ids_in_the_published_shapes(partner: Partner) -> None:
    answer = await partner.post(
        "/sessions", {"actor": {"actorId": "a"}, "conversation": {"channelId": "partner-chat", "id": "c-1"}}
    )
    session = answer.json()["data"]["sessionId"]

    data = (await partner.say(session, SEARCH)).json()["data"]

    event = data["event"]["id"]
    assert re.fullmatch(r"sess_\d{13}_[a-z0-9]{8}", session)
    assert re.fullmatch(r"evt_\d{13}", event)
    assert data["event"]["kind"] == "search_query"
    assert data["result"]["traceId"] == f"demo-tenant:partner_api:partner-chat:{session}:{event}"


async def test_snapshot_tells_the_turns_in_order(partner: Partner) -> None:
    session = await partner.to_name()
    await partner.say(session, "what do you mean?")

    data = (await partner.read(session)).json()["data"]

    assert (data["sessionId"], data["tenantId"], data["actor"]) == (session, "demo-tenant", {"actorId": "guest-1"})
    assert [(event["kind"], event["resultStatus"]) for event in data["events"]] == [
        ("search_query", "shortlist"),
        ("action_book_option", "guest_name_required"),
        ("message", "guest_name_required"),
    ]
    recorded = datetime.fromisoformat(data["events"][0]["recordedAt"])
    assert abs((recorded - datetime.fromtimestamp(NOON, UTC)).total_seconds()) < 1


async def test_dates_are_those_of_the_actors_own_day() -> None:
    almost_midnight = 1_795_564_740.0  # 23:59 on 24 November, UTC
    async with partner_of(now=lambda: almost_midnight) as partner:
        east = await partner.open("east", offset=60)
        west = await partner.open("west", offset=-480)

        nights = [
            artifacts(await partner.say(session, "find a hotel in Rome tomorrow"))["shortlist"][0]["checkIn"]
            for session in (east, west)
        ]

    assert nights == ["2026-11-26", "2026-11-25"]
