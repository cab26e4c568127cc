"""The client of one run: sends its requests by the guide's rules, and tells each attempt as a fact.

Design decisions 1 to 5 and 7. It never raises for what the API does: an attempt ends as an `Exchange`.
Below every scenario stands the production guard, and before every write the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import httpx

from probes import answers, contract, portal
from probes.correlation import SeenIds, Sender, correlate
from probes.errors import LedgerUnavailableError, StalledError
from probes.model import Answer, Exchange, Failure, Finding, Intent, Ledger, RunStart, Target
from probes.origin import Origin
from probes.redaction import Notice, Secret
from probes.requests import ApiRequest, Call, Conversation, Permit, Requests, authorise, permit_all
from probes.retries import pause_seconds
from probes.safety import ProductionGuard
from probes.transport import Transport, TransportFailure
from probes.words import (
    DOCUMENTED_REFUSALS,
    ChatStatus,
    Envelope,
    FailureKind,
    FaultKind,
    FindingKind,
    Leaves,
    Operation,
    OtherKey,
    Published,
    WriteKind,
)

_HARMLESS_STATUSES = frozenset(
    {
        ChatStatus.SHORTLIST,
        ChatStatus.GUEST_NAME_REQUIRED,
        ChatStatus.PAYMENT_SETUP_REQUIRED,
        ChatStatus.ERROR,
    }
)
_CONSENT_ASKED = frozenset({ChatStatus.PAYMENT_CONFIRMATION_REQUIRED, ChatStatus.BOOKED})

_STALL_SECONDS = 0.5  # a timer that fires so late says nothing of the API


def _shows_harmless(answer: Answer | None) -> bool:
    """Whether a turn's answer shows that nothing was booked and no consent asked for, by its status or as a refusal."""
    if answer is None:
        return False
    refused = answer.status_code in DOCUMENTED_REFUSALS and answer.envelope in {Envelope.GATEWAY, Envelope.VALIDATION}
    return refused or answer.chat_status in _HARMLESS_STATUSES


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
        notice: Notice,
        uniform: Callable[[float, float], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seen_ids: SeenIds | None = None,
        permit: Permit = permit_all,
    ) -> None:
        self._target = target
        self._transport = transport
        self._start = start
        self._ledger = ledger
        self._guard = guard
        self._seen_ids = SeenIds() if seen_ids is None else seen_ids
        self._origin = Origin.of(target.base_url)
        self._tell = tell
        self._tell_fault = tell_fault
        self._notice = notice
        self._permit = permit
        self._uniform = uniform
        self._now = now
        self._sleep = sleep
        self._requests = Requests(target, conversation)
        self._sent: dict[str, ApiRequest] = {}
        self.conversation = conversation

    async def create_session(self, call: Call) -> tuple[Exchange, ...]:
        """POST /sessions for the run's actor; a success becomes the session that later calls speak of."""
        return await self._play(self._requests.create_session(call), call)

    async def say(self, text: str, call: Call) -> tuple[Exchange, ...]:
        """One user turn by text: POST /events."""
        return await self._turn(self._requests.turn({"text": text}, call), call)

    async def act(self, kind: str, payload: Mapping[str, object], call: Call) -> tuple[Exchange, ...]:
        """One explicit action: POST /events with `kind`, and `payload` if there is one."""
        said: dict[str, object] = {"kind": kind, "payload": dict(payload)} if payload else {"kind": kind}
        return await self._turn(self._requests.turn(said, call), call)

    async def wrong_call(self, operation: Operation, body: object, call: Call) -> tuple[Exchange, ...]:
        """A deliberately wrong POST: a JSON value, or a text that is sent as it is."""
        request = self._requests.wrong_call(operation, body, call)
        return await (self._turn if operation is Operation.SEND_EVENT else self._play)(request, call)

    async def read_session(self, call: Call) -> tuple[Exchange, ...]:
        """GET /sessions/{sessionId}."""
        return await self._play(self._requests.read_session(call), call)

    async def fetch(self, document: Published, call: Call) -> tuple[Exchange, ...]:
        """GET of the OpenAPI file or of llms.txt. The partner key is not sent."""
        return await self._play(self._requests.fetch(document), call)

    async def repeat(self, step: str, call: Call) -> tuple[Exchange, ...]:
        """What that step sent, once more: the same bytes and key, which the ledger knows already."""
        return await self._play(self._requests.again(self._sent[step]), call)

    def session_sent(self, step: str) -> str | None:
        """The session that a step's request named, if it named one."""
        return self._sent[step].session_id

    async def attach_card(self, body: Mapping[str, object], call: Call) -> tuple[Exchange, ...]:
        """The guide's step 4, at the operator's attach URL. The partner key never goes there."""
        return await self._play(self._requests.attach_card(body), call)

    async def _turn(self, request: ApiRequest, call: Call) -> tuple[Exchange, ...]:
        self._check(request)
        await self._promise(request, call)
        return await self._play(request, call)

    def _check(self, request: ApiRequest) -> None:
        self._guard.check(request.operation, text=request.text, kind=request.kind, readable=request.readable)

    async def _promise(self, request: ApiRequest, call: Call) -> None:
        """Lets the ledger know the key before the first byte (decision 4).

        Only what leaves a booking depends on it; taking one back never does.
        """
        intent = Intent(
            run_id=self._start.run_id,
            target=self._target.name,
            session_id=request.session_id or "",
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
            if not problem.told:
                self._tell_fault(FaultKind.JOURNAL, str(problem), problem)

    def _wire_request(self, request: ApiRequest, call: Call) -> httpx.Request:
        headers = request.headers
        if request.carries_key:
            headers += authorise(self._target, request.auth, request.url)
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions={"deadline": call.deadline, "once": request.once},
        )

    async def _play(self, request: ApiRequest, call: Call) -> tuple[Exchange, ...]:
        """Sends it, and remembers for production whether a turn may have asked for consent where it doesn't show."""
        exchanges = await self._attempts(request, call)
        if request.operation is Operation.SEND_EVENT and not _shows_harmless(exchanges[-1].answer):
            self._guard.saw_confirmation()
        return exchanges

    async def _attempts(self, request: ApiRequest, call: Call) -> tuple[Exchange, ...]:
        """Sends until there is an answer to keep: 429 and 5xx are repeated, at most twice.

        An answer that asks for consent, or says `booked`, ends that, whatever its status code (decision 4).
        """
        self._sent[call.step] = request
        loop = asyncio.get_running_loop()
        consent_asked = self.conversation.confirmation_seen
        exchanges: list[Exchange] = []
        while True:
            self._check(request)
            exchange = await self._attempt(request, call, attempt=len(exchanges) + 1)
            exchanges.append(exchange)
            if request.once or exchange.expected or exchange.answer is None:
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

    async def _attempt(self, request: ApiRequest, call: Call, *, attempt: int) -> Exchange:
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
                asked_session_id=request.session_id,
                failure=Failure(kind=lost.kind, expected="an answer", observed=lost.detail),
                own_key=request.own_key,
                own_style=request.auth in {None, self._target.auth_header},
            )
        else:
            exchange = self._exchange_of(request, response, call, attempt=attempt, started_at=started_at)
        self._tell(exchange)
        late_seconds = asyncio.get_running_loop().time() - call.deadline
        if exchange.answer is None and late_seconds > _STALL_SECONDS:
            raise StalledError(f"this process stood still and noticed a deadline {late_seconds:.1f} s too late")
        return exchange

    async def _send(self, wire_request: httpx.Request, request: ApiRequest) -> httpx.Response:
        """One attempt; a kept connection that died unheard is dialled anew, once (decision 4)."""
        self._permit(request)
        try:
            return await self._transport.handle_async_request(wire_request)
        except TransportFailure as lost:
            unheard = lost.kept and not lost.first_byte_seen and lost.kind is FailureKind.RESET
            if not unheard or request.once:
                raise
        self.conversation.findings.append(
            Finding(
                kind=FindingKind.KEPT_CONNECTION_DIED,
                detail="a kept connection ended before the answer began; sent once more, same bytes",
                operation=request.operation,
            )
        )
        self._permit(request)
        return await self._transport.handle_async_request(wire_request)

    def _exchange_of(
        self, request: ApiRequest, response: httpx.Response, call: Call, *, attempt: int, started_at: datetime
    ) -> Exchange:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        answer = answers.read(response.status_code, headers, response.content, now=self._now())
        self._notice(map(Secret, portal.tokens_shown(answer)))
        self._remember(request, answer)
        ids = correlate(request.operation, answer, self._sender(request, call, attempt), self._seen_ids)
        self.conversation.findings += (*contract.findings(request.operation, answer), *ids.findings)
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
            asked_session_id=request.session_id,
            answer=answer,
            request_id_state=ids.request_id,
            trace_id_state=ids.trace_id,
            own_key=request.own_key,
            own_style=request.auth in {None, self._target.auth_header},
            certificate_expires_at=response.extensions["certificate_expires_at"],
        )

    def _sender(self, request: ApiRequest, call: Call, attempt: int) -> Sender:
        return Sender(
            origin=self._origin,
            run_id=self._start.run_id,
            step=call.step,
            attempt=attempt,
            idempotency_key=request.key_sent,
        )

    def _remember(self, request: ApiRequest, answer: Answer) -> None:
        operation = request.operation
        if operation is Operation.CREATE_SESSION:
            self._adopt(request, answer)
        shown = {answer.chat_status} if operation is Operation.SEND_EVENT else set(answers.event_statuses(answer))
        if shown & _CONSENT_ASKED:
            self._guard.saw_confirmation()
            self.conversation.confirmation_seen = True

    def _adopt(self, request: ApiRequest, answer: Answer) -> None:
        """A session that was asked for in earnest becomes the one that later calls speak of."""
        if not request.opens_session or answer.status_code not in {200, 201} or not answer.session_id:
            return
        if request.auth is OtherKey.OTHER:
            self.conversation.other_session_id = answer.session_id
        elif request.own_key:
            self.conversation.session_id = answer.session_id
            self.conversation.chat_status = None
            self.conversation.confirmation_seen = False
