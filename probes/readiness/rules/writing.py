"""Idempotency keys, and what follows a write whose fate is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.conversations import (
    Action,
    chains,
    ended,
    has_write_kind,
    is_transient,
    key_of,
    reading_of,
    session_of,
    status_told,
    stories,
    succeeded,
    turns,
    writes,
)
from probes.readiness.rules.rule import Rule, advice, broken, kept, not_exercised
from probes.readiness.rules.telling import PAYING, counted
from probes.readiness.words import Lost, RuleId, SituationName
from probes.words import Operation

_NOTICED_LATE_SECONDS = 0.25
"""Within this a server notices that a client has gone away: until then its next request may have come already."""
_PART = re.compile(r"[^:\s]+")
_ACTION_AND_SEQUENCE = re.compile(r"[^:\s]+:[0-9]+")
_FAILING_WRITES = (
    SituationName.RATE_LIMITED,
    SituationName.RATE_LIMITED_BARE,
    SituationName.SERVER_ERROR_BEFORE,
    SituationName.SERVER_ERROR_AFTER,
    SituationName.LOST_ANSWER,
)


def _write_has_idempotency_key(evidence: Evidence) -> Ruling:
    kinds = [seen for seen in turns(evidence) if has_write_kind(seen)]
    bare = [seen for seen in kinds if key_of(seen) is None]
    if bare:
        return broken(f"{counted(len(bare), 'write kind')} sent without an idempotencyKey", bare)
    texts = [seen for seen in turns(evidence) if writes(evidence, seen) and not has_write_kind(seen)]
    keyless = [seen for seen in texts if key_of(seen) is None]
    if keyless:
        return advice(
            f"{counted(len(keyless), 'text')} confirmed a payment without an idempotencyKey: the guide allows it, but "
            "it could not be repeated safely",
            keyless,
        )
    if kinds or texts:
        return kept(f"{counted(len(kinds) + len(texts), 'write action')}, each with an idempotencyKey")
    return not_exercised("no write action was sent")


def _repeats(evidence: Evidence) -> Iterator[tuple[Seen, Seen, Seen]]:
    """A turn's first try, a try of it that failed for the moment or was lost, and the try that followed."""
    for chain in chains(evidence):
        if chain.tries[0].operation is Operation.SEND_EVENT:
            for before, after in chain.pairs:
                failed = is_transient(before) or before.lost is not None
                over = before.lost is Lost.BY_CLIENT or ended(before) <= after.began_seconds
                if failed and over:
                    yield chain.tries[0], before, after


def _same_key_on_retry(evidence: Evidence) -> Ruling:
    changed: list[Seen] = []
    changed_beside_writes: list[Seen] = []
    same = 0
    for first, before, after in _repeats(evidence):
        key, is_a_write = key_of(before), writes(evidence, first)
        if key == key_of(after) and key is not None:
            same += 1
        elif is_a_write:
            changed += [before, after]
        elif key is not None:
            changed_beside_writes += [before, after]
    if changed:
        return broken(
            f"{counted(len(changed) // 2, 'write action')} repeated without the key of the try before: each try may "
            "book",
            _once(changed),
        )
    if changed_beside_writes:
        return advice(
            f"{counted(len(changed_beside_writes) // 2, 'turn')} repeated under another key; none of them was a write",
            _once(changed_beside_writes),
        )
    if same:
        return kept(f"{counted(same, 'repeat')}, each with the key of the try before")
    return not_exercised("no turn with a key was repeated after 429, 5xx or a lost answer")


def _once(several: list[Seen]) -> list[Seen]:
    return list({seen.number: seen for seen in several}.values())


def _told_well(seen: Seen) -> bool:
    """Whether the integration had an answer that it could go on with."""
    return succeeded(seen) and status_told(seen) is not None


def _worn_keys(evidence: Evidence) -> Iterator[tuple[Seen, Seen]]:
    """Where a key was used first, and where for something else: another action, or the same one again after a success.

    In a course each situation is a world of its own, with its own keys.
    """
    actions = reading_of(evidence).actions
    first: dict[tuple[object, ...], tuple[Action, Seen]] = {}
    answered: dict[tuple[object, ...], Seen] = {}
    for seen in turns(evidence):
        key = seen.situation, seen.key_number, key_of(seen)
        if key_of(seen) is None:
            continue
        action, origin = first.setdefault(key, (actions[seen.number], seen))
        good = answered.get(key)
        if action != actions[seen.number]:
            yield origin, seen
        elif good is not None and (good.answered_seconds or 0.0) <= seen.began_seconds:
            yield good, seen
        if _told_well(seen):
            answered.setdefault(key, seen)


