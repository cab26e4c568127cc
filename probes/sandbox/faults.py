"""The misbehaviours that the sandbox can show: a table, one entry a fault.

A fault says when in the life of a request it acts: before anything took effect, or after, when only the
answer is lost or wrong. A spec is `NAME`, for every API request, or `NAME@STEP`, for one kind of turn, one
operation, or one of the files beside the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from probes.errors import UsageError
from probes.redaction import printable
from probes.sandbox import spoiling
from probes.sandbox.replies import Reply, Silence
from probes.sandbox.spoiling import Scene, any_answer, good_answer, good_turn
from probes.sandbox.tenants import invalid_key, missing_key
from probes.sandbox.words import DocumentStep, FaultName, TurnKind
from probes.words import Operation

_API_OPERATIONS = (Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION, Operation.ATTACH_CARD)
STEPS: tuple[str, ...] = (*TurnKind, *_API_OPERATIONS, *DocumentStep)
_DOCUMENTS = frozenset[str](DocumentStep)


class Moment(StrEnum):
    """When a fault acts."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the table: its meaning in a line, its moment, and what it makes of the answer."""

    name: FaultName
    meaning: str
    moment: Moment
    reply: Callable[[Scene], Reply | None]


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
        name=FaultName.KEY_ECHOED,
        meaning="403 whose text repeats the caller's key; nothing takes effect",
        moment=Moment.BEFORE,
        reply=spoiling.key_echoed,
    ),
    Fault(
        name=FaultName.RATE_LIMITED,
        meaning="429 with retry-after; nothing takes effect",
        moment=Moment.BEFORE,
        reply=spoiling.rate_limited,
    ),
    Fault(
        name=FaultName.RATE_LIMITED_BARE,
        meaning="429 without retry-after; nothing takes effect",
        moment=Moment.BEFORE,
        reply=spoiling.rate_limited_bare,
    ),
    Fault(
        name=FaultName.REDIRECT,
        meaning="307 to the same path of a foreign origin; nothing takes effect",
        moment=Moment.BEFORE,
        reply=spoiling.redirect,
    ),
    Fault(
        name=FaultName.SERVER_ERROR,
        meaning="500 after the request took effect",
        moment=Moment.AFTER,
        reply=spoiling.server_error,
    ),
    Fault(
        name=FaultName.SERVER_ERROR_BEFORE,
        meaning="500 before anything takes effect",
        moment=Moment.BEFORE,
        reply=spoiling.server_error,
    ),
    Fault(
        name=FaultName.SERVER_ERROR_VALIDATION,
        meaning="504 in the validation envelope, after the request took effect",
        moment=Moment.AFTER,
        reply=spoiling.server_error_validation,
    ),
    Fault(
        name=FaultName.SERVER_ERROR_HTML,
        meaning="502 as a page of HTML, after the request took effect",
        moment=Moment.AFTER,
        reply=spoiling.server_error_html,
    ),
    Fault(
        name=FaultName.SLOW,
        meaning="the true answer, some seconds late",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.slow),
    ),
    Fault(
        name=FaultName.HANG,
        meaning="the request takes effect, and no answer ever comes",
        moment=Moment.AFTER,
        reply=lambda _scene: Silence.HANG,
    ),
    Fault(
        name=FaultName.DRIP,
        meaning="the answer's head, then its body ten bytes a second, and no end",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.drip),
    ),
    Fault(
        name=FaultName.RESET,
        meaning="the request takes effect, then the connection is reset",
        moment=Moment.AFTER,
        reply=lambda _scene: Silence.RESET,
    ),
    Fault(
        name=FaultName.TRUNCATED,
        meaning="half of the body that content-length promised, then the connection is closed",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.truncated),
    ),
    Fault(
        name=FaultName.HUGE_BODY,
        meaning="the true body, then spaces without end for as long as the client reads",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.huge_body),
    ),
    Fault(
        name=FaultName.DECOMPRESSION_BOMB,
        meaning="content-encoding gzip, and 32 KiB that expand to 32 MiB",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.decompression_bomb),
    ),
    Fault(
        name=FaultName.NOT_JSON,
        meaning="a good answer comes as a page of HTML that is labelled application/json",
        moment=Moment.AFTER,
        reply=good_answer(spoiling.not_json),
    ),
    Fault(
        name=FaultName.WRONG_CONTENT_TYPE,
        meaning="a good answer's JSON is labelled text/plain",
        moment=Moment.AFTER,
        reply=good_answer(spoiling.wrong_content_type),
    ),
    Fault(
        name=FaultName.WRONG_STATUS,
        meaning="a turn's 200 tells another result.status than the truth; any other good answer comes as HTTP 418",
        moment=Moment.AFTER,
        reply=good_answer(spoiling.wrong_status),
    ),
    Fault(
        name=FaultName.EARLY_BOOKED,
        meaning="a turn says booked, whatever was booked",
        moment=Moment.AFTER,
        reply=good_turn(spoiling.say_booked),
    ),
    Fault(
        name=FaultName.MISSING_ARTIFACT,
        meaning="a turn's artifacts are left out",
        moment=Moment.AFTER,
        reply=good_turn(spoiling.drop_artifacts),
    ),
    Fault(
        name=FaultName.OTHER_SESSION,
        meaning="a good answer names another session wherever it named the caller's",
        moment=Moment.AFTER,
        reply=good_answer(spoiling.other_session),
    ),
    Fault(
        name=FaultName.MISSING_HEADERS,
        meaning="an answer, a refusal too, comes without x-request-id, quota and partner headers",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.missing_headers),
    ),
    Fault(
        name=FaultName.MISMATCHED_IDS,
        meaning="an error's requestId isn't that of its header, a turn's traceId names another session",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.mismatched_ids),
    ),
    Fault(
        name=FaultName.MARKUP,
        meaning="message and error texts hold HTML, terminal codes, line breaks and bidi marks",
        moment=Moment.AFTER,
        reply=any_answer(spoiling.markup),
    ),
)
_LONGEST_SHOWN = 40
_BY_NAME = {fault.name.value: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class ArmedFault:
    """A fault that is switched on, for one step or, without one, for every API request."""

    fault: Fault
    step: str | None

    @property
    def spec(self) -> str:
        """As people write it."""
        return f"{self.fault.name}@{self.step}" if self.step else self.fault.name.value

    def hits(self, steps: tuple[str, ...]) -> bool:
        """Whether a request that is these steps is hit."""
        return self.step in steps or (self.step is None and _DOCUMENTS.isdisjoint(steps))


def parse_fault(spec: str) -> ArmedFault:
    """A fault as people write it; raises UsageError with the nearest name and the known ones."""
    name, at, step = spec.strip().partition("@")
    if name not in _BY_NAME:
        raise UsageError(f"there is no fault {_shown(name)}; {_nearest(name, tuple(_BY_NAME))}")
    if at and step not in STEPS:
        raise UsageError(f"fault {name!r} can't act at {_shown(step)}; {_nearest(step, STEPS)}")
    return ArmedFault(_BY_NAME[name], step or None)


def _shown(word: str) -> str:
    return repr(printable(word, _LONGEST_SHOWN))


def _nearest(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word[:_LONGEST_SHOWN], known, n=1)
    return (f"did you mean '{near[0]}'? " if near else "") + f"known are {', '.join(known)}"


class FaultBoard:
    """The faults that are on. Of several that fit a request, the first one counts."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._armed: tuple[ArmedFault, ...] = ()
        self.arm(specs)

    def arm(self, specs: Iterable[str]) -> None:
        """Switch on these and no others; raises UsageError and changes nothing for an unknown one."""
        self._armed = tuple(parse_fault(spec) for spec in specs)

    @property
    def specs(self) -> tuple[str, ...]:
        """The faults that are on, as people write them."""
        return tuple(armed.spec for armed in self._armed)

    def strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        """What comes instead of the true answer, if a fault hits."""
        for armed in self._armed:
            if armed.fault.moment is moment and armed.hits(steps):
                return armed.fault.reply(scene)
        return None
