"""The sandbox without its wire: a request in, an answer or a misbehaviour out.

The life of a request: its route, a fault before the effect, the key and its quota, the endpoint's plan,
again a fault before the effect (now that the kind of turn is known), the effect, a fault after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from random import Random

from probes.sandbox.answers import Answer, RefusedRequestError, gateway, validation
from probes.sandbox.control import CONTROL_PATH, Control
from probes.sandbox.endpoints import Endpoints, Plan, Visit
from probes.sandbox.faults import FaultBoard, Moment
from probes.sandbox.ids import IdSource
from probes.sandbox.portal import Portal
from probes.sandbox.quota import MinuteQuota
from probes.sandbox.replies import Reply
from probes.sandbox.requests import InvalidFieldError, MalformedError, Request
from probes.sandbox.script import Script
from probes.sandbox.spoiling import Scene
from probes.sandbox.state import State
from probes.sandbox.tenants import Tenant, invalid_key, key_in, missing_key
from probes.sandbox.words import DocumentStep
from probes.words import ErrorCode, Operation

BASE_PATH = "/api/partner/v1/core-chat"
ATTACH_PATH = "/portal/api/attach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a request leads. `step` is what a fault may name; None for pages and the switch, which know no faults."""

    plan: Callable[[Visit], Plan]
    step: Operation | DocumentStep | None = None
    needs_key: bool = False


Methods = Mapping[str, Route]


