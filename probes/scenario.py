"""A scenario as data: a named conversation, its steps and what each expects (design.md, section 4).

These are the frozen objects that the runner plays; `probes.scenario_files` reads them from YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from probes.words import (
    WRITE_KINDS,
    AuthHeader,
    ChatStatus,
    Envelope,
    Leaves,
    Operation,
    OtherKey,
    OtherSession,
    Published,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSession:
    """POST /sessions, for the run's actor."""

    operation: ClassVar[Operation] = Operation.CREATE_SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A turn by text: POST /events. `text` is a template."""

    operation: ClassVar[Operation] = Operation.SEND_EVENT

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A turn by kind: POST /events. Strings inside `payload` are templates."""

    operation: ClassVar[Operation] = Operation.SEND_EVENT

    kind: str
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachCard:
    """The portal's part (the guide's step 4); `card` is a name of `probes.cards`, None the target's test card."""

    operation: ClassVar[Operation] = Operation.ATTACH_CARD

    card: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSession:
    """GET /sessions/{sessionId}."""

    operation: ClassVar[Operation] = Operation.GET_SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """GET of a machine-readable resource, which needs no key (the guide's "Machine-readable resources")."""

    document: Published

    @property
    def operation(self) -> Operation:
        """What metrics call it."""
        return Operation.GET_OPENAPI if self.document is Published.OPENAPI else Operation.GET_LLMS


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCall:
    """A deliberately wrong POST: a JSON body with templates in it, or a text that is sent as it is."""

    operation: Operation
    body: Mapping[str, object] | str

    @property
    def kind(self) -> object:
        """The event kind in its body, if it has one."""
        return None if isinstance(self.body, str) else self.body.get("kind")


Request = CreateSession | Say | Act | AttachCard | ReadSession | Fetch | WrongCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The same bytes and key as an earlier step's, once more. `request` is what that step asked for."""

    step: str
    request: Request

    @property
    def operation(self) -> Operation:
        """That of the earlier step."""
        return self.request.operation


Action = Request | Repeat


def write_kind(action: Action) -> str | None:
    """The write kind that an action sends, if it sends one: the API demands an idempotency key for it."""
    request = action.request if isinstance(action, Repeat) else action
    kind = request.kind if isinstance(request, Act | WrongCall) else None
    return kind if isinstance(kind, str) and kind in WRITE_KINDS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a step's answer must be. An empty field demands nothing beyond the action's default.

    `codes` may hold `NO_CODE`. `same` and `new` are values of earlier steps, as `search.shortlist[0].optionId`: this
    answer must have the same value at that path, or another one.
    """

    status_codes: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    chat_statuses: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    within_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action, its name and its expectations. `line` is where it stands in its file.

    The options make a request other than a good client's, on purpose: another header or key (`auth`), an actor who
    does not own the session, a session that is not ours, fields of the body that are left out (`omit`, dotted paths).
    """

    name: str
    action: Action
    expect: Expect = field(default_factory=Expect)
    auth: AuthHeader | OtherKey | None = None
    other_actor: bool = False
    session: OtherSession | None = None
    omit: tuple[str, ...] = ()
    line: int = 0

    @property
    def needs_other_key(self) -> bool:
        """Whether it can only be played where another tenant's key is configured."""
        return self.auth is OtherKey.OTHER or self.session is OtherSession.OTHER

    @property
    def makes_own_session(self) -> bool:
        """Whether it is meant to begin a session of the run's own."""
        plain = self.auth is None or isinstance(self.auth, AuthHeader)
        return isinstance(self.action, CreateSession) and plain and not self.omit


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named conversation. `source` is the file that it came from, for messages, and `text` what stands in it."""

    name: str
    title: str
    leaves: Leaves
    steps: tuple[Step, ...]
    cleanup: tuple[Step, ...] = ()
    source: str = ""
    text: str = field(default="", compare=False, repr=False)

    @property
    def attaches_card(self) -> bool:
        """Whether it needs the payment portal."""
        return any(isinstance(step.action, AttachCard) for step in self.steps)

    @property
    def writes(self) -> bool:
        """Whether a step (cleanup aside) sends a write kind."""
        return any(write_kind(step.action) for step in self.steps)

    @property
    def bookings(self) -> int:
        """How many bookings it means to make, if it leaves any: the turns that are to end as `booked`."""
        if self.leaves is not Leaves.BOOKING:
            return 0
        makes = (step for step in self.steps if step.action.operation is Operation.SEND_EVENT)
        meant = [step for step in makes if not isinstance(step.action, Repeat)]
        return max(1, sum(ChatStatus.BOOKED in step.expect.chat_statuses for step in meant))
