"""The misbehaviours that the sandbox can show: a table, one entry a fault.

A fault says when in the life of a request it acts: before anything took effect, or after, when only the
answer is lost or wrong. A spec is `NAME`, for every API request, or `NAME@STEP`, for one kind of turn or one
operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from probes.errors import UsageError
from probes.sandbox.answers import Answer, gateway
from probes.sandbox.quota import Allowance
from probes.sandbox.tenants import invalid_key, missing_key
from probes.sandbox.words import FaultName, TurnKind
from probes.words import ChatStatus, ErrorCode, Operation

_RETRY_AFTER_SECONDS = 1
_API_OPERATIONS = (Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION, Operation.ATTACH_CARD)
STEPS: tuple[str, ...] = (*TurnKind, *_API_OPERATIONS)


class Moment(StrEnum):
    """When a fault acts."""

    BEFORE = "before"
    AFTER = "after"


class Silence(StrEnum):
    """What may come instead of an answer."""

    HANG = "hang"
    RESET = "reset"


Reply = Answer | Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault knows of the request: `answer` is the true one, None while nothing took effect."""

    request_id: str
    minute_quota: int
    answer: Answer | None = None
    is_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the table: its meaning in a line, its moment, and what it makes of the answer."""

    name: FaultName
    meaning: str
    moment: Moment
    reply: Callable[[Scene], Reply | None]


def _rate_limited(scene: Scene) -> Reply:
    allowance = Allowance(limit=scene.minute_quota, remaining=0, retry_after_seconds=_RETRY_AFTER_SECONDS)
    return gateway(429, ErrorCode.RATE_LIMITED, "Rate limit exceeded.", scene.request_id, allowance.headers)


def _server_error(scene: Scene) -> Reply:
    return gateway(500, "internal_error", "Internal server error.", scene.request_id)


def _wrong_status(scene: Scene) -> Reply | None:
    """Only good answers lie; a refusal stays what it is."""
    answer = scene.answer
    if answer is None or answer.status_code != 200:
        return None
    if not scene.is_turn:
        return replace(answer, status_code=418)
    body = orjson.loads(answer.body)
    result = body["data"]["result"]
    truth = result["status"]
    result["status"] = ChatStatus.GUEST_NAME_REQUIRED if truth == ChatStatus.SHORTLIST else ChatStatus.SHORTLIST
    return replace(answer, body=orjson.dumps(body))


FAULTS: tuple[Fault, ...] = (
    Fault(
        name=FaultName.AUTH_MISSING,
        meaning="401 as if the request carried no key; nothing takes effect",
        moment=Moment.BEFORE,
        reply=lambda scene: missing_key(scene.request_id),
    ),
    Fault(
        name=FaultName.AUTH_REJECTED,
        meaning="403 as if the key were unknown; nothing takes effect",
        moment=Moment.BEFORE,
        reply=lambda scene: invalid_key(scene.request_id),
    ),
    Fault(
        name=FaultName.RATE_LIMITED,
        meaning="429 with retry-after; nothing takes effect",
        moment=Moment.BEFORE,
        reply=_rate_limited,
    ),
    Fault(
        name=FaultName.SERVER_ERROR,
        meaning="500 after the request took effect",
        moment=Moment.AFTER,
        reply=_server_error,
    ),
    Fault(
        name=FaultName.SERVER_ERROR_BEFORE,
        meaning="500 before anything takes effect",
        moment=Moment.BEFORE,
        reply=_server_error,
    ),
    Fault(
        name=FaultName.HANG,
        meaning="the request takes effect, and no answer ever comes",
        moment=Moment.AFTER,
        reply=lambda _scene: Silence.HANG,
    ),
    Fault(
        name=FaultName.RESET,
        meaning="the request takes effect, then the connection is reset",
        moment=Moment.AFTER,
        reply=lambda _scene: Silence.RESET,
    ),
    Fault(
        name=FaultName.WRONG_STATUS,
        meaning="a turn's 200 tells another result.status than the truth; any other good answer comes as HTTP 418",
        moment=Moment.AFTER,
        reply=_wrong_status,
    ),
)
_BY_NAME = {fault.name.value: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault that is switched on, for one step or, without one, for every API request."""

    fault: Fault
    step: str | None

    def hits(self, steps: tuple[str, ...]) -> bool:
        """Whether a request that is these steps is hit."""
        return self.step is None or self.step in steps


def parse_fault(spec: str) -> ArmedFault:
    """A fault as people write it; raises UsageError with the known names."""
    name, at, step = spec.strip().partition("@")
    if name not in _BY_NAME:
        raise UsageError(f"there is no fault {name!r}; known are {', '.join(_BY_NAME)}")
    if at and step not in STEPS:
        raise UsageError(f"fault {name!r} can't act at {step!r}; known steps are {', '.join(STEPS)}")
    return ArmedFault(_BY_NAME[name], step or None)


class FaultBoard:
    """The faults that are on. Of several that fit a request, the first one counts."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._armed: tuple[ArmedFault, ...] = ()
        self.arm(specs)

    def arm(self, specs: Iterable[str]) -> None:
        """Switch on these and no others; raises UsageError and changes nothing for an unknown one."""
        self._armed = tuple(parse_fault(spec) for spec in specs)

    def strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        """What comes instead of the true answer, if a fault hits."""
        for armed in self._armed:
            if armed.fault.moment is moment and armed.hits(steps):
                return armed.fault.reply(scene)
        return None
