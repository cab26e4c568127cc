"""The client of one run: builds the guide's requests, keeps to its rules, and tells each attempt as a fact.

Design decisions 1 to 5 and 7. It never raises for what the API does: an attempt ends as an `Exchange`.
Below every scenario stands the production guard, and before every write the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

import httpx
import orjson

from probes import answers, contract, correlation
from probes.errors import LedgerUnavailableError, StalledError
from probes.model import Answer, Exchange, Failure, Finding, Intent, Ledger, RunStart, Target
from probes.origin import Origin
from probes.retries import pause_seconds
from probes.safety import ProductionGuard
from probes.transport import Transport, TransportFailure
from probes.words import (
    WRITE_KINDS,
    AuthHeader,
    ChatStatus,
    FailureKind,
    FaultKind,
    FindingKind,
    Leaves,
    Operation,
    WriteKind,
)

_BASE_PATH = "/api/partner/v1/core-chat"
_OWN_HEADERS = (("accept", "application/json"), ("accept-encoding", "identity"), ("user-agent", "brekwatch"))
_CONSENT_ASKED = frozenset({ChatStatus.PAYMENT_CONFIRMATION_REQUIRED, ChatStatus.BOOKED})
_CHANNEL = "partner-chat"
_WORKSPACE = "brekwatch"

_STALL_SECONDS = 0.5  # a timer that fires so late says nothing of the API


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a step asks of one call: when to give up (`loop.time()`), which status codes are welcome."""

    deadline: float
    status_codes: frozenset[int]
    auth: AuthHeader | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    operation: Operation
    method: str
    url: httpx.URL
    body: bytes = b""
    idempotency_key: str | None = None
    retryable: bool = True
    may_book: bool = False
    text: str | None = None
    kind: str | None = None
    carries_key: bool = True


@dataclass(slots=True)
class Conversation:
    """What the client knows of the session that it leads."""

    actor_id: str
    timezone_offset_minutes: int
    session_id: str | None = None
    chat_status: str | None = None
    confirmation_seen: bool = False
    sequence: int = 0
    findings: list[Finding] = field(default_factory=list)


@lru_cache(maxsize=512)
def _url(url: str) -> httpx.URL:
    return httpx.URL(url)


def authorise(target: Target, style: AuthHeader, url: httpx.URL) -> tuple[str, str]:
    """The header that carries the key, for a URL of the target's own origin.

    Raises ValueError for any other origin: the key never goes elsewhere.
    """
    if Origin.of(str(url)) != Origin.of(target.base_url):
        raise ValueError("the partner key goes to its own target only")
    key = target.api_key.reveal()
    return style.value, f"Bearer {key}" if style is AuthHeader.AUTHORIZATION else key


