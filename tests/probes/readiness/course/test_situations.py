from __future__ import annotations

import asyncio

import httpx
import pytest
from support.sandbox import SEARCH, Partner, artifacts, status
from support.situations import BOOK, DONE, NAME, YES, partner_in, say_all, to_setup, told

from probes.errors import UsageError
from probes.readiness.course.plays import UNKNOWN_STATUS
from probes.readiness.course.situations import SITUATIONS, chosen
from probes.readiness.words import SituationName

_FLOW = (SEARCH, BOOK, NAME)
_TO_SETUP = ["shortlist", "guest_name_required", "payment_setup_required"]
_LIMITED = "429 rate_limited"
_BROKEN = "500 internal_error"
_MISSING = "401 missing_partner_api_key"
_REJECTED = "403 invalid_partner_api_key"
_GONE = "404 session_not_found"


async def events_of(partner: Partner, session: str) -> list[str]:
    answer = await partner.read(session)
    return [event["resultStatus"] for event in answer.json()["data"]["events"]]


async def book(partner: Partner, session: str) -> httpx.Response:
    """The golden path, to its end."""
    await partner.attach(await to_setup(partner, session))
    await partner.say(session, DONE)
    return await partner.say(session, YES)


def test_there_is_one_situation_for_each_name_in_their_order() -> None:
    assert [situation.name for situation in SITUATIONS] == list(SituationName)
    assert all(situation.title and situation.shows for situation in SITUATIONS)


def test_situations_are_chosen_by_name_in_the_order_of_the_course() -> None:
    names = [situation.name for situation in chosen(["lost_answer", "decline", "lost_answer"])]

    assert names == [SituationName.DECLINE, SituationName.LOST_ANSWER]
    assert chosen([]) == SITUATIONS


def test_an_unknown_situation_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r'no such situation; did you mean "decline"'):
        chosen(["declin\x1b"])


@pytest.mark.parametrize("name", SituationName)
async def test_a_search_alone_reaches_only_what_begins_with_a_first_turn(name: SituationName) -> None:
    async with partner_in(name, slow_seconds=0.0) as (partner, play):
        created = await partner.post("/sessions", {"actor": {"actorId": "guest-1"}})
        session = created.json().get("data", {}).get("sessionId", "sess_none")
        await partner.say(session, SEARCH)

        later = {"normal_booking", "done_before_card", "saved_card", "decline", "server_error_after", "lost_answer"}
        assert play.reached is (name not in later | {"session_not_found", "actor_mismatch"})


async def test_a_normal_booking_is_reached_once_it_is_booked() -> None:
    async with partner_in(SituationName.NORMAL_BOOKING) as (partner, play):
        booked = await book(partner, await partner.open())

        assert (status(booked), play.reached) == ("booked", True)


async def test_the_first_done_of_each_session_is_told_that_the_card_has_not_arrived() -> None:
    async with partner_in(SituationName.DONE_BEFORE_CARD) as (partner, play):
        for actor in ("guest-1", "guest-2"):
            session = await partner.open(actor)
            setup_url = await to_setup(partner, session)
            await partner.attach(setup_url)
            first, second = [await partner.say(session, DONE) for _ in range(2)]

            assert (status(first), status(second)) == ("payment_setup_required", "payment_confirmation_required")
            assert artifacts(first)["payment"]["setupUrl"] != setup_url
        assert play.reached


async def test_a_done_that_nobody_waited_for_leaves_the_first_one_to_come() -> None:
    async with partner_in(SituationName.DONE_BEFORE_CARD) as (partner, _play):
        session = await partner.open()
        await partner.say(session, DONE)
        await partner.attach(await to_setup(partner, session))

        assert await say_all(partner, session, DONE) == ["payment_setup_required"]


async def test_with_a_saved_card_the_name_leads_to_consent_for_every_actor() -> None:
    async with partner_in(SituationName.SAVED_CARD) as (partner, play):
        for actor in ("guest-1", "guest-2"):
            session = await partner.open(actor)

            assert await say_all(partner, session, *_FLOW, YES) == [
                "shortlist",
                "guest_name_required",
                "payment_confirmation_required",
                "booked",
            ]
        assert play.reached


@pytest.mark.parametrize(
    ("texts", "reached"),
    [((*_FLOW, "no"), False), ((SEARCH, BOOK, "no"), False), ((*_FLOW, DONE, "no"), True)],
    ids=["before_the_card", "before_the_name", "asked_for_consent"],
)
async def test_a_decline_is_reached_by_a_no_to_consent_alone(texts: tuple[str, ...], *, reached: bool) -> None:
    async with partner_in(SituationName.DECLINE) as (partner, play):
        before = await partner.open()
        await partner.attach(await to_setup(partner, before))
        session = await partner.open("guest-1" if reached else "guest-2")
        await say_all(partner, session, *texts)

        assert play.reached is reached


