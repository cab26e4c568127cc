"""Whether an integration gives the API time: back-off, jitter, and what `retry-after` asks for."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.conversations import action_of, api_requests, chains, is_turn, session_of
from probes.readiness.rules.rule import Rule, broken, kept, not_exercised
from probes.readiness.rules.telling import counted
from probes.readiness.rules.waiting import Wait, shown, waits, waits_of
from probes.readiness.words import RuleId, SituationName

_TOLERANCE_SECONDS = 0.05
_NO_WAIT_SECONDS = 0.05
_USUAL_FIRST_SECONDS = 0.1  # the shortest usual base of a back-off: with full jitter, any wait up to that may come
_HARDLY_EVER = 0.02
_SAME_SHARE, _SAME_SECONDS = 0.03, 0.02  # as far apart as sleeping and sending make waits that are meant to be the same
_FEWEST_SAME, _FEWEST_SAME_FIRST = 3, 5
_MOST_REPEATS = 10


def _backs_off(evidence: Evidence) -> Ruling:
    endless = [each for chain in chains(evidence) if len(each := tuple(waits_of(chain))) > _MOST_REPEATS]
    if endless:
        most = max(len(each) for each in endless)
        return broken(f"One request was sent again {most} times: stop after a few.", shown(map(_pair, endless[0])))
    chosen = [wait for wait in waits(evidence) if not wait.was_asked_for]
    if not chosen:
        return not_exercised("No 5xx, and no 429 without retry-after, was followed by another try.")
    return _judged(chosen)


def _judged(chosen: Sequence[Wait]) -> Ruling:
    shortest, longest = min(wait.seconds for wait in chosen), max(wait.seconds for wait in chosen)
    if _too_short(chosen):
        return broken(
            f"{_tries(chosen)}, none later than after {longest:.3f} s: that is no back-off.",
            shown(map(_pair, chosen)),
        )
    if _all_the_same(chosen):
        return broken(
            f"{_tries(chosen)}, always after {longest:.2f} s: exponential back-off with jitter has no two waits alike.",
            shown(map(_pair, chosen)),
        )
    if longest < _NO_WAIT_SECONDS:
        return not_exercised(
            f"{_tries(chosen)}, after {longest:.3f} s at most: too few to tell, since jitter may give such waits."
        )
    if len(chosen) == 1:
        return kept(f"One wait was seen, of {longest:.2f} s.")
    return kept(f"{len(chosen)} waits were seen, from {shortest:.2f} s to {longest:.2f} s.")


def _tries(chosen: Sequence[Wait]) -> str:
    return f"{len(chosen)} further tries" if len(chosen) > 1 else "One further try"


def _pair(wait: Wait) -> tuple[Seen, Seen]:
    return wait.first, wait.again


def _too_short(chosen: Sequence[Wait]) -> bool:
    """Whether back-off with full jitter, from the shortest usual base on, would hardly ever give such waits."""
    longest = max(wait.seconds for wait in chosen)
    chances = (longest / (_USUAL_FIRST_SECONDS * 2.0 ** (wait.nth - 1)) for wait in chosen)
    return len(chosen) > 1 and longest < _NO_WAIT_SECONDS and math.prod(chances) < _HARDLY_EVER


def _all_the_same(chosen: Sequence[Wait]) -> bool:
    """Whether they are alike, and full jitter would hardly ever make them so.

    First waits alone say nothing of exponential growth, only of jitter, which may be small: more of them are needed.
    """
    longest = max(wait.seconds for wait in chosen)
    near = max(_SAME_SECONDS, _SAME_SHARE * longest)
    if longest - min(wait.seconds for wait in chosen) > near:
        return False
    fewest = _FEWEST_SAME if any(wait.nth > 1 for wait in chosen) else _FEWEST_SAME_FIRST
    return len(chosen) >= fewest and (near / longest) ** (len(chosen) - 1) < _HARDLY_EVER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Requests of one kind in order of their begin."""

    requests: list[Seen]
    begins: list[float]

    def after(self, moment: float) -> Seen | None:
        index = bisect_left(self.begins, moment)
        return self.requests[index] if index < len(self.requests) else None


def _honours_retry_after(evidence: Evidence) -> Ruling:
    asked = [(seen, seconds) for seen in api_requests(evidence) if (seconds := _asked_to_wait(seen)) > 0]
    lines = _lines(api_requests(evidence)) if asked else {}
    pairs = [(seen, seconds, follower) for seen, seconds in asked if (follower := _follower(seen, lines)) is not None]
    early = [
        (seen, seconds, follower)
        for seen, seconds, follower in pairs
        if follower.began_seconds < (seen.answered_seconds or 0) + seconds - _TOLERANCE_SECONDS
    ]
    if early:
        seen, seconds, follower = early[0]
        waited = follower.began_seconds - (seen.answered_seconds or 0)
        return broken(
            f"#{seen.number} asked to wait {seconds:g} s, and #{follower.number} came after {waited:.2f} s: "
            f"{len(early)} of {counted(len(pairs), 'wait')} too short.",
            shown((seen, follower) for seen, _, follower in early),
        )
    if pairs:
        return kept(f"{counted(len(pairs), 'wait')}, each as long as retry-after asked.")
    if asked:
        return not_exercised("A retry-after was told, and nothing was sent after it.")
    return not_exercised("No 429 with retry-after was told.")


def _asked_to_wait(seen: Seen) -> float:
    if seen.status_code != 429 or seen.answer is None:
        return 0.0
    return seen.answer.retry_after_seconds or 0.0


def _lines(requests: Iterable[Seen]) -> dict[object, _Line]:
    """All requests by what they ask for, and all turns by session."""
    found: dict[object, _Line] = {}
    for seen in sorted(requests, key=lambda seen: seen.began_seconds):
        for name in _names(seen):
            line = found.setdefault(name, _Line(requests=[], begins=[]))
            line.requests.append(seen)
            line.begins.append(seen.began_seconds)
    return found


def _names(seen: Seen) -> tuple[object, ...]:
    return (action_of(seen), (seen.situation, session_of(seen))) if is_turn(seen) else (action_of(seen),)


def _follower(seen: Seen, lines: dict[object, _Line]) -> Seen | None:
    """The next request for the same, or the next turn of its session, begun after its answer."""
    moment = seen.answered_seconds
    if moment is None:
        return None
    followers = (lines[name].after(moment) for name in _names(seen))
    return min((each for each in followers if each is not None), key=lambda each: each.began_seconds, default=None)


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.RETRY_BACKOFF,
        source="Use exponential backoff + jitter",
        judge=_backs_off,
        exercised_by=(
            SituationName.RATE_LIMITED_BARE,
            SituationName.SERVER_ERROR_BEFORE,
            SituationName.SERVER_ERROR_AFTER,
        ),
    ),
    Rule(
        rule=RuleId.HONOURS_RETRY_AFTER,
        source="429: honour `retry-after` where it is sent, then exponential backoff with jitter.",
        judge=_honours_retry_after,
        exercised_by=(SituationName.RATE_LIMITED,),
    ),
)