class CoreChatClient:
    """Plays one run's conversation over one transport. Not for use by two tasks at once."""

    def __init__(
        self,
        target: Target,
        transport: Transport,
        *,
        start: RunStart,
        conversation: Conversation,
        ledger: Ledger,
        guard: ProductionGuard,
        tell: Callable[[Exchange], None],
        tell_fault: Callable[[FaultKind, str, BaseException], None],
        uniform: Callable[[float, float], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._target = target
        self._transport = transport
        self._start = start
        self._ledger = ledger
        self._guard = guard
        self._tell = tell
        self._tell_fault = tell_fault
        self._uniform = uniform
        self._now = now
        self._sleep = sleep
        self._base = target.base_url.rstrip("/") + _BASE_PATH
        self.conversation = conversation

    async def create_session(self, call: Call) -> tuple[Exchange, ...]:
        """POST /sessions for the run's actor; a success becomes the session that later calls speak of."""
        actor = {
            "actorId": self.conversation.actor_id,
            "timezoneOffsetMinutes": self.conversation.timezone_offset_minutes,
        }
        body = {
            "actor": actor,
            "channel": {"workspaceId": _WORKSPACE},
            "conversation": {"channelId": _CHANNEL},
        }
        request = self._api_request(Operation.CREATE_SESSION, "POST", "/sessions", body)
        exchanges = await self._play(request, call)
        answer = exchanges[-1].answer
        if answer is not None and answer.status_code in {200, 201} and answer.session_id:
            self.conversation.session_id = answer.session_id
            self.conversation.chat_status = None
            self.conversation.confirmation_seen = False
        return exchanges

    async def say(self, text: str, call: Call, *, action: str) -> tuple[Exchange, ...]:
        """One user turn by text: POST /events. `action` names it in the idempotency key."""
        return await self._turn({"text": text}, call, action=action, text=text)

    async def act(self, kind: str, payload: Mapping[str, object], call: Call, *, action: str) -> tuple[Exchange, ...]:
        """One explicit action: POST /events with `kind`, and `payload` if there is one."""
        said: dict[str, object] = {"kind": kind, "payload": dict(payload)} if payload else {"kind": kind}
        return await self._turn(said, call, action=action, kind=kind)

    async def read_session(self, call: Call) -> tuple[Exchange, ...]:
        """GET /sessions/{sessionId}."""
        path = f"/sessions/{quote(self.conversation.session_id or 'none', safe='')}"
        return await self._play(self._api_request(Operation.GET_SESSION, "GET", path), call)

    async def attach_card(self, body: Mapping[str, object], call: Call) -> tuple[Exchange, ...]:
        """The guide's step 4, at the operator's attach URL. The partner key never goes there.

        A token may be good only once, so nothing is repeated.
        """
        if self._target.portal is None:
            raise ValueError("a target without a portal attaches no card")
        request = _Request(
            operation=Operation.ATTACH_CARD,
            method="POST",
            url=_url(self._target.portal.attach_url),
            body=orjson.dumps(body),
            retryable=False,
            carries_key=False,
        )
        return await self._play(request, call)

    @property
    def may_book_next(self) -> bool:
        """Whether the next turn may book: the session has asked for consent."""
        return self.conversation.confirmation_seen

    async def _turn(
        self,
        said: Mapping[str, object],
        call: Call,
        *,
        action: str,
        text: str | None = None,
        kind: str | None = None,
    ) -> tuple[Exchange, ...]:
        conversation = self.conversation
        conversation.sequence += 1
        session_id = conversation.session_id or ""
        key = f"{self._target.partner}:{session_id}:{action}:{conversation.sequence:03d}"
        body = {
            "sessionId": session_id,
            "actor": {"actorId": conversation.actor_id},
            **said,
            "idempotencyKey": key,
        }
        writes = kind in WRITE_KINDS or conversation.confirmation_seen
        request = self._api_request(
            Operation.SEND_EVENT,
            "POST",
            "/events",
            body,
            idempotency_key=key,
            retryable=not writes,
            may_book=writes,
            text=text,
            kind=kind,
        )
        self._guard.check(request.operation, text=text, kind=kind)
        await self._promise(request, call)
        return await self._play(request, call)

    async def _promise(self, request: _Request, call: Call) -> None:
        """Lets the ledger know the key before the first byte (decision 4).

        Only what leaves a booking depends on it; taking one back never does.
        """
        intent = Intent(
            run_id=self._start.run_id,
            target=self._target.name,
            session_id=self.conversation.session_id or "",
            idempotency_key=request.idempotency_key or "",
            body=request.body,
        )
        try:
            async with asyncio.timeout_at(call.deadline):
                await self._ledger.intend(intent)
        except TimeoutError:
            raise LedgerUnavailableError("the ledger did not answer before the step's deadline") from None
        except LedgerUnavailableError as problem:
            if self._start.leaves is Leaves.BOOKING and request.kind != WriteKind.CANCEL_BOOKING:
                raise
            self._tell_fault(FaultKind.JOURNAL, str(problem), problem)

    def _api_request(
        self,
        operation: Operation,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        idempotency_key: str | None = None,
        retryable: bool = True,
        may_book: bool = False,
        text: str | None = None,
        kind: str | None = None,
    ) -> _Request:
        return _Request(
            operation=operation,
            method=method,
            url=_url(self._base + path),
            body=b"" if body is None else orjson.dumps(body),
            idempotency_key=idempotency_key,
            retryable=retryable,
            may_book=may_book,
            text=text,
            kind=kind,
        )

    def _wire_request(self, request: _Request, call: Call) -> httpx.Request:
        headers = [("host", request.url.netloc.decode("ascii")), *_OWN_HEADERS]
        if request.body:
            headers += [("content-type", "application/json"), ("content-length", str(len(request.body)))]
        if request.carries_key:
            headers.append(authorise(self._target, call.auth or self._target.auth_header, request.url))
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions={"deadline": call.deadline, "once": not request.retryable},
        )

    async def _play(self, request: _Request, call: Call) -> tuple[Exchange, ...]:
        """Sends until there is an answer to keep: 429 and 5xx are repeated, at most twice.

        An answer that asks for consent, or says `booked`, ends that, whatever its status code (decision 4).
        """
        loop = asyncio.get_running_loop()
        consent_asked = self.conversation.confirmation_seen
        exchanges: list[Exchange] = []
        while True:
            self._guard.check(request.operation, text=request.text, kind=request.kind)
            exchange = await self._attempt(request, call, attempt=len(exchanges) + 1)
            exchanges.append(exchange)
            if not request.retryable or exchange.expected or exchange.answer is None:
                return tuple(exchanges)
            if self.conversation.confirmation_seen and not consent_asked:
                return tuple(exchanges)
            pause = pause_seconds(
                exchange.answer,
                attempt=exchange.attempt,
                left=call.deadline - loop.time(),
                uniform=self._uniform,
            )
            if pause is None:
                return tuple(exchanges)
            await self._sleep(pause)

    async def _attempt(self, request: _Request, call: Call, *, attempt: int) -> Exchange:
        started_at = self._now()
        wire_request = self._wire_request(request, call)
        try:
            response = await self._send(wire_request, request)
        except TransportFailure as lost:
            exchange = Exchange(
                operation=request.operation,
                attempt=attempt,
                method=request.method,
                path=request.url.path,
                started_at=started_at,
                duration_seconds=lost.duration_seconds,
                phases=lost.phases,
                expected=False,
                request_body=request.body,
                idempotency_key=request.idempotency_key,
                failure=Failure(kind=lost.kind, expected="an answer", observed=lost.detail),
                own_key=request.carries_key,
                own_style=call.auth in {None, self._target.auth_header},
            )
        else:
            exchange = self._exchange_of(request, response, call, attempt=attempt, started_at=started_at)
        self._tell(exchange)
        late_seconds = asyncio.get_running_loop().time() - call.deadline
        if exchange.answer is None and late_seconds > _STALL_SECONDS:
            raise StalledError(f"this process stood still and noticed a deadline {late_seconds:.1f} s too late")
        return exchange

    async def _send(self, wire_request: httpx.Request, request: _Request) -> httpx.Response:
        """One attempt; a kept connection that died unheard is dialled anew, once (decision 4)."""
        try:
            return await self._transport.handle_async_request(wire_request)
        except TransportFailure as lost:
            unheard = lost.kept and not lost.first_byte_seen and lost.kind is FailureKind.RESET
            if not unheard or not request.retryable:
                raise
        self.conversation.findings.append(
            Finding(
                kind=FindingKind.KEPT_CONNECTION_DIED,
                detail="a kept connection ended before the answer began; sent once more, same bytes",
                operation=request.operation,
            )
        )
        return await self._transport.handle_async_request(wire_request)

    def _exchange_of(
        self, request: _Request, response: httpx.Response, call: Call, *, attempt: int, started_at: datetime
    ) -> Exchange:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        answer = answers.read(response.status_code, headers, response.content, now=self._now())
        self._remember(request.operation, answer)
        request_id = correlation.request_id_state(request.operation, answer)
        trace_id = correlation.trace_id_state(request.operation, answer)
        self.conversation.findings += (
            *contract.findings(request.operation, answer),
            *contract.correlation_findings(request.operation, request_id, trace_id),
        )
        return Exchange(
            operation=request.operation,
            attempt=attempt,
            method=request.method,
            path=request.url.path,
            started_at=started_at,
            duration_seconds=response.extensions["duration_seconds"],
            phases=response.extensions["phases"],
            expected=answer.status_code in call.status_codes,
            request_body=request.body,
            idempotency_key=request.idempotency_key,
            answer=answer,
            request_id_state=request_id,
            trace_id_state=trace_id,
            own_key=request.carries_key,
            own_style=call.auth in {None, self._target.auth_header},
            certificate_expires_at=response.extensions["certificate_expires_at"],
        )

    def _remember(self, operation: Operation, answer: Answer) -> None:
        shown = {answer.chat_status} if operation is Operation.SEND_EVENT else set(answers.event_statuses(answer))
        if shown & _CONSENT_ASKED:
            self._guard.saw_confirmation()
            self.conversation.confirmation_seen = True
