from __future__ import annotations

import pytest
from support.sandbox import SEARCH, Partner, status


async def test_repeat_with_the_same_key_gets_the_same_answer_and_books_nothing_more(partner: Partner) -> None:
    session = await partner.to_consent()

    first = await partner.say(session, "yes, use this card", "k")
    repeat = await partner.say(session, "yes, use this card", "k")

    assert status(first) == "booked"
    assert repeat.content == first.content
    assert repeat.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(partner.sandbox.bookings) == 1
    assert len((await partner.read(session)).json()["data"]["events"]) == 5


async def test_repeat_after_the_session_went_on_still_gets_the_old_answer(partner: Partner) -> None:
    session = await partner.open()
    first = await partner.say(session, SEARCH, "k")
    await partner.say(session, "book option 1")

    repeat = await partner.say(session, SEARCH, "k")

    assert repeat.content == first.content
    assert status(await partner.say(session, "John Doe")) == "payment_setup_required"


async def test_order_of_the_fields_makes_no_other_request(partner: Partner) -> None:
    session = await partner.open()
    first = await partner.post("/events", {"sessionId": session, "text": SEARCH, "idempotencyKey": "k"})

    repeat = await partner.post("/events", {"idempotencyKey": "k", "text": SEARCH, "sessionId": session})

    assert repeat.content == first.content


@pytest.mark.parametrize("other_session", [False, True], ids=["another text", "another session"])
async def test_key_with_another_request_is_a_conflict_that_names_the_key(partner: Partner, other_session: bool) -> None:
    session = await partner.open()
    await partner.say(session, SEARCH, "demo:search:001")

    if other_session:
        answer = await partner.say(await partner.open(), SEARCH, "demo:search:001")
    else:
        answer = await partner.say(session, "find a hotel in Oslo", "demo:search:001")

    assert answer.status_code == 409
    assert "demo:search:001" in answer.json()["error"]
    assert set(answer.json()) == {"success", "error", "requestId"}


async def test_keys_of_two_partners_do_not_meet(partner: Partner) -> None:
    mine, theirs = await partner.open(), await partner.other().open()
    await partner.say(mine, SEARCH, "k")

    answer = await partner.other().say(theirs, "find a hotel in Oslo", "k")

    assert status(answer) == "shortlist"


async def test_key_of_a_refused_request_is_free_again(partner: Partner) -> None:
    session = await partner.open()
    search = await partner.say(session, SEARCH)
    await partner.act(session, "action_book_option", "k", optionId="nonsense")

    option = search.json()["data"]["result"]["artifacts"]["shortlist"][0]["optionId"]
    answer = await partner.act(session, "action_book_option", "k", optionId=option)

    assert status(answer) == "guest_name_required"


async def test_stranger_cannot_replay_with_the_owners_key(partner: Partner) -> None:
    session = await partner.open("owner")
    await partner.say(session, SEARCH, "k")

    answer = await partner.say(session, SEARCH, "k", actor={"actorId": "stranger"})

    assert answer.status_code == 409
