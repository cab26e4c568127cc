"""The key: accepted, the right tenant's, in each documented header; and a wrong or a missing one refused."""

from __future__ import annotations

import dataclasses

from probes.model import Answer, Target
from probes.readiness.checks.answering import (
    ELSEWHERE,
    Answered,
    Question,
    answer_to,
    failed,
    passed,
    unexercised,
)
from probes.readiness.checks.seeing import Fall, Scene, Sight, first, proofs
from probes.redaction import quoted
from probes.words import AuthHeader, FailureKind, Operation

NOT_OURS = frozenset({"unknown_session", "unknown_session_say", "other_actor"})
"""Steps of shipped scenarios that ask with the own key for what isn't ours: a refusal there is none of the key."""

_UNSET_PARTNER = next(field.default for field in dataclasses.fields(Target) if field.name == "partner")
_LONGEST_ID = 80
_STYLE_OF_STEP = {
    "partner_api_key": AuthHeader.PARTNER_API_KEY,
    "bearer": AuthHeader.AUTHORIZATION,
    "api_key": AuthHeader.API_KEY,
}
_STYLE_STEPS = frozenset(f"{begin}{end}" for begin in _STYLE_OF_STEP for end in ("", "_search", "_read"))


def key_accepted(scene: Scene) -> Answered:
    """Any request with the configured key, sent as configured, that was answered as one of a known partner's."""
    expected = "the key is accepted wherever it is sent"
    refused = [sight for sight in scene.sights() if sight.exchange.key_rejected and sight.step.name not in NOT_OURS]
    accepted = [sight for sight in scene.sights() if _accepts(sight)]
    if refused:
        seen = f"{len(refused)} requests were refused ({_statuses(refused)}), {len(accepted)} were accepted"
        advice = (
            "Check that this is the key that Brek issued for this address, whole and without blanks, "
            f"and that it is sent in {scene.target.auth_header}; else ask Brek for another, with the request ids."
        )
        return failed(expected, seen, advice, proofs(refused))
    if accepted:
        return passed(expected, f"accepted by all {len(accepted)} requests that were answered")
    return unexercised(expected, "no request came so far as to tell", "See what is told of the scenarios.")


def _accepts(sight: Sight) -> bool:
    """A redirect and a server's error tell nothing of the key."""
    status = sight.exchange.status_code
    return sight.exchange.key_accepted and status is not None and (status < 300 or 400 <= status < 500)


def _statuses(sights: list[Sight]) -> str:
    told = (f"HTTP {sight.exchange.status_code} at {sight.run.scenario}/{sight.step.name}" for sight in sights)
    return first(told)


def tenant(scene: Scene) -> Answered:
    """One partner id in all answers, the one that is configured; and one tenant in traces and snapshots."""
    configured = None if scene.target.partner == _UNSET_PARTNER else scene.target.partner
    expected = "one partner and one tenant in all answers" + (f", the partner {configured}" if configured else "")
    sights = scene.good_sights()
    told = {partner: sight for sight in sights if (partner := _answer(sight).partner_id)}
    tenants = {name: sight for sight in sights if (name := _tenant(sight))}
    shown = f"x-partner-id {_named(told)}; tenant {_named(tenants)}"
    if len(told) > 1 or len(tenants) > 1:
        advice = "Ask Brek why one key is answered as several partners, with these request ids."
        return failed(expected, shown, advice, proofs([*told.values(), *tenants.values()]))
    if configured and told and configured not in told:
        advice = (
            "If x-partner-id is what Brek calls you, set `partner` (BREK_PARTNER_ID) to it. "
            "If it is somebody else, this is the wrong key: don't go live with it."
        )
        return failed(expected, shown, advice, proofs(told.values()))
    if not told:
        return unexercised(expected, "no good answer told x-partner-id", "See documented_headers.")
    return passed(expected, shown)


def _named(told: dict[str, Sight]) -> str:
    return first(told, spelled=lambda name: quoted(name, _LONGEST_ID)) or "not told"


def _answer(sight: Sight) -> Answer:
    answer = sight.exchange.answer
    if answer is None:
        raise ValueError("a good request has an answer")
    return answer


def _tenant(sight: Sight) -> str | None:
    """The first part of a traceId, or what a snapshot names; the guide shows the same in both."""
    answer = _answer(sight)
    if sight.exchange.operation is Operation.SEND_EVENT and answer.trace_id and answer.trace_id.count(":") == 4:
        return answer.trace_id.partition(":")[0] or None
    match answer.body:
        case {"data": {"tenantId": str(name)}} if sight.exchange.operation is Operation.GET_SESSION:
            return name
        case _:
            return None


def header_styles(scene: Scene) -> Answered:
    """The key works in each of the three headers; in the configured one that is `key_accepted`."""
    return answer_to(
        scene,
        Question(
            scenario="auth_styles",
            steps=_STYLE_STEPS,
            expected="the key is accepted in x-partner-api-key, Authorization: Bearer and api-key",
            kept="accepted in all three",
            what_to_do="Send the key in x-partner-api-key, which the guide recommends, and tell Brek of the other.",
            answers=lambda fall: _refuses_style(fall, scene.target),
        ),
    )


def _refuses_style(fall: Fall, target: Target) -> bool:
    refused = fall.failure.kind in {FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED}
    name = fall.step.name.removesuffix("_search").removesuffix("_read")
    return refused and _STYLE_OF_STEP[name] is not target.auth_header


def wrong_key(scene: Scene) -> Answered:
    """403 with its code, for a key that nobody has."""
    return answer_to(
        scene,
        Question(
            scenario="error_catalog",
            steps=frozenset({"wrong_key", "wrong_key_say", "wrong_key_read"}),
            expected="HTTP 403 with code invalid_partner_api_key, in the gateway envelope",
            kept="refused with 403, invalid_partner_api_key, on all three endpoints",
            what_to_do="Tell Brek: a key that nobody has must be refused as documented. "
            "Your error handling rests on it.",
            answers=_about_refusal,
        ),
    )


def missing_key(scene: Scene) -> Answered:
    """401 with its code, for a request without a key."""
    return answer_to(
        scene,
        Question(
            scenario="error_catalog",
            steps=frozenset({"no_key", "no_key_read", "no_key_say"}),
            expected="HTTP 401 with code missing_partner_api_key, in the gateway envelope",
            kept="refused with 401, missing_partner_api_key, on all three endpoints",
            what_to_do="Tell Brek: a request without a key must be refused as documented. "
            "Your error handling rests on it.",
            answers=_about_refusal,
        ),
    )


def _about_refusal(fall: Fall) -> bool:
    """Whether it is the refusal that isn't as documented; that a header is missing is told by its own check."""
    of_refusal = {FailureKind.ENVELOPE, FailureKind.NOT_JSON, FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED}
    return not fall.asks_header and fall.failure.kind not in ELSEWHERE - of_refusal
