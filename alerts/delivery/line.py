"""One receiver, told in its own time: what it does, or fails to do, delays nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.delivery.channels import request_for
from alerts.delivery.pacing import Bucket, Uniform, back_off_seconds
from alerts.delivery.posting import Answer, Send
from alerts.delivery.waiting import OPENING, Held, Message, Waiting, messages, superseded_by, together
from probes.incident import Notice
from probes.settings import Receiver
from probes.words import NoticeKind, NoticeState, Telling

GIVEN_UP_AFTER = timedelta(hours=24)
MOST_REFUSALS = 16
REFUSED_AGAIN_AFTER = timedelta(minutes=1)
STUCK_AFTER = timedelta(minutes=10)
UNKEPT_AFTER = timedelta(seconds=5)
_LOOKS_EVERY_SECONDS = 5.0
_MOST_KEPT_TRIES = 10
_MOST_UNTOLD = 1000
_NO_JUMP = timedelta(seconds=1)


class Told(Protocol):
    """Who hears how it goes."""

    def settled(self, notice: Notice) -> None:
        """Keep it as it now stands."""

    def tried(self, receiver: Receiver, telling: Telling, count: int) -> None:
        """So many notices were tried, and how that went."""

    def in_trouble(self, receiver: Receiver, problem: str, lost: int) -> None:
        """It can't be told; so many notices were given up, none as yet where it is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a line needs of the world. `held` says that a target is in maintenance; a moment is in UTC."""

    now: Callable[[], datetime]
    uniform: Uniform
    send: Send
    held: Held
    external_url: Callable[[], str | None]


