"""Evidence of an audit that reads like the conversation it came from.

    tape = Tape()
    tape.creates("ann")
    tape.searches()
    tape.says("Done", told="payment_setup_required")
    ruling = tape.ruling(RuleId.TURNS_IN_ORDER)

Each request is answered after a tenth of a second, and the next one comes half a second later, unless `at` says when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from probes.answers import decode_json, read
from probes.model import Answer
from probes.readiness.evidence import Evidence, Ruling, Seen
from probes.readiness.rules.registry import RULES
from probes.readiness.words import AuditKind, Lost, RuleId, RuleState, SituationName
from probes.words import AuthHeader, Operation

BASE = "/api/partner/v1/core-chat"
STARTED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JSON_TYPE = ("content-type", "application/json")
CONFIRMS = "action_confirm_payment_card"
_ANSWER_SECONDS, _PAUSE_SECONDS = 0.1, 0.5


def answered(status_code: int, data: Mapping[str, object] | None, **headers: str) -> Answer:
    """An answer as it comes: an error in the validation envelope."""
    body = {"data": data} if status_code < 300 else {"success": False, "error": "No.", "requestId": "r-1"}
    return read(status_code, headers.items(), json.dumps(body).encode(), now=STARTED_AT)


class Tape:
    """What was seen, request by request. `situation` and `now` may be set between them."""

    def __init__(self, situation: SituationName | None = None) -> None:
        self.exchanges: list[Seen] = []
        self.situation = situation
        self.now = 0.0
        self.session = ""
        self._keys = 0

    def evidence(self) -> Evidence:
        kind = AuditKind.PROXY if self.situation is None else AuditKind.SANDBOX
        return Evidence(kind=kind, exchanges=tuple(self.exchanges))

    def ruling(self, rule: RuleId) -> Ruling:
        (found,) = (each for each in RULES if each.rule is rule)
        return found.judge(self.evidence())

    def accused(self) -> set[RuleId]:
        """The rules that are broken or give advice."""
        evidence = self.evidence()
        states = {each.rule: each.judge(evidence).state for each in RULES}
        return {rule for rule, state in states.items() if state in (RuleState.BROKEN, RuleState.ADVICE)}

    def broken(self) -> set[RuleId]:
        evidence = self.evidence()
        return {each.rule for each in RULES if each.judge(evidence).state is RuleState.BROKEN}

    def sends(
        self,
        method: str,
        path: str,
        operation: Operation | None,
        body: object = None,
        *,
        answer: Answer | None = None,
        at: float | None = None,
        takes: float | None = _ANSWER_SECONDS,
        **other: Any,
    ) -> Seen:
        """One request. `takes` None: still under way at the end."""
        began = self.now if at is None else at
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request, problem = decode_json(content) if content else (None, None)
        fields: dict[str, Any] = {
            "headers": (JSON_TYPE,) if method == "POST" else (),
            "key_styles": (AuthHeader.PARTNER_API_KEY,),
            "key_number": 1,
            **other,
        }
        seen = Seen(
            number=len(self.exchanges) + 1,
            situation=self.situation,
            began_seconds=began,
            received_seconds=began + 0.001,
            ended_seconds=None if takes is None else began + takes,
            started_at=STARTED_AT + timedelta(seconds=began),
            method=method,
            path=path,
            query="",
            operation=operation,
            body=content,
            request=request,
            request_problem=problem,
            answer=None if takes is None else answer,
            **fields,
        )
        self.exchanges.append(seen)
        self.now = max(self.now, began + (takes or 0.0) + _PAUSE_SECONDS)
        return seen

    def creates(self, actor: str = "ann", *, session: str = "", status_code: int = 200, **other: Any) -> Seen:
        """Asks for a session; it is the one that all that follows is about."""
        session = session or f"sess_{1_771_456_953_407 + len(self.exchanges)}_g7p6233d"
        self.session = session if status_code < 300 else self.session
        body = other.pop("body", {"actor": {"actorId": actor, "timezoneOffsetMinutes": -480}})
        answer = other.pop("answer", answered(status_code, {"sessionId": session}))
        return self.sends("POST", f"{BASE}/sessions", Operation.CREATE_SESSION, body, answer=answer, **other)

    def key(self, action: str = "turn", session: str | None = None) -> str:
        """A key that nothing had before, of the recommended form."""
        self._keys += 1
        return f"acme:{session or self.session}:{action}:{self._keys:03d}"

    def turns(
        self,
        body: Mapping[str, object],
        *,
        told: str | None = None,
        session: str | None = None,
        key: str | None = None,
        actor: str | None = None,
        status_code: int = 200,
        **other: Any,
    ) -> Seen:
        """One turn; a key of its own unless it is given one, and none at all if that is empty."""
        session = session or self.session
        key = self.key(session=session) if key is None else key
        whole = {"sessionId": session, **body, **({"idempotencyKey": key} if key else {})}
        if actor is not None:
            whole["actor"] = {"actorId": actor}
        data = {"sessionId": session, "event": {"id": "evt_1", "kind": "message"}, "result": {"status": told}}
        answer = other.pop("answer", answered(status_code, data))
        return self.sends("POST", f"{BASE}/events", Operation.SEND_EVENT, whole, answer=answer, **other)

    def says(self, text: str, **other: Any) -> Seen:
        return self.turns({"text": text}, **other)

    def acts(self, kind: str, **other: Any) -> Seen:
        return self.turns({"kind": kind, "payload": {}}, **other)

    def reads(self, *statuses: str, session: str | None = None, status_code: int = 200, **other: Any) -> Seen:
        """The snapshot, whose events had these statuses."""
        session = session or self.session
        data = {"sessionId": session, "events": [{"resultStatus": status} for status in statuses]}
        answer = other.pop("answer", answered(status_code, data))
        return self.sends("GET", f"{BASE}/sessions/{session}", Operation.GET_SESSION, answer=answer, **other)

    def again(self, seen: Seen, *, told: str | None = None, status_code: int = 200, **other: Any) -> Seen:
        """The very same request once more, with the same key."""
        data = {"sessionId": self.session, "result": {"status": told}}
        body = {**seen.request, **other.pop("changed", {})} if isinstance(seen.request, dict) else seen.body
        return self.sends(seen.method, seen.path, seen.operation, body, answer=answered(status_code, data), **other)

    def searches(self, **other: Any) -> Seen:
        return self.says("find me a hotel in Oslo", **{"told": "shortlist", **other})

    def comes_to_payment(self, actor: str = "ann", **other: Any) -> None:
        """A conversation up to where the payment has to be confirmed."""
        self.creates(actor, **other)
        self.searches(**other)
        self.says("can you help me book option 1", told="guest_name_required", **other)
        self.says("guest name is John Doe", told="payment_setup_required", **other)
        self.says("Done", told="payment_confirmation_required", **other)

    def books(self, actor: str = "ann") -> Seen:
        """A whole conversation, as the guide tells it."""
        self.comes_to_payment(actor)
        return self.says("yes, use this card", told="booked")


def loses(by: Lost = Lost.BY_SERVER) -> dict[str, Any]:
    """What makes an answer a lost one."""
    return {"lost": by, "answer": None}


def numbers(*several: Seen) -> tuple[int, ...]:
    return tuple(seen.number for seen in several)


def with_fields(evidence: Evidence, **fields: Any) -> Evidence:
    """The same with other fields in each exchange."""
    return replace(evidence, exchanges=tuple(replace(seen, **fields) for seen in evidence.exchanges))
