"""The minute quota of one partner key: what its probes plan, what they sent, and whether one more run fits in.

Design decision 6: on average over ten minutes probes take at most their share of the limit; a single run may burst,
down to a reserve. What comes too early waits; what must not come, or never can, is refused.
Pure bookkeeping: moments are seconds on the monotonic clock, and come in as arguments.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import urlsplit

from probes.model import Exchange, Quota, Target
from probes.origin import Origin
from probes.redaction import Secret
from probes.scenario import Scenario, Step, write_kind
from probes.words import AuthHeader, Operation

UNKNOWN_LIMIT = 60  # requests a minute, to reckon with until a limit was seen
AVERAGE_SECONDS = 600.0
_AVERAGE_MINUTES = AVERAGE_SECONDS / 60
_BURST_SECONDS = 60.0
_BURST_FACTOR = 5 / 3  # of 60 requests and a tenth of them: a golden path and a quick search in one minute
_FRESH_SECONDS = 60.0  # the quota is a minute's: what was left a minute ago tells nothing
_ROUNDING = 1e-9
_FIRST_REFUSAL = 400
_WITH_KEY = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})

Key = tuple[Origin, str, Secret]
"""What has one quota: a base URL, however it is spelt, and a partner key."""


def key_of(target: Target) -> Key:
    """Whose quota this target's requests take from."""
    path = urlsplit(target.base_url).path.rstrip("/")
    return Origin.of(target.base_url), path, target.api_key


def targets_by_key(targets: Iterable[Target]) -> dict[Key, list[Target]]:
    """Targets with the same key and base URL share one budget."""
    groups: dict[Key, list[Target]] = {}
    for target in targets:
        groups.setdefault(key_of(target), []).append(target)
    return groups


def shared_quota(targets: Sequence[Target]) -> Quota:
    """The budget of targets with one key: where they disagree, the most careful of each counts."""
    limits = [target.quota.limit for target in targets if target.quota.limit is not None]
    return Quota(
        share=min(target.quota.share for target in targets),
        reserve=max(target.quota.reserve for target in targets),
        limit=min(limits, default=None),
    )


def requests_of(scenario: Scenario) -> int:
    """How many requests of one run count against the key's quota, if none has to be repeated."""
    steps = (*scenario.steps, *scenario.cleanup)
    return sum(_takes_quota(step) for step in steps) + sum(map(_is_looked_up, scenario.steps))


def _takes_quota(step: Step) -> bool:
    """Whether it carries the target's own key, in whatever style; the portal and the published files need none."""
    return step.action.operation in _WITH_KEY and (step.auth is None or isinstance(step.auth, AuthHeader))


def _is_looked_up(step: Step) -> bool:
    """Whether its answer is a refusal of what may book: the snapshot is read, to see that it truly did nothing."""
    refused = bool(step.expect.status_codes) and min(step.expect.status_codes) >= _FIRST_REFUSAL
    return refused and _takes_quota(step) and write_kind(step.action) is not None


@dataclass(slots=True, eq=False)
class Reservation:
    """What a run under way has planned and not yet sent."""

    left: int


@dataclass(frozen=True, slots=True)
class _Told:
    value: int
    at: float


