"""What a run asks of the API, as bytes: the guide's requests, and those that a scenario makes wrong on purpose.

Sources: the guide's "Golden path" and "Machine-readable resources", and the endpoint pages' tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote

import httpx
import orjson

from probes.errors import ValueMissingError
from probes.model import Finding, Target
from probes.origin import Origin
from probes.words import WRITE_KINDS, AuthHeader, Operation, OtherKey, OtherSession, Published

_BASE_PATH = "/api/partner/v1/core-chat"
_DOCUMENT_PATHS = {
    Published.OPENAPI: (Operation.GET_OPENAPI, "/openapi/partner-core-chat-v1.yaml"),
    Published.LLMS: (Operation.GET_LLMS, "/llms.txt"),
}
_OWN_HEADERS = (("accept-encoding", "identity"), ("user-agent", "brekwatch"))
_CHANNEL = "partner-chat"
_WORKSPACE = "brekwatch"
_WRONG_KEY = "brekwatch-no-such-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a step asks of one call.

    `step` names it in the idempotency key, `deadline` is when to give up (`loop.time()`), `status_codes` are welcome;
    the rest are the step's options (`probes.scenario.Step`).
    """

    step: str
    deadline: float
    status_codes: frozenset[int]
    auth: AuthHeader | OtherKey | None = None
    other_actor: bool = False
    session: OtherSession | None = None
    omit: tuple[str, ...] = ()


@dataclass(slots=True)
class Conversation:
    """What the client knows of the session that it leads."""

    actor_id: str
    timezone_offset_minutes: int
    session_id: str | None = None
    other_session_id: str | None = None
    chat_status: str | None = None
    confirmation_seen: bool = False
    sequence: int = 0
    findings: list[Finding] = field(default_factory=list)

    def session_named(self, choice: OtherSession | None) -> str | None:
        """The id of the session that a step speaks of; the unknown one looks like any other."""
        match choice:
            case OtherSession.UNKNOWN:
                return f"sess_1000000000000_{self.actor_id[-8:]}"
            case OtherSession.OTHER:
                return self.other_session_id
            case _:
                return self.session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request before it is sent; a retry and a repeat send the same bytes.

    `once`: it must never be sent again by itself. `text` and `kind` are what the turn says, `readable` is False for a
    body in which that can't be told. `carries_key` is False for a request that has nothing to do with any key.
    """

    operation: Operation
    method: str
    url: httpx.URL
    body: bytes = b""
    auth: AuthHeader | OtherKey | None = None
    carries_key: bool = True
    session_id: str | None = None
    idempotency_key: str | None = None
    once: bool = False
    text: str | None = None
    kind: str | None = None
    readable: bool = True
    opens_session: bool = False

    @property
    def own_key(self) -> bool:
        """Whether it carries the target's own, valid key."""
        return self.carries_key and not isinstance(self.auth, OtherKey)

    @property
    def key_sent(self) -> str | None:
        """The idempotency key that its body really holds: a step may leave it out on purpose."""
        key = self.idempotency_key
        return key if key and orjson.dumps(key) in self.body else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All its headers but the one with the key."""
        fetched = self.operation in {Operation.GET_OPENAPI, Operation.GET_LLMS}
        headers = [("host", self.url.netloc.decode("ascii")), ("accept", "*/*" if fetched else "application/json")]
        headers += _OWN_HEADERS
        if self.body:
            headers += [("content-type", "application/json"), ("content-length", str(len(self.body)))]
        return headers


Permit = Callable[[ApiRequest], None]
"""Is asked before a request is sent, each attempt of it; raises RefusedError if it must not be."""


def permit_all(_request: ApiRequest) -> None:
    """Whatever the safeguards let through."""


def actor_of(run_id: str) -> str:
    """The actorId of a run: one of its own, so that no run meets another's sessions."""
    return f"brekwatch_{run_id}"


@lru_cache(maxsize=512)
def _url(url: str) -> httpx.URL:
    return httpx.URL(url)


def authorise(target: Target, auth: AuthHeader | OtherKey | None, url: httpx.URL) -> tuple[tuple[str, str], ...]:
    """The header that carries the key, for a URL of the target's own origin; none where a step wants none.

    Raises ValueError for any other origin: no key ever goes elsewhere.
    """
    if Origin.of(str(url)) != Origin.of(target.base_url):
        raise ValueError("the partner key goes to its own target only")
    if auth is OtherKey.NONE:
        return ()
    style = auth if isinstance(auth, AuthHeader) else target.auth_header
    key = _key(target, auth)
    return ((style.value, f"Bearer {key}" if style is AuthHeader.AUTHORIZATION else key),)


def _key(target: Target, auth: AuthHeader | OtherKey | None) -> str:
    if auth is OtherKey.WRONG:
        return _WRONG_KEY
    if auth is not OtherKey.OTHER:
        return target.api_key.reveal()
    if target.other_api_key is None:
        raise ValueError("another tenant's key is not configured")
    return target.other_api_key.reveal()


