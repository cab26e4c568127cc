"""Partners of a stand-in that plays situations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from support.sandbox import SEARCH, Partner, partner_of

from probes.readiness.course.play import Play
from probes.readiness.course.scripts import OneSituation, TakingTurns
from probes.readiness.course.situations import Situation, chosen
from probes.readiness.words import SituationName

BOOK, NAME, DONE, YES = "can you help me book option 1", "guest name is John Doe", "Done", "yes, use this card"


@asynccontextmanager
async def partner_in(name: SituationName, **options: Any) -> AsyncIterator[tuple[Partner, Play]]:
    """A partner in this situation, and its play."""
    script = OneSituation(chosen([name])[0])
    async with partner_of(script=script, **options) as partner:
        yield partner, script.play


@dataclass(slots=True)
class Turns:
    """A stand-in whose situations take turns, its clock, and what it told."""

    partner: Partner
    script: TakingTurns
    told: list[SituationName]
    seconds: float = 0.0


@asynccontextmanager
async def partner_in_turn(*names: SituationName) -> AsyncIterator[Turns]:
    """A partner whose sessions get these situations in turn."""
    told: list[SituationName] = []

    def tell(situation: Situation) -> None:
        told.append(situation.name)

    script = TakingTurns(chosen(names), loop_time=lambda: turns.seconds, told=tell)
    async with partner_of(script=script) as partner:
        turns = Turns(partner, script, told)
        yield turns


def told(answer: httpx.Response) -> str:
    """A turn's answer in a word: its status, else its code, else its status code."""
    body = answer.json()
    if answer.status_code == 200:
        return str(body["data"]["result"]["status"])
    return f"{answer.status_code} {body.get('code', '')}".strip()


async def say_all(partner: Partner, session: str, *texts: str) -> list[str]:
    """What each of these turns is told, one after the other."""
    return [told(await partner.say(session, text)) for text in texts]


async def to_setup(partner: Partner, session: str) -> str:
    """The setup URL that this session is given."""
    for text in (SEARCH, BOOK):
        await partner.say(session, text)
    answer = await partner.say(session, NAME)
    return str(answer.json()["data"]["result"]["artifacts"]["payment"]["setupUrl"])
