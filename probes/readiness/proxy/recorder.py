"""Keeps what an integration and the API said to each other, redacted before it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from probes.readiness.evidence import Seen
from probes.readiness.proxy import keys
from probes.readiness.proxy.paths import below_base
from probes.readiness.proxy.recording import Arrival, KeyFacts, Recording
from probes.readiness.proxy.seeing import seen_again, seen_of
from probes.readiness.words import SituationName
from probes.redaction import Scrubber, Secret

MOST_EXCHANGES = 20_000
MOST_BYTES = 128 * 1024 * 1024
_MOST_WAITING_BYTES = 16 * 1024 * 1024
_REST_SECONDS = 0.02
_WORK_SECONDS = 0.004
_LONGEST_WAIT_SECONDS = 2.0

SituationOf = Callable[[Seen], SituationName | None]


def _now() -> datetime:
    return datetime.now(UTC)


def _ignore(_seen: Seen) -> None:
    """Nobody wants to be told."""


class Recorder:
    """What was seen so far: `exchanges`, in the order of arrival, those still under way included.

    Every key that comes in a header is a secret from then on, as `secrets` are from the beginning. `situation` is that
    of the exchanges that begin now; where several are played at once, `situation_of` finds it from the exchange itself,
    when it has ended. `on_seen` is told each exchange as it ends. `loop_time` is monotonic, in seconds.

    Kept are the first 20,000 exchanges, and 128 MiB of bodies; `dropped` counts what came after them. `unreachable`
    counts the requests that never reached the API: they are the proxy's trouble, and no evidence. `unread` counts
    answers whose content-encoding nobody can read here.
    """

    def __init__(
        self,
        *,
        secrets: Iterable[Secret] = (),
        situation_of: SituationOf | None = None,
        on_seen: Callable[[Seen], None] = _ignore,
        loop_time: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._known = {secret: 0 for secret in secrets if secret}
        self._scrubber = Scrubber(self._known)
        self._numbers: dict[Secret, int] = {}
        self._situation_of = situation_of
        self._on_seen = on_seen
        self._loop_time = loop_time
        self._now = now
        self._began = loop_time()
        self._kept: dict[int, tuple[Seen, int]] = {}
        self._under_way: dict[int, Recording] = {}
        self._waiting: deque[Recording] = deque()
        self._waiting_bytes = 0
        self._working = False
        self._passed = 0.0
        self._count = 0
        self._bytes = 0
        self._stopped = False
        self.situation: SituationName | None = None
        self.dropped = 0
        self.unreachable = 0
        self.unread = 0

    def clock(self) -> float:
        """Seconds since the audit began."""
        return self._loop_time() - self._began

    def scrub(self, text: str) -> str:
        """A text without all that is known to be secret by now."""
        return self._scrubber.text(text)

    @property
    def keys(self) -> tuple[Secret, ...]:
        """Every key and credential that is known by now."""
        return tuple(self._known)

    @property
    def exchanges(self) -> tuple[Seen, ...]:
        """All that is kept. A key that was learned after an exchange ended is masked in it, too."""
        self.catch_up()
        known = len(self._known)
        for number, (seen, keys_known) in self._kept.items():
            if keys_known < known:
                self._kept[number] = (seen_again(seen, self._scrubber, self._known), known)
        found = {number: seen for number, (seen, _) in self._kept.items()}
        found |= {number: self._seen(recording) for number, recording in self._under_way.items()}
        return tuple(found[number] for number in sorted(found))

    def begin(self, arrival: Arrival) -> Recording | None:
        """A request's head has come. None where nothing is to be noted: none of the API's, or no room."""
        named = keys.named_in_query(arrival.query)
        facts = self._key_facts(arrival, named)
        if self._stopped or not (below_base(arrival.path) is not None or facts.styles or facts.in_url):
            return None
        if self._count >= MOST_EXCHANGES or self._bytes >= MOST_BYTES:
            self.dropped += 1
            return None
        self._count += 1
        self._passed = self.clock()
        recording = Recording(
            number=self._count,
            arrival=arrival,
            started_at=self._now(),
            situation=self.situation,
            keys=facts,
            clock=self.clock,
            over=self._over,
            left_out=self._leave_out,
            heard_seconds=self.clock(),
        )
        self._under_way[recording.number] = recording
        return recording

    def catch_up(self) -> None:
        """Read all that has ended, so that `on_seen` has been told of it."""
        while self._waiting:
            self._settle()

    def stop(self) -> None:
        """Note nothing any more: what is under way stays so."""
        self._stopped = True

    def _over(self, recording: Recording) -> None:
        """Its bytes have passed. What is read of them is read a little later, so that nobody's bytes wait for that."""
        if self._stopped or self._under_way.pop(recording.number, None) is None:
            return
        self._passed = self.clock()
        self._bytes += recording.size
        self._waiting.append(recording)
        self._waiting_bytes += recording.size
        while self._waiting_bytes > _MOST_WAITING_BYTES:
            self._settle()
        self._rest()

    def _rest(self) -> None:
        if self._working or not self._waiting:
            return
        with contextlib.suppress(RuntimeError):  # no loop: it is read when somebody asks for it
            asyncio.get_running_loop().call_later(_REST_SECONDS, self._work)
            self._working = True

    def _work(self) -> None:
        """Read what waits, for a moment: once nothing has passed by for a while, or it has waited long enough."""
        self._working = False
        now = self.clock()
        waited = now - (self._waiting[0].ended_seconds or 0.0) if self._waiting else 0.0
        quiet = now - self._passed >= _REST_SECONDS
        while self._waiting and (quiet or waited > _LONGEST_WAIT_SECONDS) and self.clock() < now + _WORK_SECONDS:
            self._settle()
        self._rest()

    def _settle(self) -> None:
        recording = self._waiting.popleft()
        self._waiting_bytes -= recording.size
        seen = self._seen(recording)
        self.unread += bool(recording.answer_body and seen.answer and not seen.answer.content)
        self._kept[recording.number] = (seen, len(self._known))
        self._on_seen(seen)

    def _leave_out(self, recording: Recording) -> None:
        if self._under_way.pop(recording.number, None) is not None:
            self.unreachable += 1

    def _seen(self, recording: Recording) -> Seen:
        seen = seen_of(recording, self._scrubber, self._known)
        return seen if self._situation_of is None else replace(seen, situation=self._situation_of(seen))

    def _key_facts(self, arrival: Arrival, named: tuple[Secret, ...]) -> KeyFacts:
        """What rules need to know, and learn the keys before anything is kept."""
        found = keys.carried(arrival.headers)
        for each in found:
            self._numbers.setdefault(each.key, len(self._numbers) + 1)
        self._learn((*keys.secrets_in(arrival.headers), *named))
        self._scrubber.notice(keys.in_unknown_headers(arrival.headers))
        return KeyFacts(
            styles=tuple(each.style for each in found),
            number=self._numbers[found[0].key] if found else None,
            in_url=bool(named) or keys.shown_in(arrival.target, self._known),
            named=named,
        )

    def _learn(self, secrets: Iterable[Secret]) -> None:
        fresh = [secret for secret in secrets if secret not in self._known]
        if not fresh:
            return
        if len(self._known) + len(fresh) > keys.MOST_KEYS:
            self._scrubber.notice(fresh)
            return
        self._known.update(dict.fromkeys(fresh, 0))
        self._scrubber.learn(*self._known)