class Requests:
    """Builds the requests of one conversation. Every turn gets an idempotency key of the guide's form."""

    def __init__(self, target: Target, conversation: Conversation) -> None:
        self._target = target
        self._conversation = conversation
        self._root = target.base_url.rstrip("/")
        self._sessions = _url(f"{self._root}{_BASE_PATH}/sessions")
        self._events = _url(f"{self._root}{_BASE_PATH}/events")

    def create_session(self, call: Call) -> ApiRequest:
        """POST /sessions for the run's actor."""
        actor = {
            "actorId": self._conversation.actor_id,
            "timezoneOffsetMinutes": self._conversation.timezone_offset_minutes,
        }
        body = {"actor": actor, "channel": {"workspaceId": _WORKSPACE}, "conversation": {"channelId": _CHANNEL}}
        return ApiRequest(
            operation=Operation.CREATE_SESSION,
            method="POST",
            url=self._sessions,
            body=orjson.dumps(_without(body, call.omit)),
            auth=call.auth,
            opens_session=not call.omit,
        )

    def turn(self, said: Mapping[str, object], call: Call) -> ApiRequest:
        """POST /events: `said` is the text, or the kind with its payload."""
        session_id = self._named(call)
        key = self._next_key(call, session_id)
        actor_id = self._conversation.actor_id + ("_other" if call.other_actor else "")
        body = {"sessionId": session_id or "", "actor": {"actorId": actor_id}, **said, "idempotencyKey": key}
        return self._event(orjson.dumps(_without(body, call.omit)), _without(said, call.omit), call, session_id, key)

    def wrong_call(self, operation: Operation, body: object, call: Call) -> ApiRequest:
        """A POST with this body: a JSON value, or a text that is sent as it is."""
        content = body.encode() if isinstance(body, str) else orjson.dumps(body)
        if operation is not Operation.SEND_EVENT:
            return ApiRequest(operation=operation, method="POST", url=self._sessions, body=content, auth=call.auth)
        said: Mapping[str, object] = body if isinstance(body, Mapping) else {}
        named, given = said.get("sessionId"), said.get("idempotencyKey")
        own = self._conversation.session_id
        session_id = named if isinstance(named, str) else own
        key = given if isinstance(given, str) else self._next_key(call, session_id)
        readable = isinstance(body, Mapping) and (named is None or named == own)
        return self._event(content, said if readable else None, call, session_id, key)

    def read_session(self, call: Call) -> ApiRequest:
        """GET /sessions/{sessionId}."""
        session_id = self._named(call)
        return ApiRequest(
            operation=Operation.GET_SESSION,
            method="GET",
            url=httpx.URL(f"{self._sessions}/{quote(session_id or 'none', safe='')}"),
            auth=call.auth,
            session_id=session_id,
        )

    def fetch(self, document: Published) -> ApiRequest:
        """GET of a published resource, without a key."""
        operation, path = _DOCUMENT_PATHS[document]
        return ApiRequest(operation=operation, method="GET", url=_url(self._root + path), carries_key=False)

    def attach_card(self, body: Mapping[str, object]) -> ApiRequest:
        """The guide's step 4, at the operator's attach URL. A token may be good only once."""
        if self._target.portal is None:
            raise ValueError("a target without a portal attaches no card")
        return ApiRequest(
            operation=Operation.ATTACH_CARD,
            method="POST",
            url=_url(self._target.portal.attach_url),
            body=orjson.dumps(body),
            carries_key=False,
            once=True,
        )

    def again(self, request: ApiRequest) -> ApiRequest:
        """The same bytes and key. What was free to be retried may book by now, and then is not."""
        books = request.operation is Operation.SEND_EVENT and self._conversation.confirmation_seen
        return replace(request, once=request.once or books)

    def _named(self, call: Call) -> str | None:
        """The session that a step speaks of; raises ValueMissingError where another tenant's did not begin."""
        session_id = self._conversation.session_named(call.session)
        if session_id is None and call.session is not None:
            raise ValueMissingError("no earlier step began another tenant's session")
        return session_id

    def _event(
        self, content: bytes, said: Mapping[str, object] | None, call: Call, session_id: str | None, key: str
    ) -> ApiRequest:
        """A turn. A write, and any turn once consent was asked for, is sent only once (decision 4).

        `said` is None where what it says can't be told, or is said of a session that is not the run's own.
        """
        text, kind = (None, None) if said is None else (said.get("text"), said.get("kind"))
        plain_text, plain_kind = (value if isinstance(value, str) else None for value in (text, kind))
        plain = (text, kind) == (plain_text, plain_kind) and (kind is not None or "payload" not in (said or {}))
        readable = said is not None and plain
        return ApiRequest(
            operation=Operation.SEND_EVENT,
            method="POST",
            url=self._events,
            body=content,
            auth=call.auth,
            session_id=session_id,
            idempotency_key=key,
            once=not readable or kind in WRITE_KINDS or self._conversation.confirmation_seen,
            text=plain_text,
            kind=plain_kind,
            readable=readable,
        )

    def _next_key(self, call: Call, session_id: str | None) -> str:
        self._conversation.sequence += 1
        return f"{self._target.partner}:{session_id or ''}:{call.step}:{self._conversation.sequence:03d}"


def _without(body: Mapping[str, object], omit: Sequence[str]) -> Mapping[str, object]:
    for path in omit:
        body = _without_one(body, path)
    return body


def _without_one(body: Mapping[str, object], path: str) -> Mapping[str, object]:
    name, _, rest = path.partition(".")
    inner = body.get(name)
    if rest and isinstance(inner, Mapping):
        return {**body, name: _without_one(inner, rest)}
    return {key: value for key, value in body.items() if key != name}