def _new_key_on_new_action(evidence: Evidence) -> Ruling:
    worn = list(_worn_keys(evidence))
    if worn:
        return broken(
            f"{counted(len(worn), 'new action')} under a key that an earlier one had used: the API may answer with "
            "what it said then",
            _once([seen for pair in worn for seen in pair]),
        )
    keys = {(seen.situation, key) for seen in turns(evidence) if (key := key_of(seen)) is not None}
    if len(keys) > 1:
        return kept(f"{len(keys)} actions with a key, each with one of its own")
    return not_exercised("fewer than two actions carried an idempotencyKey")


def _has_recommended_form(seen: Seen, key: str) -> bool:
    partner, _, rest = key.partition(f":{session_of(seen)}:")
    return bool(_PART.fullmatch(partner)) and bool(_ACTION_AND_SEQUENCE.fullmatch(rest))


def _key_form(evidence: Evidence) -> Ruling:
    keyed = [(seen, key) for seen in turns(evidence) if session_of(seen) and (key := key_of(seen)) is not None]
    if not keyed:
        return not_exercised("no turn carried an idempotencyKey")
    otherwise = [seen for seen, key in keyed if not _has_recommended_form(seen, key)]
    if otherwise:
        return advice(
            f"{counted(len(otherwise), 'key')} of another form than <partner>:<sessionId>:<action>:<sequence>, with "
            "the id of the very session",
            otherwise,
        )
    return kept(f"{counted(len(keyed), 'key')} of the recommended form")


def _after_lost_writes(evidence: Evidence) -> Iterator[tuple[Seen, Seen | None]]:
    """Each write whose answer was lost, and what came next about its session."""
    for story in stories(evidence).values():
        for at, seen in enumerate(story):
            if seen.lost is not None and writes(evidence, seen):
                since = ended(seen) - (_NOTICED_LATE_SECONDS if seen.lost is Lost.BY_CLIENT else 0.0)
                later = (story[place] for place in range(at + 1, len(story)))
                yield seen, next((other for other in later if other.began_seconds >= since), None)


def _snapshot_after_ambiguity(evidence: Evidence) -> Ruling:
    lost = list(_after_lost_writes(evidence))
    blind = [(seen, after) for seen, after in lost if after and after.operation is not Operation.GET_SESSION]
    if blind:
        return broken(
            f"the answer to {counted(len(blind), 'write')} was lost, and the next request about its session did "
            "not look what had become of it",
            _once([seen for pair in blind for seen in pair]),
        )
    looked = sum(after is not None for _, after in lost)
    if looked:
        return kept(f"the answer to {counted(looked, 'write')} was lost, and the session was read next")
    if lost:
        return not_exercised("the answer to a write was lost, and the integration ended without asking again")
    return not_exercised("no answer to a write was lost")


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.WRITE_HAS_IDEMPOTENCY_KEY,
        source="Never call write kinds without idempotencyKey",
        judge=_write_has_idempotency_key,
        exercised_by=PAYING,
    ),
    Rule(
        rule=RuleId.SAME_KEY_ON_RETRY,
        source="Keep the same idempotencyKey for retrying the same write action",
        judge=_same_key_on_retry,
        exercised_by=_FAILING_WRITES,
    ),
    Rule(
        rule=RuleId.NEW_KEY_ON_NEW_ACTION,
        source="Keep the same idempotencyKey for retrying the same write action",
        judge=_new_key_on_new_action,
        exercised_by=PAYING,
    ),
    Rule(
        rule=RuleId.KEY_FORM,
        source="<partner>:<sessionId>:<action>:<sequence>",
        judge=_key_form,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
    Rule(
        rule=RuleId.SNAPSHOT_AFTER_AMBIGUITY,
        source="Never assume booking completion without status=booked",
        judge=_snapshot_after_ambiguity,
        exercised_by=(SituationName.LOST_ANSWER,),
    ),
)
