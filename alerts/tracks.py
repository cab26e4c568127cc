"""What is remembered of one scenario on one target: its last judged runs, and how long it has been good."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from probes.incident import Cause, Verdict
from probes.words import Blame, FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRun:
    """A good run, and when it ended."""

    run_id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A judged run in the window. A `spent` one counts to an incident, open or ended, and opens no other.

    `good_before` is the last good run before a bad one, however long ago.
    """

    run_id: str
    started_at: datetime
    ended_at: datetime
    cause: Cause | None = None
    blame: Blame | None = None
    spent: bool = False
    good_before: GoodRun | None = None


class Track:
    """The window of a scenario, which forgets the oldest run, and its good runs in a row since the last bad one."""

    __slots__ = ("in_a_row", "last_good", "since", "window")

    def __init__(
        self,
        within: int,
        window: Iterable[Seen] = (),
        *,
        last_good: GoodRun | None = None,
        since: GoodRun | None = None,
        in_a_row: int = 0,
    ) -> None:
        self.window = deque(window, maxlen=within)
        self.last_good = last_good
        self.since = since
        self.in_a_row = in_a_row

    def knows(self, verdict: Verdict, *, fresh: bool) -> bool:
        """Whether this run was seen before: the runs of one probe begin one after the other.

        But a clock may be set back, which hides no run of which its teller knows that it is new.
        """
        if any(seen.run_id == verdict.run_id for seen in self.window):
            return True
        return not fresh and bool(self.window) and verdict.started_at <= self.window[-1].started_at

    def push(self, verdict: Verdict) -> None:
        """Remember a judged run."""
        seen = Seen(
            run_id=verdict.run_id,
            started_at=verdict.started_at,
            ended_at=verdict.ended_at,
            cause=verdict.cause,
            blame=verdict.blame,
            good_before=None if verdict.cause is None else self.last_good,
        )
        self.window.append(seen)
        if verdict.cause is not None:
            self.in_a_row, self.since = 0, None
            return
        self.last_good = GoodRun(run_id=verdict.run_id, ended_at=verdict.ended_at)
        self.since = self.since or self.last_good
        self.in_a_row += 1

    def unspent(self) -> tuple[tuple[Seen, Cause], ...]:
        """The bad runs that count to no incident yet, oldest first, each with its cause."""
        return tuple((seen, seen.cause) for seen in self.window if seen.cause is not None and not seen.spent)

    def spend(self, cause: Cause) -> tuple[Seen, ...]:
        """The runs of this cause that counted to no incident before, oldest first; they count to one from now on."""
        taken = tuple(seen for seen, of in self.unspent() if of == cause)
        spent = [replace(seen, spent=True) if seen in taken else seen for seen in self.window]
        self.window = deque(spent, maxlen=self.window.maxlen)
        return taken

    def failures(self) -> Mapping[FailureKind, int]:
        """How many of the window's runs failed, by kind, whatever they counted to."""
        return Counter(seen.cause.kind for seen in self.window if seen.cause is not None)

    def resize(self, within: int) -> None:
        """Look at so many runs from now on."""
        self.window = deque(self.window, maxlen=within)
