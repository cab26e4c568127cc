"""The incidents of one target, one judged run after the other: when they open, whom they hit, when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from alerts.cases import Case
from alerts.places import Places
from alerts.tracks import Track
from probes.incident import Cause, Incident, Verdict
from probes.settings import IncidentPolicy
from probes.words import FailureKind

_OF_THE_KEY = frozenset({FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED})
"""A refused key holds its probes back but for one run a minute, each in its turn: windows of theirs fill slowly."""


class TargetWatch:
    """What is remembered of a target. `planned` are the scenarios that are played on it; None if nobody says."""

    def __init__(
        self,
        *,
        policy: IncidentPolicy,
        places: Places,
        tracks: Mapping[str, Track] | None = None,
        cases: Mapping[Cause, Case] | None = None,
        planned: frozenset[str] | None = None,
    ) -> None:
        self._policy = policy
        self._places = places
        self._planned = planned
        self.tracks = dict(tracks or {})
        self.cases = dict(cases or {})

    def see(self, verdict: Verdict, *, fresh: bool) -> tuple[Incident, ...] | None:
        """The incidents that a judged run changed; None where it was seen before, or nobody plays its scenario."""
        if self._planned is not None and verdict.scenario not in self._planned:
            return None
        track = self.tracks.setdefault(verdict.scenario, Track(self._policy.within))
        if track.knows(verdict, fresh=fresh):
            return None
        track.push(verdict)
        if verdict.cause is None:
            return self._good(verdict, track)
        return self._bad(verdict, verdict.cause, track)

    def expect(
        self, planned: frozenset[str], *, policy: IncidentPolicy, places: Places, at: datetime
    ) -> tuple[Incident, ...]:
        """Another configuration: the incidents that end by it."""
        self._policy, self._places, self._planned = policy, places, planned
        for track in self.tracks.values():
            track.resize(policy.within)
        ended = tuple(case.incident for case in tuple(self.cases.values()) if self._ends(case, at))
        self._forget()
        return ended

    def _good(self, verdict: Verdict, track: Track) -> tuple[Incident, ...]:
        noted = [case for case in self.cases.values() if case.note(verdict.scenario, track)]
        if [case for case in noted if self._ends(case, verdict.ended_at)]:
            self._forget()
        return tuple(case.incident for case in noted)

    def _bad(self, verdict: Verdict, cause: Cause, track: Track) -> tuple[Incident, ...]:
        changed = {each: case for each, case in self.cases.items() if case.note(verdict.scenario, track)}
        if cause in self.cases:
            track.spend(cause)
            self.cases[cause].fail(verdict, track, self._places)
            changed[cause] = self.cases[cause]
        elif (opens := self._what_opens(verdict, cause, track)) is not None:
            changed[opens] = self.cases[opens] = self._open(opens, verdict)
        return tuple(case.incident for case in changed.values())

    def _what_opens(self, verdict: Verdict, cause: Cause, track: Track) -> Cause | None:
        if cause.kind is FailureKind.UNEXPECTED_BOOKING:
            return cause
        counts = Counter(of for _, of in reversed(track.unspent()))  # of several as frequent, the latest comes first
        if counts[cause] >= self._policy.open_after:
            return cause
        if cause.kind in _OF_THE_KEY and self._unspent_of_all(cause) >= self._policy.open_after:
            return cause
        known = any(case.hit(verdict.scenario) for case in self.cases.values())
        if known or counts.total() < self._policy.open_after:
            return None
        return counts.most_common(1)[0][0]

    def _unspent_of_all(self, cause: Cause) -> int:
        """How many of the last judged runs of the whole target failed of this, and count to no incident yet."""
        seen = (each for track in self.tracks.values() for each in track.window)
        last = sorted(seen, key=lambda each: (each.ended_at, each.run_id))[-self._policy.within :]
        return sum(each.cause == cause and not each.spent for each in last)

    def _open(self, cause: Cause, by: Verdict) -> Case:
        """With what it did before to other scenarios too, unless they were good again since."""
        hurt = {}
        for scenario, track in self.tracks.items():
            taken = track.spend(cause)
            if taken and (scenario == by.scenario or track.in_a_row < self._policy.close_after):
                hurt[scenario] = taken
        return Case.opened(cause, by, hurt, self.tracks, self._places)

    def _ends(self, case: Case, at: datetime) -> bool:
        unrecovered = case.unrecovered(self._policy.close_after)
        if not unrecovered:
            case.recover((self.tracks[name] for name in case.incident.scenarios), at)
        elif self._planned is not None and unrecovered.isdisjoint(self._planned):
            case.abandon(at)
        else:
            return False
        del self.cases[case.incident.cause]
        return True

    def _forget(self) -> None:
        """Scenarios that nobody plays any more, and that no open incident has hit."""
        if self._planned is None:
            return
        hit = {scenario for case in self.cases.values() for scenario in case.incident.scenarios}
        for scenario in self.tracks.keys() - self._planned - hit:
            del self.tracks[scenario]
