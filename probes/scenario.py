"""A scenario as data: a named conversation, its steps and what each expects (design.md, section 4).

These are the frozen objects that the runner plays; `probes.scenario_files` reads them from YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from probes.words import WRITE_KINDS, AuthHeader, Envelope, Leaves, Operation


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

    @property
    def writes(self) -> bool:
        """Whether the API demands an idempotency key for it."""
        return self.kind in WRITE_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachCard:
    """The portal's part (the guide's step 4); `card` is a name of `probes.cards`, None the target's test card."""

    operation: ClassVar[Operation] = Operation.ATTACH_CARD

    card: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSession:
    """GET /sessions/{sessionId}."""

    operation: ClassVar[Operation] = Operation.GET_SESSION


Action = CreateSession | Say | Act | AttachCard | ReadSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a step's answer must be. An empty field demands nothing beyond the action's default."""

    status_codes: tuple[int, ...] = ()
    code: str | None = None
    envelope: Envelope | None = None
    chat_statuses: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    within_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action, its name and its expectations. `line` is where it stands in its file."""

    name: str
    action: Action
    expect: Expect = field(default_factory=Expect)
    auth: AuthHeader | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named conversation. `source` is the file that it came from, for messages."""

    name: str
    title: str
    leaves: Leaves
    steps: tuple[Step, ...]
    cleanup: tuple[Step, ...] = ()
    source: str = ""

    @property
    def attaches_card(self) -> bool:
        """Whether it needs the payment portal."""
        return any(isinstance(step.action, AttachCard) for step in self.steps)

    @property
    def writes(self) -> bool:
        """Whether a step (cleanup aside) sends a write kind."""
        return any(isinstance(step.action, Act) and step.action.writes for step in self.steps)
