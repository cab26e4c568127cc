"""The three endpoints of the API. Each reads a request to a plan first, and only the plan takes effect.

Sources: the guide and the endpoint pages of POST /sessions, POST /events and GET /sessions/{sessionId}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from probes.sandbox.actions import turn_of
from probes.sandbox.answers import Answer, Headers, RefusedRequestError, gateway, success, validation
from probes.sandbox.dialog import Dialog
from probes.sandbox.ids import IdSource
from probes.sandbox.requests import (
    InvalidFieldError,
    NewEvent,
    NewSession,
    Request,
    json_object,
    read_new_event,
    read_new_session,
)
from probes.sandbox.state import Event, Reply, Session, State
from probes.sandbox.tenants import Tenant
from probes.sandbox.understanding import Turn
from probes.words import ErrorCode

_SOURCE = "partner_api"  # the second part of a traceId, as in the published example


@dataclass(slots=True, kw_only=True)
class Visit:
    """A request on its way through the sandbox, and what was found out about it."""

    request: Request
    request_id: str
    rest: str = ""
    tenant: Tenant | None = None
    headers: Headers = ()
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a good request will do. `step` is the kind of turn, where it is one."""

    act: Callable[[], Answer]
    step: str | None = None


class Endpoints:
    """Create a session, send an event, read a session."""

    def __init__(self, state: State, ids: IdSource, now: Callable[[], float]) -> None:
        self._state = state
        self._ids = ids
        self._now = now
        self._dialog = Dialog(state, ids)

    def create_session(self, visit: Visit) -> Plan:
        """POST /sessions."""
        wanted = read_new_session(json_object(visit.request))
        return Plan(act=partial(self._open, wanted, _tenant_of(visit)))

    def read_session(self, visit: Visit) -> Plan:
        """GET /sessions/{sessionId}."""
        if not visit.rest:
            raise InvalidFieldError("sessionId is required")
        return Plan(act=partial(_snapshot, self._session(visit, visit.rest)))

    def send_event(self, visit: Visit) -> Plan:
        """POST /events. A repeat with the same key and request is answered as before, and does nothing."""
        event = read_new_event(json_object(visit.request))
        session = self._session(visit, event.session_id)
        if event.actor_id is not None and event.actor_id != session.actor_id:
            text = "actor.actorId does not match the owner of this session"
            raise RefusedRequestError(validation(409, text, visit.request_id))
        earlier = self._earlier_reply(event, session, visit.request_id)
        if earlier is not None:
            return Plan(act=lambda: earlier.answer, step=earlier.step)
        turn = turn_of(event, session, self._state, self._today(session))
        return Plan(act=partial(self._take_turn, event, session, turn), step=turn.kind)

    def _open(self, wanted: NewSession, tenant: Tenant) -> Answer:
        session = Session(
            session_id=self._ids.session(),
            tenant_id=tenant.tenant_id,
            actor_id=wanted.actor_id,
            channel_id=wanted.channel_id,
            offset_minutes=wanted.offset_minutes,
        )
        self._state.sessions[session.session_id] = session
        return success(_who(session))

    def _session(self, visit: Visit, session_id: str) -> Session:
        session = self._state.session(session_id, _tenant_of(visit).tenant_id)
        if session is None:
            refusal = gateway(404, ErrorCode.SESSION_NOT_FOUND, "Session not found.", visit.request_id)
            raise RefusedRequestError(refusal)
        return session

    def _earlier_reply(self, event: NewEvent, session: Session, request_id: str) -> Reply | None:
        if event.idempotency_key is None:
            return None
        earlier = self._state.replies.get((session.tenant_id, event.idempotency_key))
        if earlier is not None and earlier.request != event.fingerprint:
            text = f"idempotencyKey {event.idempotency_key} was already used with a different request"
            raise RefusedRequestError(validation(409, text, request_id))
        return earlier

    def _take_turn(self, event: NewEvent, session: Session, turn: Turn) -> Answer:
        result = self._dialog.play(session, turn)
        moment = self._ids.milliseconds()
        event_id, kind = f"evt_{moment}", turn.event_kind or turn.kind
        session.events.append(
            Event(event_id=event_id, kind=kind, result_status=result.status, recorded_at=_iso(moment))
        )
        trace = (session.tenant_id, _SOURCE, session.channel_id, session.session_id, event_id)
        answer = success(
            {
                "sessionId": session.session_id,
                "event": {"id": event_id, "kind": kind},
                "result": {
                    "traceId": ":".join(trace),
                    "status": result.status,
                    "message": {"text": result.text},
                    "artifacts": result.artifacts,
                },
            }
        )
        if event.idempotency_key is not None:
            reply = Reply(request=event.fingerprint, step=turn.kind, answer=answer)
            self._state.replies[(session.tenant_id, event.idempotency_key)] = reply
        return answer

    def _today(self, session: Session) -> date:
        here = datetime.fromtimestamp(self._now(), UTC) + timedelta(minutes=session.offset_minutes)
        return here.date()


def _tenant_of(visit: Visit) -> Tenant:
    if visit.tenant is None:
        raise AssertionError("an endpoint that needs a key was reached without one")
    return visit.tenant


def _who(session: Session) -> dict[str, object]:
    return {
        "sessionId": session.session_id,
        "tenantId": session.tenant_id,
        "actor": {"actorId": session.actor_id},
    }


def _snapshot(session: Session) -> Answer:
    return success({**_who(session), "events": [event.as_json() for event in session.events]})


def _iso(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