class Line:
    """What one receiver is to be told, from `take` to its end."""

    def __init__(self, receiver: Receiver, *, means: Means, told: Told) -> None:
        self.receiver = receiver
        self._means = means
        self._told = told
        self._waiting: dict[str, Waiting] = {}
        self._untold: dict[str, None] = {}  # incidents whose beginning was given up: their end is not told alone
        self._bucket = Bucket()
        self._failures = 0
        self._paused_until: datetime | None = None
        self._lost_some = False
        self._now = means.now()
        self._woken, self._idle = asyncio.Event(), asyncio.Event()

    def take(self, notice: Notice, *, kept: asyncio.Future[None] | None) -> None:
        """Tell this. It is sent once `kept` is done, or 5 s later without that: better twice than never."""
        if notice.notice_id in self._waiting:
            return
        now = self._means.now()
        new = Waiting(notice, now if kept is None else now + UNKEPT_AFTER)
        others = list(self._waiting.values())
        self._waiting[notice.notice_id] = new
        never_begun = notice.kind is NoticeKind.RESOLVED and notice.incident_id in self._untold
        for each in [new] if never_begun else superseded_by(new, others, self._means.held):
            self._settle(each, NoticeState.SUPERSEDED)
        if kept is not None:
            kept.add_done_callback(lambda done: self._is_kept(new, done))
        self._woken.set()

    def _is_kept(self, waiting: Waiting, kept: asyncio.Future[None]) -> None:
        if not kept.cancelled() and kept.exception() is None:
            waiting.ready_at = min(waiting.ready_at, self._means.now())
            self._woken.set()

    def change(self, receiver: Receiver) -> None:
        """From now on at this address, or so: what the one before did not take says nothing of it."""
        self.receiver = receiver
        self._failures, self._paused_until, self._lost_some = 0, None, False
        for each in self._waiting.values():
            if each.notice.attempts:
                each.notice = replace(each.notice, due_at=min(each.notice.due_at, self._means.now()))
        self._woken.set()

    def has_opening(self, incident_id: str) -> bool:
        """Whether the beginning of an incident is still to be told."""
        return any(
            each.notice.incident_id == incident_id and each.notice.kind in OPENING for each in self._waiting.values()
        )

    def drop(self) -> None:
        """Nothing of this need be said: the receiver is gone."""
        for each in list(self._waiting.values()):
            self._settle(each, NoticeState.SUPERSEDED)

    @property
    def due(self) -> int:
        """How many could be told now and aren't."""
        now = self._means.now()
        return sum(each.is_due(now) and not self._is_held(each) for each in self._waiting.values())

    def problem(self) -> str | None:
        """Why this receiver can't be called told; None while it is."""
        if self._lost_some:
            return f"the receiver {self.receiver.name} takes nothing"
        now = self._means.now()
        late = [each for each in self._waiting.values() if each.is_due(now) and not self._is_held(each)]
        if any(now - max(each.notice.created_at, each.ready_at) > STUCK_AFTER for each in late) and self._failures:
            return f"the receiver {self.receiver.name} was not reached for {STUCK_AFTER.seconds // 60} minutes"
        return None

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._woken.clear()
            seconds = await self.step()
            self._idle.set()
            if seconds > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(seconds, _LOOKS_EVERY_SECONDS)):
                        await self._woken.wait()

    async def last_words(self) -> None:
        """Come back once nothing is due, or nothing can be sent for a while."""
        while self.due and not self._can_wait:
            self._idle.clear()
            await self._idle.wait()

    @property
    def _can_wait(self) -> bool:
        now = self._means.now()
        return (self._paused_until is not None and now < self._paused_until) or self._bucket.left(now) < 1

    async def step(self) -> float:
        """Send one message, if one may be sent now; how many seconds until the next can be, at the soonest."""
        now = self._means.now()
        self._mind_the_clock(now)
        if self._paused_until is not None and now < self._paused_until:
            return (self._paused_until - now).total_seconds()
        found = messages(self._waiting.values(), now, self._means.held)
        if not found:
            return self._until_next(now)
        if (left := self._bucket.left(now)) < 1:
            return (self._bucket.next_at(now) - now).total_seconds()
        single = len(found) <= left or left > 1
        message = found[0] if single else together(found, now=now, external_url=self._means.external_url())
        await self._send(message, now)
        return 0.0

    def _mind_the_clock(self, now: datetime) -> None:
        """Set back by an hour, it must not hold back for an hour what was to be told in a minute."""
        by, self._now = self._now - now, now
        if by <= _NO_JUMP:
            return
        self._bucket.set_back(by)
        if self._paused_until is not None:
            self._paused_until -= by
        for each in self._waiting.values():
            each.set_back(by)

    def _until_next(self, now: datetime) -> float:
        moments = [max(each.ready_at, each.notice.due_at) for each in self._waiting.values()]
        ahead = [(moment - now).total_seconds() for moment in moments if moment > now]
        return min([*ahead, _LOOKS_EVERY_SECONDS])

    async def _send(self, message: Message, now: datetime) -> None:
        request = request_for(self.receiver, message.document, notice_id=message.message_id, at=now)
        try:
            answer = await self._means.send(request)
        except Exception as error:  # noqa: BLE001 - a bug here must not silence this receiver for ever
            answer = Answer(problem=f"a fault of our own: {type(error).__name__}")
        if answer.taken:
            self._delivered(message)
        else:
            self._failed(message, answer)

    def _delivered(self, message: Message) -> None:
        self._bucket.take(self._means.now())
        self._failures, self._paused_until, self._lost_some = 0, None, False
        for each in message.waiting:
            self._untold.pop(each.notice.incident_id or "", None)
            self._settle(each, NoticeState.DELIVERED)
        self._told.tried(self.receiver, Telling.DELIVERED, len(message.waiting))

    def _failed(self, message: Message, answer: Answer) -> None:
        """What is refused is put off by itself; where nobody answers, all wait."""
        now = self._means.now()
        self._failures += 1
        seconds = back_off_seconds(self._failures, self._means.uniform)
        if answer.retry_after_seconds is not None:
            seconds = max(seconds, answer.retry_after_seconds)
        self._told.tried(self.receiver, Telling.FAILED, len(message.waiting))
        if answer.refused:
            self._bucket.take(now)  # it was heard, so it counts
        else:
            self._paused_until = now + timedelta(seconds=seconds)
        lost = [each for each in message.waiting if not self._put_off(each, now, refused=answer.refused)]
        if len(message.waiting) <= _MOST_KEPT_TRIES:
            for each in message.waiting:
                if each.notice.notice_id in self._waiting:
                    self._told.settled(each.notice)
        if lost:
            self._give_up(lost)
        if lost or self._failures == 1:
            self._told.in_trouble(self.receiver, str(answer), len(lost))

    def _put_off(self, waiting: Waiting, now: datetime, *, refused: bool) -> bool:
        """Whether it is tried again: what is refused, after one minute, then two, three and so on, for two hours."""
        attempts = waiting.notice.attempts + 1
        due_at = now + attempts * REFUSED_AGAIN_AFTER if refused else waiting.notice.due_at
        waiting.notice = replace(waiting.notice, attempts=attempts, due_at=due_at)
        if refused and attempts >= MOST_REFUSALS:
            return False
        return now - waiting.notice.created_at < GIVEN_UP_AFTER

    def _give_up(self, lost: Iterable[Waiting]) -> None:
        count = 0
        self._lost_some = True
        for each in lost:
            count += 1
            if each.notice.incident_id is not None and each.notice.kind in OPENING:
                self._untold[each.notice.incident_id] = None
            self._settle(each, NoticeState.GIVEN_UP)
        while len(self._untold) > _MOST_UNTOLD:
            del self._untold[next(iter(self._untold))]
        self._told.tried(self.receiver, Telling.GIVEN_UP, count)

    def _settle(self, waiting: Waiting, state: NoticeState) -> None:
        if self._waiting.pop(waiting.notice.notice_id, None) is not None:
            self._told.settled(replace(waiting.notice, state=state, settled_at=self._means.now()))

    def _is_held(self, waiting: Waiting) -> bool:
        return waiting.target is not None and self._means.held(waiting.target)
