"""A service that is killed again and again, at chosen points of its work and at any moment, and what must hold then."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from support.lives import BOOKS, Serving
from support.onlooker import Onlooker, held

from probes.sandbox.server import SandboxServer
from probes.sandbox.wire import ReceivedRequest

BOOKING = ("golden_path", "book_by_action")
HARMLESS = ("decline_payment", "quick_search")
SLOW_SECONDS = 0.3
_STEPS = ("create_session", "search", "book", "name", "attach_card", "done", "confirm", "decline", "cancel")
_PATIENCE_SECONDS = 8.0
_SETTLED_SECONDS = 40.0
_WITH_A_VERDICT = "runs WHERE outcome IS NOT NULL"


@dataclass(slots=True, kw_only=True)
class Story:
    """What was seen of all lives, from outside."""

    runs: dict[str, str | None] = field(default_factory=dict)
    sent_in: dict[str, set[int]] = field(default_factory=dict)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)
    lives: int = 0


class Life:
    """One process: what a point of its work waits for."""

    def __init__(self, serving: Serving, sandbox: SandboxServer, url: str, random: Random, story: Story) -> None:
        self.serving = serving
        self.sandbox = sandbox
        self.url = url
        self.random = random
        self.look = Onlooker(url)
        self._story = story

    async def until(self, reached: Callable[[], bool]) -> bool:
        """Waits for it, and remembers meanwhile what is committed."""
        return await self.serving.until(lambda: self._note() or reached(), _PATIENCE_SECONDS)

    async def until_more(self, what: str, by: int = 1) -> bool:
        """Waits for so many rows more than there are."""
        before = self.look.count(what)
        return await self.until(lambda: self.look.count(what) >= before + by)

    async def until_asked(self, path: str = "") -> bool:
        """Waits for a request that is left without an answer."""
        return await self.until(
            lambda: any(each.status_code is None and path in each.path for each in self.sandbox.requests)
        )

    async def until_under_way(self) -> bool:
        """Waits for a service that keeps what it sees."""
        return await self.until_more(_WITH_A_VERDICT)

    def _note(self) -> None:
        self._story.runs.update(self.look.rows("SELECT run_id, outcome FROM runs ORDER BY started_at DESC LIMIT 50"))


def seeded(seed: int) -> Random:
    """The same chance in every test run."""
    return Random(seed)  # noqa: S311 - nobody is to be kept from guessing it


Point = Callable[[Life], Awaitable[bool]]


async def at_any_moment(life: Life) -> bool:
    await asyncio.sleep(life.random.uniform(0.0, 2.5))
    return True


async def once_a_run_has_begun(life: Life) -> bool:
    return await life.until_more("runs", by=life.random.randint(1, 6))


async def once_a_key_is_promised(life: Life) -> bool:
    return await life.until_more("intents", by=life.random.randint(1, 12))


async def while_an_answer_is_out(life: Life) -> bool:
    life.sandbox.set_faults([f"hang@{life.random.choice(_STEPS)}"])
    return await life.until_asked()


async def once_it_booked_and_nobody_was_told(life: Life) -> bool:
    life.sandbox.set_faults(["hang@confirm"])
    return await life.until_asked("/events")


async def once_a_booking_is_known_and_not_entered(life: Life) -> bool:
    """The answer is slow enough for the journal to be held before it comes."""
    life.sandbox.set_faults(["slow@confirm"])
    booked = len(life.sandbox.bookings)
    if not await life.until(lambda: len(life.sandbox.bookings) > booked):
        return False
    with held(life.url):
        await asyncio.sleep(SLOW_SECONDS + 0.1)
        await life.serving.kill()
    return True


async def once_a_booking_is_entered(life: Life) -> bool:
    return await life.until_more("bookings", by=life.random.randint(1, 3))


async def once_a_verdict_is_told_and_not_kept(life: Life) -> bool:
    if not await life.until_under_way():
        return False
    await asyncio.sleep(life.random.uniform(0.0, 0.5))
    with held(life.url):
        told = len(life.serving.events("run_finished"))
        reached = await life.serving.until(lambda: len(life.serving.events("run_finished")) > told, 5.0)
        await life.serving.kill()
    return reached


async def once_a_verdict_is_kept(life: Life) -> bool:
    return await life.until_more(_WITH_A_VERDICT, by=life.random.randint(1, 6))


async def while_a_session_is_read(life: Life) -> bool:
    """By a scenario, or to learn what a run that was cut off has left behind."""
    life.sandbox.set_faults(["hang@get_session"])
    return await life.until_asked("/sessions/")


POINTS: tuple[Point, ...] = (
    once_it_booked_and_nobody_was_told,
    while_a_session_is_read,
    once_a_run_has_begun,
    once_a_key_is_promised,
    while_an_answer_is_out,
    once_a_booking_is_known_and_not_entered,
    once_a_booking_is_entered,
    once_a_verdict_is_told_and_not_kept,
    once_a_verdict_is_kept,
    at_any_moment,
)


class Ordeal:
    """Lives of a service, one after the other, and the judgement of what it kept."""

    def __init__(self, serving: Serving, sandbox: SandboxServer, url: str, random: Random) -> None:
        self._serving = serving
        self._sandbox = sandbox
        self._url = url
        self._random = random
        self.story = Story()

    async def live_and_die(self, point: Point) -> None:
        """One process, killed at this point of its work, or at any moment if it isn't reached."""
        life = Life(self._serving, self._sandbox, self._url, self._random, self.story)
        self._sandbox.set_faults([])
        await self._serving.start()
        with life.look:
            self.story.reached[point.__name__] += await point(life)
            await self._serving.kill()
        self._end_of_life()

    async def live_on(self) -> None:
        """One process that nobody kills: it puts in order what the others left, and ends when it is asked to."""
        self._sandbox.set_faults([])
        with Onlooker(self._url) as look:
            cut_off = [run_id for run_id, outcome in look.rows("SELECT run_id, outcome FROM runs") if outcome is None]
        booked = [booking.session_id for booking in self._sandbox.bookings]
        await self._serving.start()
        await self._serving.until_started()
        with Onlooker(self._url) as look:
            settled = await self._serving.until(lambda: _in_order(look, cut_off, booked), _SETTLED_SECONDS)
        exit_code = await self._serving.stop()
        self._end_of_life()
        assert settled, self._serving.tail()
        assert exit_code == 0, self._serving.tail()

    def _end_of_life(self) -> None:
        """Remembers what is committed, and which keys were sent."""
        with Onlooker(self._url) as look:
            self.story.runs.update(look.rows("SELECT run_id, outcome FROM runs"))
        for request in self._sandbox.requests:
            key = _key_of(request)
            if key is not None:
                self.story.sent_in.setdefault(key, set()).add(self.story.lives)
                self.story.bodies.setdefault(key, set()).add(request.body)
        self._sandbox._received.clear()
        self.story.lives += 1

    def unreached(self, points: Iterable[Point]) -> list[str]:
        """Points at which no life was killed: what they are for has not been tried."""
        return [point.__name__ for point in points if not self.story.reached[point.__name__]]

    def complaints(self) -> list[str]:
        """What doesn't hold, in a sentence each; to be asked after the last life."""
        with Onlooker(self._url) as look:
            return [*self._of_runs(look), *self._of_keys(look), *self._of_bookings(look), *self._of_verdicts(look)]

    def _of_runs(self, look: Onlooker) -> Iterator[str]:
        kept = dict(look.rows("SELECT run_id, outcome FROM runs"))
        for run_id, outcome in self.story.runs.items():
            if run_id not in kept:
                yield f"run {run_id} was committed and is gone"
            elif outcome is not None and kept[run_id] != outcome:
                yield f"run {run_id} was {outcome} and is {kept[run_id]}"
        for actor in {booking.actor_id for booking in self._sandbox.bookings} - _actors(kept):
            yield f"{actor} booked, and no run of that name is kept"
        for run_id, outcome in kept.items():
            if outcome is None:
                yield f"run {run_id} has no verdict"
            elif outcome == "failed":
                yield f"run {run_id} failed, though the API did nothing wrong"

    def _of_verdicts(self, look: Onlooker) -> Iterator[str]:
        """A run that was played to its end is kept whole; verdicts that were told are those that are kept."""
        whole = {"passed": 1, "degraded": 1}
        steps = dict(look.rows("SELECT run_id, count(*) FROM steps GROUP BY run_id"))
        exchanges = {
            run_id: (count, highest)
            for run_id, count, highest in look.rows(
                "SELECT run_id, count(*), max(seq) - min(seq) + 1 FROM exchanges GROUP BY run_id"
            )
        }
        said = {event["run_id"]: event["outcome"] for event in self._serving.events("run_finished", all_lives=True)}
        for run_id, outcome in look.rows("SELECT run_id, outcome FROM runs"):
            if outcome in whole and not (steps.get(run_id) and exchanges.get(run_id)):
                yield f"run {run_id} {outcome}, and nothing of it is kept"
            if outcome in whole and said.get(run_id) != outcome:
                yield f"run {run_id} is {outcome}, and was told as {said.get(run_id)}"
        for run_id, (count, span) in exchanges.items():
            if count != span:
                yield f"run {run_id} has {count} exchanges among {span} numbers"

    def _of_keys(self, look: Onlooker) -> Iterator[str]:
        promised = {key for (key,) in look.rows("SELECT idempotency_key FROM intents")}
        for key, lives in self.story.sent_in.items():
            if key not in promised and key.startswith(BOOKS):  # the others go on without
                yield f"key {key} was sent before it was committed"
            if len(lives) > 1:
                yield f"key {key} was sent again by another life"
            if len(self.story.bodies[key]) > 1:
                yield f"key {key} was sent with two bodies"
        booked = {booking.session_id for booking in self._sandbox.bookings}  # of the others, some may still take effect
        for key, session_id in look.rows("SELECT idempotency_key, session_id FROM intents WHERE settled_at IS NULL"):
            if session_id in booked:
                yield f"session {session_id} booked, and nobody settled key {key}"

    def _of_bookings(self, look: Onlooker) -> Iterator[str]:
        entered: dict[str, str] = dict(
            look.rows("SELECT session_id, state FROM bookings ORDER BY booking_number")
        )  # the last word of each counts
        made = {booking.session_id: booking for booking in self._sandbox.bookings}
        for session_id, count in Counter(booking.session_id for booking in self._sandbox.bookings).items():
            if count > 1:
                yield f"session {session_id} booked {count} times"
        for actor, count in Counter(booking.actor_id for booking in self._sandbox.bookings).items():
            if count > 1:
                yield f"the run of {actor} booked {count} times"
        for session_id, booking in made.items():
            if session_id not in entered:
                yield f"session {session_id} booked, and the journal doesn't know"
            elif not booking.cancelled and entered[session_id] == "cancelled":
                yield f"session {session_id} is booked, and the journal says cancelled"
        for session_id, state in entered.items():
            if session_id not in made and state in ("made", "left", "cancelled", "unexpected"):
                yield f"the journal says that session {session_id} is {state}, and nothing was booked"


def _in_order(look: Onlooker, cut_off: Collection[str], booked: Collection[str]) -> bool:
    """Whether each run that was cut off has its verdict, and each of these sessions is known to have booked."""
    waiting = {run_id for (run_id,) in look.rows("SELECT run_id FROM runs WHERE outcome IS NULL")}
    known = {session_id for (session_id,) in look.rows("SELECT session_id FROM bookings")}
    unsettled = {session_id for (session_id,) in look.rows("SELECT session_id FROM intents WHERE settled_at IS NULL")}
    return bool(look.count("runs")) and not waiting & set(cut_off) and set(booked) <= known - unsettled


def _actors(runs: Mapping[str, object]) -> set[str]:
    return {f"brekwatch_{run_id}" for run_id in runs}


def _key_of(request: ReceivedRequest) -> str | None:
    """The idempotency key of a turn that the sandbox heard."""
    if request.method != "POST" or not request.path.endswith("/events"):
        return None
    key = json.loads(request.body).get("idempotencyKey")
    return key if isinstance(key, str) else None
