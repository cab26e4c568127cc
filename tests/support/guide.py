"""A second, independent server: written from the partner guide and the endpoint pages alone, for the monitor to meet.

    async with GuideServer() as server:
        run = await play("golden_path", target_for(server))

It keeps to the documents, or answers a turn with another status (`says`), or refuses a request before it takes
effect (`refuses`); each of its answers is well-formed. It shares no code with the sandbox.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from support.wire import Received, Reply, Wire

BASE = "/api/partner/v1/core-chat"
STATUSES = (
    "shortlist",
    "guest_name_required",
    "payment_setup_required",
    "payment_confirmation_required",
    "booked",
    "error",
)
KEYS = {"guide-key-of-the-first-partner": "first", "guide-key-of-the-second-partner": "second"}
_WRITE_KINDS = {
    "command_book_by_option_id": "book",
    "action_book_option": "book",
    "action_confirm_price_change": "other",
    "action_confirm_payment_card": "confirm",
    "action_cancel_booking": "cancel",
}
_STARTS = (("find me", "search"), ("can you help me book", "book"), ("guest name is", "name"), ("yes", "confirm"))
_WHOLE = {"done": "done", "no": "decline"}
_OPENAPI = f"""openapi: 3.0.3
info: {{title: Brek Partner Core Chat API, version: 1.0.0}}
paths:
  {BASE}/sessions:
    post: {{responses: {{"200": {{description: created}}}}}}
  {BASE}/events:
    post: {{responses: {{"200": {{description: a turn}}}}}}
  {BASE}/sessions/{{sessionId}}:
    get: {{responses: {{"200": {{description: a snapshot}}}}}}
"""
_FILES = {
    "/openapi/partner-core-chat-v1.yaml": ("application/yaml", _OPENAPI.encode()),
    "/llms.txt": (
        "text/plain",
        f"POST {BASE}/sessions\nPOST {BASE}/events\nGET {BASE}/sessions/{{sessionId}}\n".encode(),
    ),
}


@dataclass(slots=True, kw_only=True)
class _Session:
    session_id: str
    tenant: str
    actor: str
    status: str | None = None
    events: list[dict[str, object]] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)


class _Refused(Exception):  # noqa: N818 - an answer of the server, no error of ours
    def __init__(self, status_code: int, error: str, code: str | None = None) -> None:
        self.status_code, self.error, self.code = status_code, error, code


def gateway_error(status_code: int, code: str, error: str = "Refused.") -> Reply:
    """The guide's "Gateway error envelope"."""
    body = {"success": False, "error": error, "code": code, "details": None, "requestId": str(uuid.uuid4())}
    return Reply(status_code=status_code, body=body, headers={"x-request-id": str(body["requestId"])})


