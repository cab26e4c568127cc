"""An open incident while it is reckoned: how it begins, goes on and ends."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from alerts.places import Places
from alerts.tracks import GoodRun, Seen, Track
from probes.incident import Cause, Hit, Incident, Verdict
from probes.words import Blame, Ended

_ID_CHARACTERS = 26


def incident_id(cause: Cause, location: str, first_failed_run_id: str) -> str:
    """26 characters of a-z and 2-7 that follow from what an incident is about: reckoned again, it is the same."""
    named = "\0".join((location, cause.target, cause.kind, cause.operation or "", first_failed_run_id))
    return b32encode(hashlib.sha256(named.encode("utf-8", "replace")).digest()).decode().lower()[:_ID_CHARACTERS]


def whose(blames: Mapping[Blame, int]) -> Blame:
    """Who has to act, by the most frequent blame; a tie is `api`, unless the monitor has a part in it."""
    most = max(blames.values(), default=0)
    first = [blame for blame, count in blames.items() if count == most]
    if Blame.MONITOR in first:
        return Blame.MONITOR
    return first[0] if len(first) == 1 else Blame.API


class Case:
    """An open incident, and how often each was blamed for it."""

    __slots__ = ("blames", "incident")

    def __init__(self, incident: Incident, blames: Mapping[Blame, int]) -> None:
        self.incident = incident
        self.blames = Counter(blames)

    @classmethod
    def opened(
        cls,
        cause: Cause,
        by: Verdict,
        hurt: Mapping[str, tuple[Seen, ...]],
        tracks: Mapping[str, Track],
        places: Places,
    ) -> Case:
        """One that this run opens, with the runs that it has hurt so far, by scenario."""
        runs = [seen for each in hurt.values() for seen in each]
        first = min(runs, key=lambda seen: (seen.started_at, seen.run_id))
        last = max(runs, key=lambda seen: (seen.ended_at, seen.run_id))
        good = _last_good(first, hurt.values())
        blames = Counter(seen.blame for seen in runs if seen.blame is not None)
        incident = Incident(
            incident_id=incident_id(cause, places.location, first.run_id),
            cause=cause,
            blame=whose(blames),
            environment=places.environment(cause.target),
            location=places.location,
            hits=tuple(_hit(cause.target, name, hurt[name], tracks[name], places) for name in sorted(hurt)),
            first_failed_run_id=first.run_id,
            first_failed_at=first.started_at,
            detected_run_id=by.run_id,
            detected_at=by.ended_at,
            last_failed_run_id=last.run_id,
            last_failed_at=last.ended_at,
            last_good_run_id=None if good is None else good.run_id,
            last_good_at=None if good is None else good.ended_at,
            detected_blame=whose(blames),
        )
        return cls(incident, blames)

    def hit(self, scenario: str) -> Hit | None:
        """What it did to this scenario, if it did."""
        return next((hit for hit in self.incident.hits if hit.scenario == scenario), None)

    def fail(self, verdict: Verdict, track: Track, places: Places) -> None:
        """Another run of its cause, of a scenario that it has hit before or not."""
        before = self.hit(verdict.scenario)
        if before is None:
            seen = (track.window[-1],)
            hit = _hit(verdict.target, verdict.scenario, seen, track, places)
        else:
            hit = replace(_streak(before, track), failed_runs=before.failed_runs + 1, last_failed_at=verdict.ended_at)
        if verdict.blame is not None:
            self.blames[verdict.blame] += 1
        self._put(hit)
        self.incident = replace(
            self.incident,
            blame=whose(self.blames),
            last_failed_run_id=verdict.run_id,
            last_failed_at=verdict.ended_at,
        )

    def note(self, scenario: str, track: Track) -> bool:
        """How long a scenario that it hit has been good now; whether that is news."""
        before = self.hit(scenario)
        after = None if before is None else _streak(before, track)
        if after is None or after == before:
            return False
        self._put(after)
        return True

    def unrecovered(self, close_after: int) -> frozenset[str]:
        """The scenarios that it hit and that were not good for so many runs in a row since."""
        return frozenset(hit.scenario for hit in self.incident.hits if hit.good_in_a_row < close_after)

    def recover(self, tracks: Iterable[Track], at: datetime) -> None:
        """It is over: the last of these scenarios to be good again was so by this run."""
        good = max((track.since for track in tracks if track.since is not None), key=lambda each: each.ended_at)
        self.incident = replace(
            self.incident,
            recovered_run_id=good.run_id,
            recovered_at=good.ended_at,
            closed_at=at,
            ended=Ended.RECOVERED,
        )

    def abandon(self, at: datetime) -> None:
        """Nobody plays what is still hit: how it went on is not known."""
        self.incident = replace(self.incident, closed_at=at, ended=Ended.UNPLANNED)

    def _put(self, hit: Hit) -> None:
        others = [each for each in self.incident.hits if each.scenario != hit.scenario]
        hits = sorted((*others, hit), key=lambda each: each.scenario)
        self.incident = replace(self.incident, hits=tuple(hits))


def _hit(target: str, scenario: str, seen: tuple[Seen, ...], track: Track, places: Places) -> Hit:
    plan = places.plan(target, scenario)
    hit = Hit(
        scenario=scenario,
        failed_runs=len(seen),
        first_failed_at=seen[0].started_at,
        last_failed_at=seen[-1].ended_at,
        every_seconds=plan.every_seconds,
        availability=plan.availability,
    )
    return _streak(hit, track)


def _streak(hit: Hit, track: Track) -> Hit:
    good_since = None if track.since is None else track.since.ended_at
    return replace(hit, good_in_a_row=track.in_a_row, good_since=good_since)


def _last_good(first: Seen, hurt: Iterable[tuple[Seen, ...]]) -> GoodRun | None:
    """Of the good runs before each scenario's first failure, the last that was over when the first failed run began."""
    good = [seen[0].good_before for seen in hurt]
    before = [each for each in good if each is not None and each.ended_at <= first.started_at]
    return max(before, key=lambda each: (each.ended_at, each.run_id), default=None)
