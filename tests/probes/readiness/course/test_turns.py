from __future__ import annotations

import asyncio

import pytest
from support.sandbox import SEARCH, Partner
from support.situations import BOOK, DONE, NAME, YES, partner_in_turn, say_all, to_setup, told

from probes.readiness.words import SituationName

_NORMAL, _SAVED, _LIMITED = SituationName.NORMAL_BOOKING, SituationName.SAVED_CARD, SituationName.RATE_LIMITED
_REJECTED = SituationName.AUTH_REJECTED


async def create(partner: Partner, actor: str = "guest-1") -> int:
    return (await partner.post("/sessions", {"actor": {"actorId": actor}})).status_code


async def test_each_new_session_gets_the_next_situation_and_behind_the_last_the_first_again() -> None:
    async with partner_in_turn(_NORMAL, _LIMITED) as turns:
        sessions = [await turns.partner.open(f"guest-{number}") for number in range(4)]
        answers = [await say_all(turns.partner, session, SEARCH) for session in sessions]

        assert turns.told == [_NORMAL, _LIMITED] * 2
        assert answers == [["shortlist"], ["429 rate_limited"]] * 2
        assert turns.script.reached == {_LIMITED}


async def test_a_card_of_one_situation_is_not_there_in_the_next_even_for_the_same_actor() -> None:
    async with partner_in_turn(_NORMAL, SituationName.DECLINE, _SAVED) as turns:
        session = await turns.partner.open()
        await turns.partner.attach(await to_setup(turns.partner, session))
        booked = await say_all(turns.partner, session, DONE, YES)
        others = [
            await say_all(turns.partner, await turns.partner.open(), SEARCH, BOOK, NAME)
            for _ in (SituationName.SAVED_CARD, SituationName.DECLINE)
        ]

        assert booked[-1] == "booked"
        assert turns.told == [_NORMAL, _SAVED, SituationName.DECLINE]
        assert [statuses[-1] for statuses in others] == ["payment_confirmation_required", "payment_setup_required"]


@pytest.mark.parametrize(
    ("pause", "codes", "met"),
    [(0.02, [403, 403, 403], [_REJECTED]), (0.04, [403, 200, 403], [_REJECTED, _NORMAL, _REJECTED])],
    ids=["at_once", "by_a_client_started_anew"],
)
async def test_a_refused_creation_that_is_repeated_at_once_is_the_same_again(
    pause: float, codes: list[int], met: list[SituationName]
) -> None:
    async with partner_in_turn(_REJECTED, _NORMAL) as turns:
        # The course's order puts the normal booking first.
        await turns.partner.open("guest-0")
        seen = []
        for _ in range(3):
            seen.append(await create(turns.partner))
            turns.seconds += pause

        assert (turns.told, seen) == ([_NORMAL, *met], codes)


async def test_one_who_never_gives_up_is_let_on_in_the_end() -> None:
    async with partner_in_turn(_NORMAL, _REJECTED) as turns:
        codes = [await create(turns.partner) for _ in range(7)]

        assert codes == [200, 403, 403, 403, 403, 200, 403]


async def test_another_actor_gets_the_next_while_one_is_refused() -> None:
    async with partner_in_turn(_NORMAL, _REJECTED) as turns:
        codes = [await create(turns.partner, actor) for actor in ("guest-1", "guest-2", "guest-3", "guest-2")]

        assert codes == [200, 403, 200, 403]
        assert turns.told == [_NORMAL, _REJECTED, _NORMAL]


async def test_a_creation_that_the_api_itself_refuses_takes_no_turn() -> None:
    async with partner_in_turn(_NORMAL, _LIMITED) as turns:
        refused = await turns.partner.post("/sessions", {"actor": {}})

        assert (told(refused), turns.told) == ("400", [])


async def test_sessions_created_at_once_each_get_their_own_situation() -> None:
    async with partner_in_turn(_NORMAL, _LIMITED) as turns:
        sessions = await asyncio.gather(*(turns.partner.open(f"guest-{number}") for number in range(10)))
        answers = await asyncio.gather(*(say_all(turns.partner, session, SEARCH) for session in sessions))

        assert sorted(turns.told) == [_NORMAL] * 5 + [_LIMITED] * 5
        assert sorted(answers) == [["429 rate_limited"]] * 5 + [["shortlist"]] * 5
