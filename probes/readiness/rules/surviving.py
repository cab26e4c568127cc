"""What must not throw an integration off: any known status, an unknown one, artifacts that are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from probes.errors import ValueMissingError
from probes.readiness.evidence import Evidence, Ruling, Seen, SituationRun
from probes.readiness.rules import logging_rules
from probes.readiness.rules.conversations import (
    Meaning,
    api_requests,
    is_turn,
    is_write,
    meaning_of,
    status_told,
    stories,
)
from probes.readiness.rules.rule import Rule, broken, kept, not_exercised
from probes.readiness.rules.telling import counted
from probes.readiness.rules.waiting import gap, shown
from probes.readiness.words import RuleId, SituationName
from probes.templates import dig
from probes.words import ChatStatus

_UNTROUBLED = (
    SituationName.NORMAL_BOOKING,
    SituationName.DONE_BEFORE_CARD,
    SituationName.SAVED_CARD,
    SituationName.DECLINE,
)
_LAST = frozenset({ChatStatus.BOOKED, ChatStatus.ERROR})
_KEY_ARTIFACTS: Mapping[str, str] = {
    ChatStatus.SHORTLIST: "shortlist",
    ChatStatus.PAYMENT_SETUP_REQUIRED: "payment.setupUrl",
    ChatStatus.PAYMENT_CONFIRMATION_REQUIRED: "payment",
    ChatStatus.BOOKED: "booking",
}
_HARMLESS = frozenset({Meaning.CANCEL, Meaning.DECLINE})


def _handles_every_status(evidence: Evidence) -> Ruling:
    fallen = [(run, last) for run in evidence.situations if (last := _fell_over(evidence, run)) is not None]
    if fallen:
        run, last = fallen[0]
        return broken(
            f"In {run.situation} it ended with exit code {run.exit_code} right after #{last.number} told "
            f"{status_told(last)}, and no error had been shown to it.",
            [seen for _, seen in fallen],
        )
    told = {status for seen in api_requests(evidence) if is_turn(seen) and (status := status_told(seen))}
    handled = {status for story in stories(evidence).values() for status in _handled(story)}
    untold = [status.value for status in ChatStatus if status not in told]
    left = [status.value for status in ChatStatus if status in told and status not in handled]
    if not untold and not left:
        return kept("All six statuses were told, and it went on after each.")
    said = [f"Never told: {', '.join(untold)}."] if untold else []
    said += [f"Told, and nothing followed: {', '.join(left)}."] if left else []
    return not_exercised(" ".join(said))


def _fell_over(evidence: Evidence, run: SituationRun) -> Seen | None:
    """The answer after which its command failed, where that answer was a known status and all had been well."""
    if run.situation not in _UNTROUBLED or run.exit_code in {None, 0}:
        return None
    seen = _of(evidence, run.situation)
    if not seen or not _was_spared(seen):
        return None
    last = seen[-1]
    known = status_told(last) in set(ChatStatus) and status_told(last) != ChatStatus.ERROR
    return last if known else None


def _of(evidence: Evidence, situation: SituationName) -> list[Seen]:
    return [seen for seen in api_requests(evidence) if seen.situation is situation]


def _was_spared(seen: Sequence[Seen]) -> bool:
    """Whether no error at all was shown to it: whoever exits non-zero after one is judged by what it sent."""
    return all(each.status_code is not None and 200 <= each.status_code < 300 for each in seen)


def _handled(story: Sequence[Seen]) -> Iterator[str]:
    """The statuses of one session after which it went on with another turn, or had nothing left to do."""
    turns = [seen for seen in story if is_turn(seen)]
    for seen, later in pairwise([*turns, None]):
        status = status_told(seen) if seen is not None else None
        if status is not None and (status in _LAST or (later is not None and seen is not None)):
            yield status


def _survives_unknown_status(evidence: Evidence) -> Ruling:
    followed = list(_after_unknown(evidence))
    wrong = [(told, later) for told, later in followed if later is not None and _books(later)]
    if wrong:
        told, later = wrong[0]
        return broken(
            f"#{told.number} told a status that no document knows, and #{later.number} wrote after it all the same.",
            shown(wrong),
        )
    runs = _runs(evidence, SituationName.UNKNOWN_STATUS)
    fallen = [run for run in runs if _failed_unprovoked(evidence, run)]
    if fallen:
        unknown = [told for told, _ in followed if told.situation is SituationName.UNKNOWN_STATUS]
        return broken(_fall(fallen[0], "a status that no document knows"), unknown)
    if any(run.exit_code == 0 for run in runs):
        return kept("A status that no document knows was told, and it ended in good order.")
    went_on = [told for told, later in followed if later is not None]
    if went_on:
        return kept(
            f"A status that no document knows was told {counted(len(went_on), 'time')}, and it went on without a write."
        )
    return not_exercised(
        "A status that no document knows was told, and nothing followed." if followed else "No unknown status was told."
    )


def _after_unknown(evidence: Evidence) -> Iterator[tuple[Seen, Seen | None]]:
    """Each answer with an unknown status, and what followed in its session: the write, if one came before any news."""
    for story in stories(evidence).values():
        for index, seen in enumerate(story):
            status = status_told(seen) if is_turn(seen) else None
            if status is not None and status not in set(ChatStatus):
                yield seen, _follower(seen, story, index)


def _follower(told: Seen, story: Sequence[Seen], index: int) -> Seen | None:
    first = None
    for place in range(index + 1, len(story)):
        later = story[place]
        if gap(told, later) is None:
            continue
        if _books(later):
            return later
        first = first or later
        if status_told(later) is not None:
            break
    return first


def _books(seen: Seen) -> bool:
    return is_write(seen) and meaning_of(seen) not in _HARMLESS


def _runs(evidence: Evidence, situation: SituationName) -> list[SituationRun]:
    return [run for run in evidence.situations if run.situation is situation and run.reached]


def _failed_unprovoked(evidence: Evidence, run: SituationRun) -> bool:
    failed = run.timed_out or run.exit_code not in {None, 0}
    return failed and _was_spared(_of(evidence, run.situation))


def _fall(run: SituationRun, what: str) -> str:
    how = "it came to no end and had to be ended" if run.timed_out else f"it ended with exit code {run.exit_code}"
    return f"In {run.situation} it was told {what}, and {how}."


def _survives_missing_artifacts(evidence: Evidence) -> Ruling:
    missing = _runs(evidence, SituationName.MISSING_ARTIFACTS)
    extra = _runs(evidence, SituationName.EXTRA_FIELD)
    fallen = [run for run in (*missing, *extra) if _failed_unprovoked(evidence, run)]
    if fallen:
        what = "answers without their artifacts" if fallen[0] in missing else "fields that no document names"
        return broken(_fall(fallen[0], what), [_of(evidence, run.situation)[-1] for run in fallen])
    if any(run.exit_code == 0 for run in missing):
        return kept("Answers came without their artifacts, and it ended in good order.")
    went_on = [seen for story in stories(evidence).values() for seen in _went_on_without(story)]
    if went_on:
        return kept(f"{counted(len(went_on), 'answer')} without artifacts, and it went on after each.")
    return not_exercised("No answer came without its artifacts, or nothing followed it.")


def _went_on_without(story: Sequence[Seen]) -> Iterator[Seen]:
    for seen, later in pairwise(story):
        if is_turn(seen) and _lacks_artifacts(seen) and gap(seen, later) is not None:
            yield seen


def _lacks_artifacts(seen: Seen) -> bool:
    path = _KEY_ARTIFACTS.get(status_told(seen) or "")
    if path is None or seen.answer is None:
        return False
    try:
        return not dig(seen.answer.artifacts, path)
    except ValueMissingError:
        return True


RULES: tuple[Rule, ...] = (
    Rule(
        rule=RuleId.HANDLES_EVERY_STATUS,
        source="Handle every known result.status",
        judge=_handles_every_status,
        exercised_by=_UNTROUBLED,
    ),
    Rule(
        rule=RuleId.SURVIVES_UNKNOWN_STATUS,
        source="Branch only on data.result.status",
        judge=_survives_unknown_status,
        exercised_by=(SituationName.UNKNOWN_STATUS,),
    ),
    Rule(
        rule=RuleId.SURVIVES_MISSING_ARTIFACTS,
        source="Parse artifacts defensively (optional fields)",
        judge=_survives_missing_artifacts,
        exercised_by=(SituationName.MISSING_ARTIFACTS, SituationName.EXTRA_FIELD),
    ),
    *logging_rules.RULES,
)