class GuideServer:
    """`says(turn, right)` gives the status that a turn is answered with; `right` is None where it would be refused.

    `refuses(received)` may give an answer before anything takes effect. `created` is what a create answers,
    `gateway_400` in which envelope a 400 comes, `more` what success bodies hold beside the documented fields.
    """

    def __init__(
        self,
        *,
        says: Callable[[int, str | None], str | None] = lambda _, right: right,
        refuses: Callable[[Received], Reply | None] = lambda _: None,
        created: int = 200,
        gateway_400: bool = False,
        more: dict[str, object] | None = None,
    ) -> None:
        self._says = says
        self._refuses = refuses
        self._created = created
        self._gateway_400 = gateway_400
        self._more = more or {}
        self._sessions: dict[str, _Session] = {}
        self._cards: set[tuple[str, str]] = set()
        self._tokens: dict[str, tuple[str, str]] = {}
        self._numbers = itertools.count(1_771_456_953_407)
        self._connections: set[asyncio.Transport] = set()
        self._turns = 0
        self._seen: Counter[tuple[str, str, bytes]] = Counter()
        self.received: list[Received] = []
        self.bookings: dict[str, str] = {}
        self.api_key, self.other_api_key = KEYS
        self.base_url = ""

    @property
    def attach_url(self) -> str:
        return f"{self.base_url}/attach"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self.answer, self._connections), "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def answer(self, received: Received) -> Reply:
        """The life of a request: what it is, whether it is refused, its effect."""
        self.received.append(received)
        self._seen[received.said] += 1
        received.attempt = self._seen[received.said]
        if received.path.endswith("/events"):
            self._turns += 1
            received.turn = self._turns
        refused = self._refuses(received)
        if refused is not None:
            return refused
        if received.path in _FILES:
            content_type, content = _FILES[received.path]
            return Reply(status_code=200, body=content, headers={"content-type": content_type})
        if received.path == "/attach":
            return self._attach(received.body)
        try:
            return self._in_api(received)
        except _Refused as refusal:
            if received.turn and (told := self._says(received.turn, None)) is not None:
                return self._turn_answer(self._any_session(received), told, "message")
            return self._error(refusal)

    def _in_api(self, received: Received) -> Reply:
        tenant = self._tenant(received.headers)
        where = received.method, received.path.removeprefix(BASE)
        match where:
            case ("POST", "/sessions"):
                reply = self._create(tenant, received.body)
            case ("POST", "/events"):
                reply = self._event(tenant, received)
            case ("GET", path):
                reply = self._snapshot(self._session(tenant, path.removeprefix("/sessions/")))
        partner = {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "599", "x-partner-id": tenant}
        return Reply(status_code=reply.status_code, body=reply.body, headers={**reply.headers, **partner})

    def _tenant(self, headers: dict[str, str]) -> str:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        key = headers.get("x-partner-api-key") or bearer or headers.get("api-key")
        if not key:
            raise _Refused(401, "Missing partner API key.", "missing_partner_api_key")
        if key not in KEYS:
            raise _Refused(403, "Unknown partner API key.", "invalid_partner_api_key")
        return KEYS[key]

    def _error(self, refused: _Refused) -> Reply:
        code = refused.code
        if refused.status_code == 400 and self._gateway_400:
            code = "invalid_request"
        if code is not None:
            return gateway_error(refused.status_code, code, refused.error)
        request_id = str(uuid.uuid4())
        body = {"success": False, "error": refused.error, "requestId": request_id}
        return Reply(status_code=refused.status_code, body=body, headers={"x-request-id": request_id})

    def _create(self, tenant: str, body: Any) -> Reply:
        match body:
            case {"actor": {"actorId": str(actor)}} if actor:
                session_id = f"sess_{next(self._numbers)}_{uuid.uuid4().hex[:8]}"
            case _:
                raise _Refused(400, "actor.actorId is required")
        self._sessions[session_id] = _Session(session_id=session_id, tenant=tenant, actor=actor)
        return self._success({"sessionId": session_id}, self._created)

    def _session(self, tenant: str, session_id: object) -> _Session:
        session = self._sessions.get(str(session_id))
        if session is None or session.tenant != tenant:
            raise _Refused(404, "No such session.", "session_not_found")
        return session

    def _any_session(self, received: Received) -> _Session:
        named = received.body.get("sessionId")
        return self._sessions.get(named) or next(iter(self._sessions.values()))

    def _snapshot(self, session: _Session) -> Reply:
        data = {
            "sessionId": session.session_id,
            "tenantId": session.tenant,
            "actor": {"actorId": session.actor},
            "events": session.events,
        }
        return self._success(data)

    def _event(self, tenant: str, received: Received) -> Reply:
        body = received.body
        if not body.get("sessionId") or not (body.get("text") or body.get("kind")):
            raise _Refused(400, "sessionId, and text or kind, are required")
        session = self._session(tenant, body["sessionId"])
        if body.get("actor", {}).get("actorId", session.actor) != session.actor:
            raise _Refused(409, "The session belongs to another actor.")
        key, kind = body.get("idempotencyKey"), body.get("kind")
        if kind in _WRITE_KINDS and not key:
            raise _Refused(400, f"idempotencyKey is required for kind={kind}")
        kept = session.replies.get(key)
        right = self._next(session, _meaning(body)) if kept is None else kept.status
        told = self._says(received.turn, right) or right
        if kept is not None and told == right:
            return kept
        reply = self._turn_answer(session, told, kind or "message")
        if key:
            session.replies[key] = reply
        return reply

    def _next(self, session: _Session, meaning: str) -> str:
        has_card = (session.tenant, session.actor) in self._cards
        paying = "payment_confirmation_required" if has_card else "payment_setup_required"
        match meaning, session.status:
            case ("search", _):
                return "shortlist"
            case ("book", "shortlist"):
                return "guest_name_required"
            case ("name", "guest_name_required") | ("done", "payment_setup_required"):
                return paying
            case ("confirm", "payment_confirmation_required"):
                return "booked"
            case _:
                return "error"

    def _turn_answer(self, session: _Session, status: str, kind: str) -> Reply:
        event_id = f"evt_{next(self._numbers)}"
        if kind == "action_cancel_booking" and session.session_id in self.bookings:
            artifacts: dict[str, object] = {"booking": {"status": "cancelled"}}
            self.bookings[session.session_id] = "cancelled"
        else:
            artifacts = self._artifacts(session, status)
        session.status = status
        recorded = {"eventId": event_id, "kind": kind, "resultStatus": status, "recordedAt": "2026-02-18T23:22:46Z"}
        session.events.append(recorded)
        trace_id = f"{session.tenant}:partner_api:partner-chat:{session.session_id}:{event_id}"
        result = {"traceId": trace_id, "status": status, "message": {"text": "Well."}, "artifacts": artifacts}
        data = {"sessionId": session.session_id, "event": {"id": event_id, "kind": kind}, "result": result}
        return self._success(data)

    def _artifacts(self, session: _Session, status: str) -> dict[str, object]:
        """What the guide's table gives each status."""
        number = next(self._numbers)
        match status:
            case "shortlist":
                return {"shortlist": [{"optionId": str(uuid.uuid4()), "name": f"Hotel {n}"} for n in range(3)]}
            case "payment_setup_required":
                token = f"psu_{number}_e2634ddd"
                self._tokens[token] = session.tenant, session.actor
                return {"payment": {"setupUrl": f"{self.base_url}/setup/{token}"}}
            case "payment_confirmation_required":
                return {"payment": {"brand": "visa", "last4": "4242"}}
            case "booked":
                self.bookings[session.session_id] = "made"
                return {"booking": {"confirmationUrl": f"{self.base_url}/bookings/{number}"}}
            case _:
                return {}

    def _attach(self, body: Any) -> Reply:
        owner = self._tokens.pop(body["portalToken"], None)
        if owner is None:
            return Reply(status_code=404, body={"error": "no such token"})
        self._cards.add(owner)
        return Reply(status_code=200, body={"ok": True})

    def _success(self, data: dict[str, object], status_code: int = 200) -> Reply:
        return Reply(
            status_code=status_code, body={"data": {**data, **self._more}}, headers={"x-request-id": str(uuid.uuid4())}
        )


def _meaning(body: Any) -> str:
    text = str(body.get("text", "")).lower()
    if body.get("kind"):
        return _WRITE_KINDS.get(body["kind"], "other")
    return _WHOLE.get(text) or next((meaning for start, meaning in _STARTS if text.startswith(start)), "other")
