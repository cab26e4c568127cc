"""What is sent again, and what is not: only 429 and 5xx, those for sure, and nothing once the key is refused."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain as in_a_row

from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules import backing_off
from probes.readiness.rules.consent import was_command
from probes.readiness.rules.conversations import (
    Chain,
    action_of,
    actor_of,
    api_requests,
    chains,
    is_transient,
    key_of,
    owners,
    session_of,
    stories,
    writes,
)
from probes.readiness.rules.rule import Rule, broken, kept, not_exercised
from probes.readiness.rules.telling import counted
from probes.readiness.rules.waiting import STARTED_ANEW_SECONDS, gap, shown, waits_of
from probes.readiness.words import AuditKind, RuleId, SituationName
from probes.words import Operation

_SOON_SECONDS = 60.0  # what is sent later may be a person's own doing
_HEARD_SECONDS = 1.0  # until all parts of an integration can know that the key was refused to one of them
_KEY_REFUSED = frozenset({401, 403})
_OTHERS_RULES = frozenset({*_KEY_REFUSED, 408, 425, 429})  # 408 and 425 ask for a repeat by their own definition


def _retries_only_transient(evidence: Evidence) -> Ruling:
    refused = [seen for seen in api_requests(evidence) if _is_refused(seen)]
    if not refused:
        return not_exercised("No request was refused with 400, 404 or 409.")
    blind = [pair for chain in chains(evidence) for pair in chain.pairs if _is_blind(*pair)]
    if blind:
        first, again = blind[0]
        return broken(
            f"#{again.number} sends again what #{first.number} was refused with {first.status_code}: "
            f"{counted(len(blind), 'blind repeat')}.",
            shown(blind),
        )
    codes = ", ".join(str(code) for code in sorted({seen.status_code or 0 for seen in refused}))
    return kept(f"{counted(len(refused), 'request')} refused with {codes}, none sent again as it was.")


def _is_refused(seen: Seen) -> bool:
    code = seen.status_code
    return code is not None and 400 <= code < 500 and code not in _OTHERS_RULES


def _is_blind(first: Seen, again: Seen) -> bool:
    """Whether a refused request came again soon and unmended."""
    waited = gap(first, again)
    if not _is_refused(first) or waited is None or waited > _SOON_SECONDS:
        return False
    mended = key_of(first) is None and key_of(again) is not None
    return not mended and first.header("content-type") == again.header("content-type")


def _retries_transient(evidence: Evidence) -> Ruling:
    retried = [chain for chain in chains(evidence) if any(True for _ in waits_of(chain))]
    dropped = [chain.tries[0] for chain in chains(evidence) if _is_dropped(evidence, chain)]
    if dropped:
        first = dropped[0]
        return broken(
            f"#{first.number} was answered {first.status_code} and never tried again: "
            f"{counted(len(dropped), 'such request')}.",
            shown((seen,) for seen in dropped),
        )
    if retried:
        return kept(f"{counted(len(retried), 'request')} answered 429 or 5xx, each tried again.")
    return not_exercised("No request was answered 429 or 5xx so that it asked for another try.")


def _is_dropped(evidence: Evidence, chain: Chain) -> bool:
    """Whether it was given up at once, although there was time.

    A snapshot that can't be read harms nobody; and after a 5xx to a write it is right to look first.
    """
    only = chain.tries[0]
    if len(chain.tries) > 1 or not is_transient(only) or only.operation is Operation.GET_SESSION:
        return False
    if writes(evidence, only) and only.status_code != 429 and _was_looked_after(evidence, only):
        return False
    return _had_time(evidence, only)


def _was_looked_after(evidence: Evidence, write: Seen) -> bool:
    story = stories(evidence).get(session_of(write) or "", ())
    return any(seen.operation is Operation.GET_SESSION and gap(write, seen) is not None for seen in story)


def _had_time(evidence: Evidence, seen: Seen) -> bool:
    """Whether the integration ended by itself after this answer, or a minute and what it was asked to wait passed."""
    run = next((run for run in evidence.situations if run.situation is seen.situation), None)
    if run is not None and was_command(run):
        return not run.timed_out
    asked = seen.answer.retry_after_seconds if seen.answer is not None else None
    last = evidence.exchanges[-1].began_seconds
    return last - (seen.answered_seconds or last) > _SOON_SECONDS + (asked or 0.0)


def _stops(evidence: Evidence) -> Ruling:
    refusals = [seen for seen in api_requests(evidence) if seen.status_code in _KEY_REFUSED]
    if not refusals:
        return not_exercised("No request was answered 401 or 403.")
    commands = {run.situation for run in evidence.situations if was_command(run)}
    ongoing = list(in_a_row.from_iterable(_gone_on(group, evidence, commands) for group in _by_key(evidence)))
    if ongoing:
        refusal, later = ongoing[0]
        return broken(
            f"#{refusal.number} was told {refusal.status_code}, and #{later.number} was sent with the same key "
            f"all the same: {counted(len(ongoing), 'such request')}.",
            shown(ongoing),
        )
    return kept(f"{counted(len(refusals), 'answer')} 401 or 403, and nothing more was sent by whoever was told so.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyStory:
    """What was sent with one key in one situation, and which answers said in which order whether the key is good."""

    requests: tuple[Seen, ...]
    telling: tuple[Seen, ...]
    moments: tuple[float, ...]


def _by_key(evidence: Evidence) -> Iterator[_KeyStory]:
    groups: dict[object, list[Seen]] = {}
    for seen in api_requests(evidence):
        groups.setdefault((seen.situation, seen.key_number), []).append(seen)
    for group in groups.values():
        telling = sorted(filter(_tells_of_the_key, group), key=_answered)
        if any(seen.status_code in _KEY_REFUSED for seen in telling):
            yield _KeyStory(
                requests=tuple(group), telling=tuple(telling), moments=tuple(_answered(seen) for seen in telling)
            )


def _tells_of_the_key(seen: Seen) -> bool:
    """Whether it was answered past the gate, or refused at it; who is limited or met an outage knows nothing."""
    return seen.status_code is not None and seen.status_code < 500 and seen.status_code != 429


def _answered(seen: Seen) -> float:
    return seen.answered_seconds or 0.0


def _gone_on(story: _KeyStory, evidence: Evidence, commands: Iterable[object]) -> Iterator[tuple[Seen, Seen]]:
    for seen in story.requests:
        index = bisect_right(story.moments, seen.began_seconds)
        while index and story.telling[index - 1].status_code in _KEY_REFUSED:
            refusal = story.telling[index - 1]
            waited = seen.began_seconds - _answered(refusal)
            if waited > _SOON_SECONDS:
                break
            if _should_know(seen, refusal, waited, evidence, alone=seen.situation in commands):
                yield refusal, seen
                break
            index -= 1


def _should_know(seen: Seen, refusal: Seen, waited: float, evidence: Evidence, *, alone: bool) -> bool:
    """Whether who sent this was told so before.

    After a 401 another header style is a try to mend it. Of another conversation only a command alone in its situation
    knows at once, unless it acts for several people side by side: the parts of a service need a moment. Against the
    stand-in that serves many, another conversation is another's, and so is a creation that comes again: whoever was
    refused one was started anew.
    """
    if refusal.status_code == 401 and seen.key_styles != refusal.key_styles:
        return False
    if alone:
        return waited >= _HEARD_SECONDS or not _for_another(seen, refusal, evidence)
    if evidence.kind is AuditKind.PROXY:
        return waited >= _HEARD_SECONDS or _same_conversation(seen, refusal)
    anew = seen.operation is Operation.CREATE_SESSION and waited >= STARTED_ANEW_SECONDS
    return _same_conversation(seen, refusal) and not anew


def _for_another(seen: Seen, other: Seen, evidence: Evidence) -> bool:
    """Whether the two are known to be of two people."""
    one, two = (actor_of(each) or owners(evidence).get(session_of(each) or "") for each in (seen, other))
    return None not in (one, two) and one != two


def _same_conversation(seen: Seen, other: Seen) -> bool:
    session = session_of(seen)
    return (session is not None and session == session_of(other)) or action_of(seen) == action_of(other)


RULES: tuple[Rule, ...] = (
    *backing_off.RULES,
    Rule(
        rule=RuleId.RETRY_ONLY_429_5XX,
        source="Retry only 429 and 5xx",
        judge=_retries_only_transient,
        exercised_by=(
            SituationName.INVALID_REQUEST,
            SituationName.SESSION_NOT_FOUND,
            SituationName.ACTOR_MISMATCH,
        ),
    ),
    Rule(
        rule=RuleId.STOPS_ON_401_403,
        source="stop calls on 401/403 (a key problem)",
        judge=_stops,
        exercised_by=(SituationName.AUTH_MISSING, SituationName.AUTH_REJECTED),
    ),
    Rule(
        rule=RuleId.RETRIES_TRANSIENT,
        source="Implement retry + idempotency policy",
        judge=_retries_transient,
        exercised_by=(
            SituationName.RATE_LIMITED,
            SituationName.RATE_LIMITED_BARE,
            SituationName.SERVER_ERROR_BEFORE,
        ),
    ),
)
