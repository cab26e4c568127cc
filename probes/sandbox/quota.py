"""The per-key minute quota: a fixed window, as the guide's "minute quota for this key"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.errors import UsageError

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one request was told: `retry_after_seconds` is 0 for a request that may pass."""

    limit: int
    remaining: int
    retry_after_seconds: int = 0

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The rate-limit headers, `retry-after` only with a refusal."""
        told = (
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
        )
        if not self.retry_after_seconds:
            return told
        return (*told, (b"retry-after", b"%d" % self.retry_after_seconds))


class MinuteQuota:
    """Counts requests by key. Refused requests cost nothing, so waiting always helps."""

    def __init__(self, limit: int, now: Callable[[], float]) -> None:
        if limit < 1:
            raise UsageError(f"the minute quota must be at least 1, not {limit}")
        self.limit = limit
        self._now = now
        self._windows: dict[str, tuple[int, int]] = {}

    def spend(self, key: str) -> Allowance:
        """Take one request from the key's window, or say how many seconds are left of it."""
        now = self._now()
        window = int(now // WINDOW_SECONDS)
        seen_window, used = self._windows.get(key, (window, 0))
        if seen_window != window:
            used = 0
        if used >= self.limit:
            left = max(1, (window + 1) * WINDOW_SECONDS - int(now))
            return Allowance(limit=self.limit, remaining=0, retry_after_seconds=left)
        self._windows[key] = (window, used + 1)
        return Allowance(limit=self.limit, remaining=self.limit - used - 1)
