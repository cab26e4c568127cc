"""What a conversation rests on: a write takes effect once, and a session answers its own actor and tenant alone."""

from __future__ import annotations

from dataclasses import dataclass

from probes.readiness.checks.answering import (
    ELSEWHERE,
    Answered,
    Question,
    answer_to,
    failed,
    passed,
    unexercised,
)
from probes.readiness.checks.seeing import Scene, Sight, first, proofs
from probes.readiness.words import CheckState
from probes.words import FailureKind

_TEXT_AGAIN = "search_again"
_REFUSED_OTHERWISE = frozenset({FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED})
_ISOLATION = Question(
    scenario="session_isolation",
    steps=frozenset(
        {"other_actor", "unknown_session", "unknown_session_say", "other_tenant_read", "other_tenant_say", "snapshot"}
    ),
    expected="another actor, another tenant and an unknown session are refused, and leave no trace",
    kept="another actor is refused with 409, another tenant's and unknown sessions with 404, and none left a trace",
    what_to_do="Don't go live: a guest's session may be seen or steered by somebody else. Tell Brek at once.",
    answers=lambda fall: fall.failure.kind not in ELSEWHERE or fall.failure.kind in _REFUSED_OTHERWISE,
)


def idempotency(scene: Scene) -> Answered:
    """A repeated write, same bytes and key, is answered as before and takes effect once."""
    return answer_to(
        scene,
        Question(
            scenario="idempotent_replay",
            steps=frozenset({"book_again", "confirm_again"}),
            expected="a repeated write with the same idempotencyKey is answered as before, and books once",
            kept="both repeated writes were answered as before",
            what_to_do="Don't retry writes against this API until Brek has mended it: a retry may book twice.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repeated:
    before: Sight
    again: Sight

    @property
    def honoured(self) -> bool:
        """Whether it was the same event once more."""
        first_answer, second_answer = self.before.exchange.answer, self.again.exchange.answer
        return (
            first_answer is not None and second_answer is not None and first_answer.event_id == second_answer.event_id
        )


def text_turn_key(scene: Scene) -> Answered:
    """Whether a text turn's key is honoured, as `idempotent_replay` tries it. No document promises it."""
    expected = "a repeated text turn with the same idempotencyKey is the same event once more (not promised)"
    repeats = _repeated_texts(scene)
    if not repeats:
        seen = "no text turn was repeated with its key"
        return unexercised(
            expected, seen, "After a lost answer to a text turn, read the snapshot before you say it again."
        )
    new = [each.again for each in repeats if not each.honoured]
    if new:
        advice = "The key of a text turn is not honoured: read the snapshot before you say it again."
        return passed(expected, f"{len(new)} of {len(repeats)} repeats were new events; it isn't promised", advice)
    return passed(expected, f"{len(repeats)} repeated turns were the same event once more")


def _repeated_texts(scene: Scene) -> list[_Repeated]:
    """Good answers to the same text with the same key, the second from the step that repeats the first."""
    earlier: dict[tuple[str, str], Sight] = {}
    found: list[_Repeated] = []
    for sight in scene.good_sights():
        key = sight.run.run_id, sight.exchange.idempotency_key or ""
        before = earlier.setdefault(key, sight)
        if sight.step.name == _TEXT_AGAIN and before.step.name != _TEXT_AGAIN:
            found.append(_Repeated(before=before, again=sight))
    return found


def isolation(scene: Scene) -> Answered:
    """Whose session it is counts. An answer about another session than ours breaks it, wherever it is met."""
    mixed = [fall for fall in scene.falls() if fall.failure.kind is FailureKind.IDENTITY]
    if mixed:
        return failed(_ISOLATION.expected, first(fall.told for fall in mixed), _ISOLATION.what_to_do, proofs(mixed))
    answered = answer_to(scene, _ISOLATION)
    gaps = _gaps(scene)
    if answered.state is not CheckState.PASSED or not gaps:
        return answered
    return unexercised(
        _ISOLATION.expected,
        f"another actor and unknown sessions are refused; another tenant's session was not tried: {gaps}",
        "Configure other_api_key, a second key that Brek issues for this.",
    )


def _gaps(scene: Scene) -> str:
    runs = (run for run in scene.judged if run.scenario == _ISOLATION.scenario)
    return first(step.gap for run in runs for step in run.steps if step.gap is not None)
