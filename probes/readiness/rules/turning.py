"""What a turn may be, given what the integration was told: status, errors, the documented schema."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from probes.contract_shapes import REQUEST_SHAPES
from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.consent import Consent
from probes.readiness.rules.conversations import (
    Meaning,
    api_requests,
    field_of,
    is_turn,
    is_write,
    key_of,
    meaning_of,
    owners,
    reading_of,
    session_of,
    status_told,
    told_before,
    turns,
    writes,
)
from probes.readiness.rules.rule import Rule, advice, broken, kept, not_exercised
from probes.readiness.rules.telling import PAYING, counted, listed
from probes.readiness.words import RuleId, SituationName
from probes.redaction import bounded
from probes.words import ChatStatus, Operation

_ASKED = ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
_NEEDED_PLACES = frozenset({"actor", "actor.actorId", "sessionId"})
_PLAIN = "identity"
_CUT_BYTES = 1024 * 1024


def _new_turns(evidence: Evidence) -> Iterator[Seen]:
    """Turns that are no repeat: neither of one that failed, nor under a key that the session has used before."""
    repeats = reading_of(evidence).repeats
    used: set[tuple[str | None, str]] = set()
    for seen in turns(evidence):
        key = key_of(seen)
        known = key is not None and (session_of(seen), key) in used
        if key is not None:
            used.add((session_of(seen), key))
        if seen.number not in repeats and not known:
            yield seen


def _is_ours_to_tell(evidence: Evidence, seen: Seen, status: str | None) -> bool:
    """An error is `no_write_after_error`'s; of a session older than the audit nobody knows what was told."""
    return status != ChatStatus.ERROR and (status is not None or session_of(seen) in owners(evidence))


def _branch_on_status(evidence: Evidence) -> Ruling:
    early: list[tuple[Seen, str]] = []
    rightly = 0
    consent = Consent(evidence)
    for seen in _new_turns(evidence):
        status, meaning = told_before(evidence, seen).status, meaning_of(seen)
        if status == _ASKED:
            rightly += meaning in (Meaning.CONFIRM, Meaning.AGREE, Meaning.DECLINE) or writes(evidence, seen)
        elif consent.is_given(seen) and _is_ours_to_tell(evidence, seen, status):
            early.append((seen, bounded(status or "no status yet", 60)))
    if early:
        told = listed(status for _, status in early)
        return broken(
            f"{counted(len(early), 'payment')} confirmed while the last status told was not {_ASKED}: {told}",
            (seen for seen, _ in early),
        )
    if rightly:
        return kept(f"{counted(rightly, 'answer')} to the payment question, each when {_ASKED} had been told")
    return not_exercised(f"nothing was confirmed or declined, whether or not {_ASKED} was told")


def _writes_after_error(evidence: Evidence) -> Iterator[Seen]:
    """What a session booked may be cancelled all the same: that is no part of the flow that was halted."""
    booked = {session_of(seen) for seen in api_requests(evidence) if status_told(seen) == ChatStatus.BOOKED}
    consent = Consent(evidence)
    for seen in _new_turns(evidence):
        told = told_before(evidence, seen).status
        if told == ChatStatus.ERROR:
            meaning = meaning_of(seen)
            tidies = meaning is Meaning.CANCEL and session_of(seen) in booked
            if (is_write(seen) or consent.is_given(seen)) and not tidies:
                yield seen


def _no_write_after_error(evidence: Evidence) -> Ruling:
    wrong = list(_writes_after_error(evidence))
    if wrong:
        return broken(
            f"{counted(len(wrong), 'write action')} in a session that had been told {ChatStatus.ERROR}", wrong
        )
    told = sum(status_told(seen) == ChatStatus.ERROR for seen in api_requests(evidence))
    if told:
        return kept(f"{counted(told, 'answer')} told {ChatStatus.ERROR}, and no write action followed")
    return not_exercised(f"no answer told the status {ChatStatus.ERROR}")


@cache
def _validator(operation: Operation) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(REQUEST_SHAPES[operation])


def _place(path: list[str | int]) -> str:
    return "".join("[]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _problems(seen: Seen) -> Iterator[tuple[bool, str]]:
    """What is wrong with the body, and whether the documents forbid it or are only silent. Places, never values."""
    assert seen.operation is not None  # noqa: S101 - only requests to the API come here
    if seen.request_problem is not None:
        yield True, "the body is not JSON"
        return
    validator = _validator(seen.operation)
    errors = () if validator.is_valid(seen.request) else validator.iter_errors(seen.request)
    for error in errors:
        place = bounded(_place(list(error.instance_path)), 80)
        yield _problem(error, place)
    if is_turn(seen) and isinstance(seen.request, dict) and not (field_of(seen, "text") or field_of(seen, "kind")):
        yield True, "neither text nor kind"


def _problem(error: Any, place: str) -> tuple[bool, str]:
    match error.schema_path[-1] if error.schema_path else "":
        case "additionalProperties":
            names = ", ".join(sorted(map(str, error.kind.unexpected)))
            return False, f"undocumented in {place or 'the body'}: {bounded(names, 120)}"
        case "required":
            missing = f"{place}.{error.kind.property}".lstrip(".")
            return True, f"{missing} is missing"
        case _:
            empty = error.instance is None or error.instance == ""
            optional = empty and bool(place) and place not in _NEEDED_PLACES
            return not optional, f"{place or 'the body'} is {'empty' if empty else 'of another type'}"


def _can_be_judged(seen: Seen) -> bool:
    """Whether its schema can be judged: a body that names another content type is `content_type`'s.

    One that is packed, or cut because it is huge, may be in order all the same.
    """
    if seen.operation not in REQUEST_SHAPES:
        return False
    packed = (seen.header("content-encoding") or _PLAIN).lower() != _PLAIN
    foreign = "json" not in (seen.header("content-type") or "json").lower()
    return seen.request_problem is None or not (packed or foreign or len(seen.body) >= _CUT_BYTES)


def _request_schema(evidence: Evidence) -> Ruling:
    posts = [seen for seen in api_requests(evidence) if _can_be_judged(seen)]
    found = [(seen, problem) for seen in posts for problem in _problems(seen)]
    forbidden = {seen.number: seen for seen, (is_forbidden, _) in found if is_forbidden}
    if forbidden:
        told = listed(what for _, (is_forbidden, what) in found if is_forbidden)
        return broken(f"{counted(len(forbidden), 'request')} broke the documented schema: {told}", forbidden.values())
    unknown = {seen.number: seen for seen, _ in found}
    if unknown:
        told = listed(what for _, (_, what) in found)
        return advice(f"{counted(len(unknown), 'request')} held what no document names: {told}", unknown.values())
    if not posts:
        return not_exercised("no request with a JSON body was sent to the API")
    return kept(f"{counted(len(posts), 'request')} with a body as documented")


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.BRANCH_ON_STATUS,
        source="Always branch on data.result.status.",
        judge=_branch_on_status,
        exercised_by=(*PAYING, SituationName.DECLINE, SituationName.UNKNOWN_STATUS),
    ),
    Rule(
        rule=RuleId.NO_WRITE_AFTER_ERROR,
        source="Show fallback + stop write actions",
        judge=_no_write_after_error,
        exercised_by=(SituationName.DECLINE,),
    ),
    Rule(
        rule=RuleId.REQUEST_SCHEMA,
        source="Prefer OpenAPI schema for request shaping and validation",
        judge=_request_schema,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
)
