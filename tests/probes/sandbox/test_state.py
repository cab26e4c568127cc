from __future__ import annotations

import pytest
from support.sandbox import SEARCH, Partner, partner_of, status

from probes.sandbox import state
from probes.sandbox.state import Newest


def test_bounded_memory_drops_the_oldest_first() -> None:
    kept: Newest[int, str] = Newest(2)
    for number in (1, 2, 3):
        kept[number] = "x"
    kept[2] = "again"

    assert dict(kept) == {2: "again", 3: "x"}


async def test_everything_that_grows_with_use_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MOST_SESSIONS", "_MOST_REPLIES", "_MOST_BOOKINGS", "_MOST_EVENTS"):
        monkeypatch.setattr(state, name, 3)
    async with partner_of() as partner:
        sessions = [await _booked(partner, f"guest-{number}") for number in range(5)]
        for number in range(5):
            await partner.say(sessions[-1], "hm", f"k{number}")

        memory = partner.sandbox._app.state
        sizes = [
            len(kept) for kept in (memory.sessions, memory.replies, memory.bookings, memory._cards, memory._tokens)
        ]
        assert sizes == [3, 3, 3, 3, 3]
        assert len((await partner.read(sessions[-1])).json()["data"]["events"]) == 3
        assert (await partner.read(sessions[0])).status_code == 404
        assert [record.actor_id for record in partner.sandbox.bookings] == ["guest-2", "guest-3", "guest-4"]


async def _booked(partner: Partner, actor: str) -> str:
    session = await partner.to_consent(actor)
    assert status(await partner.say(session, "yes")) == "booked"
    return session


async def test_hotels_of_the_same_search_are_the_same_but_for_their_ids(partner: Partner) -> None:
    first, second = [
        (await partner.say(await partner.open(), SEARCH)).json()["data"]["result"]["artifacts"]["shortlist"]
        for _ in range(2)
    ]

    assert {option["optionId"] for option in first}.isdisjoint(option["optionId"] for option in second)
    strip = [[{**option, "optionId": ""} for option in found] for found in (first, second)]
    assert strip[0] == strip[1]
    assert [option["position"] for option in first] == [1, 2, 3]
    assert all(option["refundable"] for option in first)