@pytest.mark.parametrize(
    ("name", "refusal", "times", "writes"),
    [
        (SituationName.RATE_LIMITED, _LIMITED, 1, 1),
        (SituationName.RATE_LIMITED_BARE, _LIMITED, 2, 2),
        (SituationName.SERVER_ERROR_BEFORE, _BROKEN, 2, 1),
    ],
)
async def test_the_first_turn_and_the_confirming_one_are_refused_so_often(
    name: SituationName, refusal: str, times: int, writes: int
) -> None:
    async with partner_in(name) as (partner, _play):
        session = await partner.open()
        first = await say_all(partner, session, *[SEARCH] * times)
        assert await events_of(partner, session) == []
        await partner.attach(await to_setup(partner, session))
        confirming = await say_all(partner, session, DONE, *[YES] * (writes + 1))

        assert first == [refusal] * times
        assert confirming == ["payment_confirmation_required", *[refusal] * writes, "booked"]
        assert len(partner.sandbox.bookings) == 1


@pytest.mark.parametrize(
    ("name", "retry_after"), [(SituationName.RATE_LIMITED, "1"), (SituationName.RATE_LIMITED_BARE, None)]
)
async def test_a_429_says_when_to_come_back_or_does_not(name: SituationName, retry_after: str | None) -> None:
    async with partner_in(name) as (partner, _play):
        refused = await partner.say(await partner.open(), SEARCH)

        assert (refused.status_code, refused.headers.get("retry-after")) == (429, retry_after)


async def test_a_write_kind_is_refused_before_its_effect_once() -> None:
    async with partner_in(SituationName.SERVER_ERROR_BEFORE) as (partner, _play):
        session = await partner.open()
        answers = [await partner.say(session, SEARCH) for _ in range(3)]
        option = artifacts(answers[-1])["shortlist"][0]["optionId"]
        booked = [await partner.act(session, "action_book_option", "k-1", optionId=option) for _ in range(2)]

        assert [told(answer) for answer in booked] == [_BROKEN, "guest_name_required"]


async def test_a_write_that_took_effect_is_answered_500_and_its_repeat_as_if_nothing_had_been() -> None:
    async with partner_in(SituationName.SERVER_ERROR_AFTER) as (partner, play):
        session = await partner.open()
        await partner.attach(await to_setup(partner, session))
        await partner.say(session, DONE)
        lost = await partner.say(session, YES, "k-1")
        after = await events_of(partner, session)
        again = await partner.say(session, YES, "k-1")

        assert (told(lost), after[-1], status(again)) == (_BROKEN, "booked", "booked")
        assert len(partner.sandbox.bookings) == 1
        assert play.reached


async def test_a_lost_answer_takes_effect_and_resets_the_connection_once() -> None:
    async with partner_in(SituationName.LOST_ANSWER) as (partner, play):
        session = await partner.open()
        option = artifacts(await partner.say(session, SEARCH))["shortlist"][0]["optionId"]
        with pytest.raises(httpx.ReadError):
            await partner.act(session, "action_book_option", "k-1", optionId=option)

        assert await events_of(partner, session) == ["shortlist", "guest_name_required"]
        assert status(await partner.act(session, "action_book_option", "k-1", optionId=option)) == "guest_name_required"
        assert play.reached


async def test_consent_that_nobody_asked_for_is_no_write_whose_answer_could_be_lost() -> None:
    async with partner_in(SituationName.LOST_ANSWER) as (partner, play):
        session = await partner.open()

        assert await say_all(partner, session, SEARCH, YES) == ["shortlist", "shortlist"]
        assert not play.reached


async def test_without_its_key_everything_is_refused_from_the_first_turn_on() -> None:
    async with partner_in(SituationName.AUTH_MISSING) as (partner, _play):
        session = await partner.open()
        read_before = (await partner.read(session)).status_code
        turns = await say_all(partner, session, SEARCH, SEARCH)
        later = [await partner.read(session), await partner.post("/sessions", {"actor": {"actorId": "guest-1"}})]

        assert (read_before, turns) == (200, [_MISSING, _MISSING])
        assert [told(answer) for answer in later] == [_MISSING, _MISSING]


async def test_a_rejected_key_creates_no_session() -> None:
    async with partner_in(SituationName.AUTH_REJECTED) as (partner, play):
        answers = [await partner.post("/sessions", {"actor": {"actorId": "guest-1"}}) for _ in range(2)]

        assert [told(answer) for answer in answers] == [_REJECTED, _REJECTED]
        assert play.reached


async def test_a_request_without_a_key_is_told_so_and_reaches_nothing() -> None:
    async with partner_in(SituationName.AUTH_REJECTED) as (partner, play):
        partner.headers = {}
        answer = await partner.post("/sessions", {"actor": {"actorId": "guest-1"}})

        assert (told(answer), play.reached) == (_MISSING, False)