class _FaultyReplyError(Exception):
    """A fault speaks before anything took effect; raised and caught in this module only."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class SandboxApp:
    """Brek's Core Chat API, the portal and the files, over one memory."""

    def __init__(
        self,
        *,
        api_keys: Mapping[str, Tenant],
        minute_quota: int,
        faults: Iterable[str],
        slow_seconds: float,
        now: Callable[[], float],
        random: Random,
        script: Script | None = None,
    ) -> None:
        self.state = State(script.cards_of if script else None)
        self.faults = FaultBoard(faults)
        self._script = script
        self._slow_seconds = slow_seconds
        self._api_keys = api_keys
        self._quota = MinuteQuota(minute_quota, now)
        self._ids = IdSource(now, random)
        endpoints = Endpoints(self.state, self._ids, now)
        portal = Portal(self.state, now)
        create = Route(plan=endpoints.create_session, step=Operation.CREATE_SESSION, needs_key=True)
        send = Route(plan=endpoints.send_event, step=Operation.SEND_EVENT, needs_key=True)
        read = Route(plan=endpoints.read_session, step=Operation.GET_SESSION, needs_key=True)
        attach = Route(plan=portal.attach, step=Operation.ATTACH_CARD)
        control = Control(self.faults)
        self._paths: Mapping[str, Methods] = {
            f"{BASE_PATH}/sessions": {"POST": create},
            f"{BASE_PATH}/events": {"POST": send},
            ATTACH_PATH: {"POST": attach},
            "/openapi/partner-core-chat-v1.yaml": {
                "GET": _file_route(DocumentStep.OPENAPI, "openapi.yaml", b"application/yaml")
            },
            "/llms.txt": {"GET": _file_route(DocumentStep.LLMS, "llms.txt", b"text/plain; charset=utf-8")},
            CONTROL_PATH: {
                "GET": Route(plan=control.show),
                "PUT": Route(plan=control.arm),
                "DELETE": Route(plan=control.clear),
            },
        }
        self._prefixes: tuple[tuple[str, Methods], ...] = (
            (f"{BASE_PATH}/sessions/", {"GET": read}),
            ("/portal/setup/", {"GET": Route(plan=portal.setup_page), "POST": Route(plan=portal.submit)}),
            ("/portal/bookings/", {"GET": Route(plan=portal.booking_page)}),
        )

    def answer(self, request: Request) -> tuple[Reply, str]:
        """The reply and its request id."""
        visit = Visit(request=request, request_id=self._ids.uuid())
        try:
            route = self._route(visit)
        except RefusedRequestError as refused:
            return refused.answer, visit.request_id
        try:
            answer = self._true_answer(visit, route)
        except _FaultyReplyError as fault:
            return fault.reply, visit.request_id
        if route.step is not None:
            scene = self._scene(visit, answer, is_turn=visit.step is not None)
            steps = (route.step, visit.step) if visit.step else (route.step,)
            lost = self._strike(Moment.AFTER, scene, *steps)
            if lost is not None:
                return lost, visit.request_id
        return answer, visit.request_id

    def refuse(self, status_code: int, code: str, error: str) -> tuple[Answer, str]:
        """The answer to bytes that are no request at all, or too many."""
        request_id = self._ids.uuid()
        return gateway(status_code, code, error, request_id), request_id

    def _route(self, visit: Visit) -> Route:
        path = visit.request.target.partition("?")[0]
        methods = self._paths.get(path)
        if methods is None:
            prefix, methods = next((known for known in self._prefixes if path.startswith(known[0])), ("", None))
            visit.rest = path[len(prefix) :]
        if methods is None or "/" in visit.rest:
            raise RefusedRequestError(gateway(404, "not_found", "There is no such path.", visit.request_id))
        method = visit.request.method
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            answered = [*methods, *(["HEAD"] if "GET" in methods else [])]
            allow = ((b"allow", ", ".join(answered).encode()),)
            text = f"This path answers {' and '.join(answered)} only."
            raise RefusedRequestError(gateway(405, "method_not_allowed", text, visit.request_id, allow))
        return route

    def _true_answer(self, visit: Visit, route: Route) -> Answer:
        """What the API would say; raises _FaultyReplyError if a fault speaks before the effect."""
        try:
            if route.step is not None:
                self._before(visit, route.step)
            if route.needs_key:
                self._let_in(visit)
            plan = route.plan(visit)
            if plan.step is not None:
                visit.step = plan.step
                self._before(visit, plan.step)
            answer = plan.act()
        except RefusedRequestError as refused:
            answer = refused.answer
        except MalformedError as problem:
            answer = gateway(400, ErrorCode.INVALID_REQUEST, str(problem), visit.request_id)
        except InvalidFieldError as problem:
            answer = validation(400, str(problem), visit.request_id)
        return replace(answer, headers=(*visit.headers, *answer.headers)) if visit.headers else answer

    def _before(self, visit: Visit, step: str) -> None:
        reply = self._strike(Moment.BEFORE, self._scene(visit, None), step)
        if reply is not None:
            raise _FaultyReplyError(reply)

    def _strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        reply = self.faults.strike(moment, scene, *steps)
        return self._script.strike(moment, scene, *steps) if reply is None and self._script else reply

    def _scene(self, visit: Visit, answer: Answer | None, *, is_turn: bool = False) -> Scene:
        return Scene(
            request_id=visit.request_id,
            minute_quota=self._quota.limit,
            slow_seconds=self._slow_seconds,
            target=visit.request.target,
            key=key_in(visit.request.headers),
            answer=answer,
            is_turn=is_turn,
            body=visit.request.body,
        )

    def _let_in(self, visit: Visit) -> None:
        """Key, then quota; raises RefusedRequestError. Early refusals carry no headers but x-request-id."""
        key = key_in(visit.request.headers)
        if key is None:
            raise RefusedRequestError(missing_key(visit.request_id))
        tenant = self._api_keys.get(key)
        if tenant is None:
            raise RefusedRequestError(invalid_key(visit.request_id))
        visit.tenant = tenant
        allowance = self._quota.spend(key)
        visit.headers = ((b"x-partner-id", tenant.partner_id.encode()), *allowance.headers)
        if allowance.retry_after_seconds:
            text = f"Rate limit exceeded. Try again in {allowance.retry_after_seconds} seconds."
            raise RefusedRequestError(gateway(429, ErrorCode.RATE_LIMITED, text, visit.request_id))


@cache
def _file(name: str, content_type: bytes) -> Answer:
    content = files("probes.sandbox").joinpath(name).read_bytes()
    return Answer(status_code=200, body=content, content_type=content_type)


def _file_route(step: DocumentStep, name: str, content_type: bytes) -> Route:
    return Route(plan=lambda _visit: Plan(act=partial(_file, name, content_type)), step=step)
