"""Sessions and their actors, and turns one after the other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.conversations import (
    actor_of,
    api_requests,
    is_turn,
    owners,
    session_of,
    status_told,
    stories,
    succeeded,
)
from probes.readiness.rules.rule import Rule, advice, broken, kept, not_exercised
from probes.readiness.rules.telling import counted
from probes.readiness.words import Lost, RuleId, SituationName
from probes.words import ChatStatus, Operation

_SESSION_LIVES_SECONDS = 30 * 60.0
_TERMINAL = frozenset({ChatStatus.BOOKED, ChatStatus.ERROR})
_COMMAND_RUNS = (SituationName.NORMAL_BOOKING, SituationName.DECLINE, SituationName.SESSION_NOT_FOUND)

Scope = SituationName | None


def _is_creation(seen: Seen) -> bool:
    return seen.operation is Operation.CREATE_SESSION


def _strangers(evidence: Evidence) -> Iterator[tuple[Seen, Seen]]:
    """Each session's first naming of an actor, with the first that names another."""
    for story in stories(evidence).values():
        naming = [seen for seen in story if actor_of(seen) is not None]
        other = next((seen for seen in naming if actor_of(seen) != actor_of(naming[0])), None)
        if other is not None:
            yield naming[0], other


def _session_per_actor(evidence: Evidence) -> Ruling:
    shared = list(_strangers(evidence))
    if shared:
        return broken(
            f"{counted(len(shared), 'session')} served two actors: created or used for one, then used for another",
            sorted({seen.number: seen for pair in shared for seen in pair}.values(), key=lambda seen: seen.number),
        )
    doubled = list(_opened_beside_a_living_one(evidence))
    if doubled:
        return advice(
            f"{counted(len(doubled), 'new session')} for an actor whose older session could still be used: "
            "keep the sessionId by actorId, and use it on",
            (seen for pair in doubled for seen in pair),
        )
    named = sum(actor_of(seen) is not None for seen in api_requests(evidence) if is_turn(seen))
    if named:
        return kept(f"{counted(named, 'turn')} named the actor, each the session's own")
    served = _actors_served(evidence)
    if len(served) > 1:
        return kept(f"{len(served)} actors, each with sessions of their own")
    return not_exercised("only one actor was served, and no turn named it: a second actor would show it")


def _actors_served(evidence: Evidence) -> set[str]:
    """The actors whose sessions had turns."""
    used = {session for session, story in stories(evidence).items() if any(map(is_turn, story))}
    return {actor for session, actor in owners(evidence).items() if session in used}


def _opened_beside_a_living_one(evidence: Evidence) -> Iterator[tuple[Seen, Seen]]:
    """Each creation that was needless, after the last exchange of the older session that still lived."""
    latest: dict[tuple[Scope, int | None, str], str] = {}
    for seen in api_requests(evidence):
        session, actor = session_of(seen), actor_of(seen)
        if not _is_creation(seen) or session is None or actor is None:
            continue
        whose = seen.situation, seen.key_number, actor
        older = latest.get(whose)
        if older not in (None, session) and (sign := _sign_of_life(stories(evidence)[older], seen)):
            yield sign, seen
        latest[whose] = session


def _sign_of_life(story: Iterable[Seen], creation: Seen) -> Seen | None:
    """The last exchange of a session before another one was created, if nothing speaks against using it on.

    After a refusal or a lost answer, starting afresh is sensible.
    """
    before = [seen for seen in story if seen.began_seconds < creation.began_seconds]
    last = before[-1] if before else None
    if last is None or not succeeded(last) or (last.answered_seconds or math.inf) > creation.began_seconds:
        return None
    told = next((status for seen in reversed(before) if (status := status_told(seen))), None)
    recent = creation.began_seconds - last.began_seconds < _SESSION_LIVES_SECONDS
    return last if recent and told not in _TERMINAL else None