async def test_an_invalid_turn_stays_invalid_whatever_its_key_and_another_is_good() -> None:
    async with partner_in(SituationName.INVALID_REQUEST) as (partner, _play):
        session = await partner.open()
        refused = [await partner.say(session, SEARCH, key) for key in ("k-1", "k-1", "k-2")]

        assert [told(answer) for answer in refused] == ["400"] * 3
        assert set(refused[0].json()) == {"success", "error", "requestId"}
        assert await say_all(partner, session, "Seattle Mar 20-23 1 room refundable") == ["shortlist"]


async def test_an_unknown_status_is_told_once_for_each_session() -> None:
    async with partner_in(SituationName.UNKNOWN_STATUS) as (partner, _play):
        for actor in ("guest-1", "guest-2"):
            session = await partner.open(actor)

            assert await say_all(partner, session, SEARCH, BOOK) == [UNKNOWN_STATUS, "guest_name_required"]
            assert await events_of(partner, session) == ["shortlist", "guest_name_required"]


@pytest.mark.parametrize(
    ("text", "status", "reached"), [("Hello", "error", False), (SEARCH, "shortlist", True)], ids=["error", "shortlist"]
)
async def test_of_a_status_that_never_has_artifacts_none_are_missing(text: str, status: str, reached: bool) -> None:
    async with partner_in(SituationName.MISSING_ARTIFACTS) as (partner, play):
        assert await say_all(partner, await partner.open(), text) == [status]
        assert play.reached is reached


async def test_each_status_lacks_its_artifacts_the_first_time_and_has_them_when_said_again() -> None:
    async with partner_in(SituationName.MISSING_ARTIFACTS) as (partner, _play):
        session = await partner.open()
        results = [(await partner.say(session, text)).json()["data"]["result"] for text in (*_FLOW, DONE)]

        assert [result["status"] for result in results] == [*_TO_SETUP, "payment_setup_required"]
        assert ["artifacts" in result for result in results] == [False, False, False, True]
        assert results[-1]["artifacts"]["payment"]["setupUrl"]


async def test_fields_are_added_at_every_level_and_none_is_taken_away() -> None:
    async with partner_in(SituationName.EXTRA_FIELD) as (partner, _play):
        session = await partner.open()
        body = (await partner.say(session, SEARCH)).json()
        result = body["data"]["result"]

        levels = [body, body["data"], result, result["artifacts"], result["artifacts"]["shortlist"][0]]
        assert all("x_added_in_a_later_release" in level for level in levels)
        assert result["status"] == "shortlist"
        assert await events_of(partner, session) == ["shortlist"]


async def test_a_slow_answer_takes_effect_at_once_and_only_the_first_is_late() -> None:
    async with partner_in(SituationName.SLOW_ANSWER, slow_seconds=0.3) as (partner, _play):
        session = await partner.open()
        slow = asyncio.create_task(partner.say(session, SEARCH))
        await asyncio.sleep(0.1)

        assert await events_of(partner, session) == ["shortlist"]
        assert not slow.done()
        assert status(await slow) == "shortlist"
        assert await say_all(partner, session, BOOK) == ["guest_name_required"]


async def test_an_actors_first_session_is_gone_from_its_second_turn_on_and_a_new_one_works() -> None:
    async with partner_in(SituationName.SESSION_NOT_FOUND) as (partner, play):
        session = await partner.open()
        told_first = await say_all(partner, session, SEARCH, BOOK, BOOK)
        read = told(await partner.read(session))
        other = await partner.open()

        assert (told_first, read) == (["shortlist", _GONE, _GONE], _GONE)
        assert await say_all(partner, other, *_FLOW) == _TO_SETUP
        assert play.reached


async def test_an_actors_first_session_is_somebody_elses_from_its_second_turn_on() -> None:
    async with partner_in(SituationName.ACTOR_MISMATCH) as (partner, play):
        session = await partner.open()
        refused = [await partner.say(session, text) for text in (SEARCH, BOOK, BOOK)][1:]

        assert [told(answer) for answer in refused] == ["409", "409"]
        assert set(refused[0].json()) == {"success", "error", "requestId"}
        assert await events_of(partner, session) == ["shortlist"]
        assert await say_all(partner, await partner.open(), *_FLOW) == _TO_SETUP
        assert play.reached


async def test_conversations_at_once_each_meet_their_own_trouble() -> None:
    async with partner_in(SituationName.RATE_LIMITED) as (partner, _play):
        sessions = [await partner.open(f"guest-{number}") for number in range(20)]
        first = await asyncio.gather(*(say_all(partner, session, SEARCH) for session in sessions))
        second = await asyncio.gather(*(say_all(partner, session, SEARCH) for session in sessions))

        assert first == [[_LIMITED]] * 20
        assert second == [["shortlist"]] * 20
