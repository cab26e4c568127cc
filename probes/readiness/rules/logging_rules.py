"""What an integration's log shows: ids that were told, no key, and no booking before there was one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from probes.answers import event_statuses
from probes.readiness.evidence import Evidence, LogFacts, Ruling, Seen
from probes.readiness.log_reading import ids_told
from probes.readiness.rules.conversations import api_requests, is_turn, known_statuses
from probes.readiness.rules.rule import Rule, broken, kept, not_exercised
from probes.readiness.rules.telling import counted
from probes.readiness.rules.waiting import MOST_SHOWN
from probes.readiness.words import RuleId, SituationName
from probes.words import ChatStatus

_NO_LOG = "No log file was given (--log FILE)."
_MOST_LISTED = 10


def _claims_no_booking(evidence: Evidence) -> Ruling:
    log = evidence.log
    if log is None:
        return not_exercised(_NO_LOG)
    if not log.lines:
        return _empty(log)
    booked = {seen.situation for seen in api_requests(evidence) if _tells_booked(seen)}
    false = [(line, situation) for line, situation in log.claims if not _was_told(situation, booked)]
    if false:
        return broken(
            f"{log.name} claims a booking before any answer told one: {_lines(line for line, _ in false)}"
            + _where(situation for _, situation in false)
            + ".",
            _last_turns(evidence, {situation for _, situation in false}),
        )
    if ChatStatus.PAYMENT_CONFIRMATION_REQUIRED not in known_statuses(evidence):
        return not_exercised("It was never asked to confirm a payment, so that there was nothing to claim.")
    return kept(f"{log.name} claims no booking where none was told.")


def _tells_booked(seen: Seen) -> bool:
    if seen.answer is None or seen.answered_seconds is None:
        return False
    return ChatStatus.BOOKED in {seen.answer.chat_status, *event_statuses(seen.answer)}


def _was_told(situation: SituationName | None, booked: set[SituationName | None]) -> bool:
    """Whether a booking was told where the line was written; of a line of no known situation, anywhere."""
    return bool(booked) if situation is None else situation in booked


def _where(situations: Iterable[SituationName | None]) -> str:
    names = dict.fromkeys(situation.value for situation in situations if situation is not None)
    return f", in {', '.join(names)}" if names else ""


def _last_turns(evidence: Evidence, situations: set[SituationName | None]) -> Iterator[Seen]:
    """The last turn in each of these: after it, and whatever it was answered, the claim was made."""
    last = {seen.situation: seen for seen in api_requests(evidence) if is_turn(seen)}
    yield from (seen for situation, seen in last.items() if situation in situations or None in situations)


def _logs_ids(evidence: Evidence) -> Ruling:
    log = evidence.log
    if log is None:
        return not_exercised(_NO_LOG)
    if not log.lines:
        return _empty(log)
    told = [(seen, ids) for seen in api_requests(evidence) if (ids := ids_told(seen))]
    if not told:
        return not_exercised("No answer told a request id or a trace id.")
    lacking = [(seen, missing) for seen, ids in told if (missing := [each for each in ids if each not in log.ids])]
    if not lacking:
        return kept(f"{log.name} holds the request ids and trace ids of all {len(told)} answers.")
    if not log.whole:
        return not_exercised(f"{log.name} could not be read whole: what is missing in it proves nothing.")
    count = sum(len(missing) for _, missing in lacking)
    return broken(
        f"{log.name} lacks {count} of the {sum(len(ids) for _, ids in told)} ids that were told, "
        f"{lacking[0][1][0]} of #{lacking[0][0].number} first.",
        [seen for seen, _ in lacking[:MOST_SHOWN]],
    )


def _logs_no_secret(evidence: Evidence) -> Ruling:
    log = evidence.log
    if log is None:
        return not_exercised(_NO_LOG)
    if not log.lines:
        return _empty(log)
    if log.secret_lines:
        return broken(f"{log.name} holds the partner key: {_lines(log.secret_lines)}; take it out, and get a new one.")
    if all(seen.key_number is None for seen in api_requests(evidence)):
        return not_exercised("No request carried a key.")
    return kept(f"The partner key is in none of the {counted(log.lines, 'line')} that {log.name} grew by.")


def _empty(log: LogFacts) -> Ruling:
    return not_exercised(f"Nothing was added to {log.name}: is it the file that the integration logs into?")


def _lines(numbers: Iterable[int]) -> str:
    """`lines 3, 7 and 2 more`, counted from the audit's beginning."""
    known = list(dict.fromkeys(numbers))
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    what = "line" if len(known) == 1 else "lines"
    return f"{what} {', '.join(map(str, known[:_MOST_LISTED]))}{more} of what was added to it"


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED,
        source="Never assume booking completion without status=booked",
        judge=_claims_no_booking,
        exercised_by=(
            SituationName.NORMAL_BOOKING,
            SituationName.DECLINE,
            SituationName.SERVER_ERROR_BEFORE,
            SituationName.LOST_ANSWER,
        ),
        attested=True,
    ),
    Rule(
        rule=RuleId.LOGS_IDS,
        source="Always propagate requestId and traceId into logs",
        judge=_logs_ids,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
    Rule(
        rule=RuleId.LOGS_NO_SECRET,
        source="Keep partner API keys server-side only",
        judge=_logs_no_secret,
        exercised_by=(SituationName.NORMAL_BOOKING,),
    ),
)
