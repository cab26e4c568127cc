from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from support.sandbox import BASE, SEARCH, VISA, Partner, RawConnection

from probes.readiness.evidence import Seen
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.rules.conversations import session_of
from probes.sandbox.server import SandboxServer

GUESTS = 200
CARD = "4242 4242 4242 4242"
STATUSES = ["shortlist", "guest_name_required", "payment_setup_required", "payment_confirmation_required", "booked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A partner that speaks to the sandbox through a proxy."""

    sandbox: SandboxServer
    proxy: RecordingProxy
    recorder: Recorder
    partner: Partner


@asynccontextmanager
async def audited() -> AsyncIterator[Audited]:
    recorder = Recorder()
    async with (
        SandboxServer(minute_quota=1_000_000) as sandbox,
        RecordingProxy(sandbox.base_url, recorder) as proxy,
        httpx.AsyncClient(base_url=proxy.base_url, trust_env=False, timeout=30) as http,
    ):
        yield Audited(sandbox=sandbox, proxy=proxy, recorder=recorder, partner=Partner(sandbox, http))


async def book(at: Audited, actor: str) -> tuple[str, list[str], set[str]]:
    """A golden path: its session, the statuses that it was told, and the sessions that its answers were of."""
    host, _, port = at.proxy.base_url.removeprefix("http://").rpartition(":")
    key = at.sandbox.api_key
    async with RawConnection(*await asyncio.open_connection(host, int(port))) as connection:
        session = (await connection.call(f"{BASE}/sessions", {"actor": {"actorId": actor}}, key))["sessionId"]

        async def say(text: str) -> dict[str, Any]:
            told: dict[str, Any] = await connection.call(f"{BASE}/events", {"sessionId": session, "text": text}, key)
            return told

        told = [await say(text) for text in (SEARCH, "book option 1", "guest name is John Doe")]
        token = told[-1]["result"]["artifacts"]["payment"]["setupUrl"].rpartition("/")[2]
        attach = {"portalToken": token, **VISA, "setAsDefault": True}
        await connection.call(at.sandbox.attach_url.removeprefix(at.sandbox.base_url), attach, "")
        told += [await say(text) for text in ("Done", "yes, use this card")]
    return session, [each["result"]["status"] for each in told], {each["sessionId"] for each in told}


def told_of_another(seen: Seen) -> bool:
    """Whether an answer is of another session than its request."""
    return seen.answer is None or seen.answer.session_id != session_of(seen)


async def test_two_hundred_conversations_at_once_are_all_right_and_each_answer_is_its_own() -> None:
    async with audited() as at:
        ended = await asyncio.gather(*(book(at, f"guest-{number}") for number in range(GUESTS)))
        exchanges = at.recorder.exchanges
        booked = Counter(booking.session_id for booking in at.sandbox.bookings)

    assert all(statuses == STATUSES for _, statuses, _ in ended)
    assert all(told_of == {session} for session, _, told_of in ended)
    assert booked == Counter(session for session, _, _ in ended)
    assert len(exchanges) == GUESTS * 6
    assert not [seen.number for seen in exchanges if told_of_another(seen)]
    assert [seen.number for seen in exchanges] == list(range(1, GUESTS * 6 + 1))


async def test_a_key_a_token_and_a_card_are_nowhere_in_what_is_kept() -> None:
    async with audited() as at:
        session, setup_url = await at.partner.to_setup()
        token = setup_url.rpartition("/")[2]
        await at.partner.say(session, f"take my card {CARD}, and open {setup_url}")
        await at.partner.say(session, f"my key is {at.sandbox.api_key}")
        await at.partner.http.get(f"/portal/{token}?key={at.sandbox.api_key}")
        exchanges = at.recorder.exchanges
    shown = repr(exchanges) + repr([each.answer for each in exchanges]) + orjson.dumps(exchanges, default=repr).decode()

    assert len(exchanges) == 7
    assert not [secret for secret in (at.sandbox.api_key, token, CARD, CARD.replace(" ", "")) if secret in shown]
    assert [seen.number for seen in exchanges if seen.card_data == "text"] == [5]
    assert [seen.number for seen in exchanges if seen.key_in_url] == [7]