def _actors_by_scope(evidence: Evidence) -> Mapping[Scope, Mapping[str, list[Seen]]]:
    """For which actors sessions were asked for, situation by situation, in order."""
    found: dict[Scope, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for seen in api_requests(evidence):
        actor = actor_of(seen)
        if _is_creation(seen) and actor is not None:
            found[seen.situation][actor].append(seen)
    return found


def _renamed(evidence: Evidence) -> tuple[Seen, Seen] | None:
    """A lost session (404), and the creation that went on under another name.

    A client may act for many people: only one that never does so (two actors in that situation, the second in place of
    the first, and no situation with more than one but that) has changed the name of the one whom it serves.
    """
    by_scope = _actors_by_scope(evidence)
    for scope, actors in by_scope.items():
        alone = all(len(others) == 1 for other, others in by_scope.items() if other is not scope)
        if len(actors) == 2 and alone:
            first, second = actors.values()
            lost = _lost_between(evidence, first, second[0])
            if lost is not None:
                return lost, second[0]
    return None


def _lost_between(evidence: Evidence, first: Iterable[Seen], successor: Seen) -> Seen | None:
    """The 404 of one of these sessions before the successor's, after which the first actor never came again."""
    asked = {seen.number for seen in first}
    opened = {session_of(seen) for seen in first} - {None}
    theirs = [seen for seen in api_requests(evidence) if seen.number in asked or session_of(seen) in opened]
    lost = [seen for seen in theirs if seen.status_code == 404 and (seen.ended_seconds or 0) <= successor.began_seconds]
    returned = any(seen.began_seconds > successor.began_seconds for seen in theirs)
    return None if returned or not lost else lost[-1]


def _actor_id_stable(evidence: Evidence) -> Ruling:
    renamed = _renamed(evidence)
    if renamed is not None:
        return broken("after a session was not found, the same conversation went on under another actorId", renamed)
    opened: dict[str, int] = defaultdict(int)
    for seen in api_requests(evidence):
        actor = actor_of(seen)
        if _is_creation(seen) and succeeded(seen) and actor is not None:
            opened[actor] += 1
    again = sum(count > 1 for count in opened.values())
    if again:
        return kept(f"{counted(again, 'actor')} opened another session under the same actorId")
    return not_exercised("no actor opened a second session, so nothing shows whether its id stays the same")


def _overlaps(story: Iterable[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Turns that began before an earlier one of the session was over; one that the client gave up is over."""
    longest: Seen | None = None
    until = -math.inf
    for seen in sorted(filter(is_turn, story), key=lambda turn: turn.began_seconds):
        if longest is not None and seen.began_seconds < until:
            yield longest, seen
        end = math.inf if seen.ended_seconds is None else seen.ended_seconds
        if end > until and seen.lost is not Lost.BY_CLIENT:
            longest, until = seen, end


def _turns_in_order(evidence: Evidence) -> Ruling:
    overlapping = [pair for story in stories(evidence).values() for pair in _overlaps(story)]
    if overlapping:
        involved = {seen.number: seen for pair in overlapping for seen in pair}
        return broken(
            f"{counted(len(overlapping), 'turn')} began while an earlier turn of that session was still unanswered",
            (involved[number] for number in sorted(involved)),
        )
    several = sum(sum(map(is_turn, story)) > 1 for story in stories(evidence).values())
    if several:
        return kept(f"{counted(several, 'session')} with several turns, one at a time")
    return not_exercised("no session had a second turn")


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.SESSION_PER_ACTOR,
        source="Never reuse one session across different actors",
        judge=_session_per_actor,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
    Rule(
        rule=RuleId.ACTOR_ID_STABLE,
        source="actor.actorId: stable partner-side end-user ID",
        judge=_actor_id_stable,
        exercised_by=_COMMAND_RUNS,
    ),
    Rule(
        rule=RuleId.TURNS_IN_ORDER,
        source="Send one user turn or explicit action event to an existing session.",
        judge=_turns_in_order,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
)
