"""What the last runs told of each target: its headroom, its certificate, whether its key is turned away.

The one place for these facts: the gauges are set from them, and the pages tell them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from probes.model import Exchange
from probes.words import SkipReason, SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What was left of the key's minute quota, at its lowest in a run. `observed_at` is in seconds since the epoch."""

    remaining: int
    limit: int | None
    observed_at: float

    @property
    def ratio(self) -> float | None:
        """The share that was left; None where no limit was told."""
        return self.remaining / self.limit if self.limit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that is known of one target. Moments are in seconds since the epoch; None: nobody told.

    `key_refused_at` is the first refusal since the key was last accepted.
    """

    headroom: Headroom | None = None
    certificate_expires_at: float | None = None
    key_refused_at: float | None = None


_NOTHING = Reading()


class Readings:
    """Remembers the last reading of each target, and the lowest headroom of each run under way."""

    def __init__(self) -> None:
        self._known: dict[str, Reading] = {}
        self._lowest: dict[str, Headroom] = {}

    def of(self, target: str) -> Reading:
        """What is known of this target; of one that nobody told of, nothing."""
        return self._known.get(target, _NOTHING)

    def saw(self, run_id: str, target: str, exchange: Exchange, now: float) -> None:
        """An attempt is over. Its quota headers count if the request carried our own key and the key was accepted."""
        if exchange.certificate_expires_at is not None and exchange.own_key:
            self._change(target, certificate_expires_at=exchange.certificate_expires_at)
        if exchange.key_accepted and self.of(target).key_refused_at is not None:
            self._change(target, key_refused_at=None)
        elif exchange.key_rejected:
            self.key_refused(target, now)
        answer = exchange.answer
        if answer is None or answer.ratelimit_remaining is None or not exchange.tells_own_quota:
            return
        lowest = self._lowest.get(run_id)
        if lowest is None or answer.ratelimit_remaining < lowest.remaining:
            self._lowest[run_id] = Headroom(
                remaining=answer.ratelimit_remaining, limit=answer.ratelimit_limit, observed_at=now
            )

    def run_over(self, run_id: str, target: str) -> Headroom | None:
        """A run has ended. The headroom that it was told of holds from now on; told of none, it changes none."""
        lowest = self._lowest.pop(run_id, None)
        if lowest is not None:
            self._change(target, headroom=lowest)
        return lowest

    def run_dropped(self, run_id: str) -> None:
        """A run has ended whose target is watched no more."""
        self._lowest.pop(run_id, None)

    def slot_over(self, target: str, state: str, reason: str | None, now: float) -> None:
        """A slot that is held for its key's sake tells of the key: another target's run may have been turned away."""
        if state == SlotState.SKIPPED and reason == SkipReason.CREDENTIALS:
            self.key_refused(target, now)

    def key_refused(self, target: str, now: float) -> None:
        """The first refusal stands until the key is accepted."""
        if self.of(target).key_refused_at is None:
            self._change(target, key_refused_at=now)

    def told_by_another(self, target: str) -> None:
        """The target has another server, or another key: what the old one told is no more."""
        self._change(target, headroom=None, certificate_expires_at=None, key_refused_at=None)

    def forget(self, target: str) -> None:
        """It is configured no more."""
        self._known.pop(target, None)

    def _change(self, target: str, **changes: object) -> None:
        self._known[target] = replace(self.of(target), **changes)  # type: ignore[arg-type]  # of Reading's own fields