class KeyQuota:
    """One key's books. `quota` is the configuration, which a reload may replace; what was seen stays."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._sent: deque[float] = deque()
        self._sent_since_told = 0
        self._under_way: set[Reservation] = set()
        self._limit: _Told | None = None
        self._remaining: _Told | None = None

    def reserve(self, requests: int) -> Reservation:
        """A run may start, and plans so many requests."""
        reservation = Reservation(left=requests)
        self._under_way.add(reservation)
        return reservation

    def release(self, reservation: Reservation) -> None:
        """The run is over; what it planned and did not send is free again."""
        self._under_way.discard(reservation)

    def sent(self, exchange: Exchange, reservation: Reservation, now: float) -> None:
        """An attempt of a run under way is over. A retry was not planned, but counts; another key, or none, doesn't."""
        if not exchange.own_key:
            return
        self._sent.append(now)
        self._sent_since_told += 1
        if exchange.attempt == 1:
            reservation.left = max(0, reservation.left - 1)
        if exchange.answer is None or not exchange.tells_own_quota:
            return
        if exchange.answer.ratelimit_limit:
            self._limit = _Told(exchange.answer.ratelimit_limit, now)
        if exchange.answer.ratelimit_remaining is not None:
            self._remaining = _Told(exchange.answer.ratelimit_remaining, now)
            self._sent_since_told = 0

    def limit(self, now: float) -> int:
        """Requests a minute: the smaller of what is configured and what the API told, else a careful guess.

        What it told is believed for as long as the average looks back: one wrong header must not end all probing.
        """
        told = self._limit if self._limit is not None and now - self._limit.at <= AVERAGE_SECONDS else None
        known = [limit for limit in (self.quota.limit, None if told is None else told.value) if limit is not None]
        return min(known, default=UNKNOWN_LIMIT)

    def refusal(self, cost: int, now: float) -> str | None:
        """Why a run of so many requests must not start, however long it waits; None if it may, once its time comes."""
        allowed = self._allowed(now)
        if cost > allowed + _ROUNDING:
            return (
                f"this run needs {cost} requests, and ten minutes may hold {allowed:g} ({self._share(now)}). "
                "Raise the share, or play a shorter scenario"
            )
        problem = self.over_headroom(cost, now)
        return problem and f"{problem}. Wait a minute, or lower the reserve"

    def over_headroom(self, cost: int, now: float) -> str | None:
        """The same of the reserve alone, which stands above everything that we send. Stale headroom is not believed."""
        told = self._remaining
        if not cost or told is None or now - told.at > _FRESH_SECONDS:
            return None
        limit = self.limit(now)
        left = told.value - self._sent_since_told - self._planned
        reserve = self.quota.reserve * limit
        if left - cost >= reserve - _ROUNDING:
            return None
        return (
            f"{max(left, 0)} of {limit} requests a minute are left, and this run needs {cost}: "
            f"{reserve:g} are kept in reserve (quota.reserve {self.quota.reserve:g})"
        )

    def fresh_seconds(self, now: float) -> float:
        """For how long what was told of the headroom is still believed."""
        told = self._remaining
        return 0.0 if told is None else max(0.0, told.at + _FRESH_SECONDS - now)

    def wait_seconds(self, cost: int, now: float) -> float:
        """How long a run of so many requests has to wait for room; infinite if only another run's end can tell."""
        if not cost:
            return 0.0
        return max(
            self._until_room(_BURST_SECONDS, self._burst(cost, now), cost, now),
            self._until_room(AVERAGE_SECONDS, self._allowed(now), cost, now),
        )

    def crowded(self, cost: int, waited_seconds: float, now: float) -> str:
        """The sentence for a run whose turn did not come."""
        late = f"no turn came within {waited_seconds:.0f} s"
        for span, seconds, most in (
            ("a minute", _BURST_SECONDS, self._burst(cost, now)),
            ("ten minutes", AVERAGE_SECONDS, self._allowed(now)),
        ):
            taken = len(self._recent(seconds, now)) + self._planned
            if taken + cost > most + _ROUNDING:
                return (
                    f"{late}: {taken} requests of {span} are taken, and this run needs {cost}: {most:g} may come "
                    f"({self._share(now)}). Play less often, or raise the share"
                )
        return f"{late}: other runs with this key waited before it. Play less often, or raise the share (quota.share)"

    def _until_room(self, seconds: float, most: float, cost: int, now: float) -> float:
        """Until when no more than so many requests come in so many seconds, this run's among them."""
        recent = self._recent(seconds, now)
        over = len(recent) + self._planned + cost - most - _ROUNDING
        if over <= 0:
            return 0.0
        oldest = math.ceil(over)
        return recent[-oldest] + seconds - now if oldest <= len(recent) else math.inf

    def _allowed(self, now: float) -> float:
        """Requests in ten minutes."""
        return self.quota.share * self.limit(now) * _AVERAGE_MINUTES

    def _burst(self, cost: int, now: float) -> float:
        """Requests in a minute."""
        return max(cost, _BURST_FACTOR * self.quota.share * self.limit(now))

    def _share(self, now: float) -> str:
        return f"quota.share {self.quota.share:g} of {self.limit(now)} a minute"

    @property
    def _planned(self) -> int:
        return sum(reservation.left for reservation in self._under_way)

    def _recent(self, seconds: float, now: float) -> list[float]:
        """When requests were sent in the last so many seconds, newest first."""
        while self._sent and now - self._sent[0] >= AVERAGE_SECONDS:
            self._sent.popleft()
        return list(takewhile(lambda at: now - at < seconds, reversed(self._sent)))
