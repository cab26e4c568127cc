"""One exchange as its bytes pass by: noted down raw, and only for as long as it is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from probes.readiness.evidence import Headers
from probes.readiness.proxy.contents import MAX_BODY_BYTES
from probes.readiness.words import Lost, SituationName
from probes.redaction import Secret
from probes.words import AuthHeader

_MARGIN_BYTES = 4096  # a secret that stands across the bound is found whole, masked, and cut then


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Arrival:
    """The head of a request. Header names are in lower case; moments are seconds since the audit began."""

    method: str
    target: str
    headers: Headers
    began_seconds: float
    over_tls: bool
    from_loopback: bool

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyFacts:
    """What rules need to know of the keys of a request."""

    styles: tuple[AuthHeader, ...]
    number: int | None
    in_url: bool
    named: tuple[Secret, ...]


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Recording:
    """An exchange under way. Whoever passes bytes on tells it what, and when it is over.

    `over` is called once, when nothing more will come; `left_out` where it turned out to be no exchange with the API.
    """

    number: int
    arrival: Arrival
    started_at: datetime
    situation: SituationName | None
    keys: KeyFacts
    clock: Callable[[], float]
    over: Callable[[Recording], None]
    left_out: Callable[[Recording], None]
    body: bytearray = field(default_factory=bytearray)
    answer_body: bytearray = field(default_factory=bytearray)
    received_seconds: float | None = None
    heard_seconds: float = 0.0
    status_code: int | None = None
    answer_headers: Headers = ()
    ended_seconds: float | None = None
    lost: Lost | None = None

    @property
    def size(self) -> int:
        """Bytes of both bodies, as far as they were noted."""
        return len(self.body) + len(self.answer_body)

    def request_piece(self, data: bytes) -> None:
        """A piece of the request's body came."""
        self.heard_seconds = self.clock()
        _keep(self.body, data)

    def request_whole(self) -> None:
        """The request's last byte came."""
        self.received_seconds = self.clock()

    def answer_head(self, status_code: int, headers: Headers) -> None:
        """The head of the final answer was handed over."""
        self.status_code = status_code
        self.answer_headers = headers

    def answer_piece(self, data: bytes) -> None:
        """A piece of the answer was handed over."""
        _keep(self.answer_body, data)

    def answer_whole(self) -> None:
        """The answer's last byte was handed over."""
        self.ended_seconds = self.clock()

    def end(self) -> None:
        """Both sides have said all."""
        self.over(self)

    def lose(self, lost: Lost) -> None:
        """It broke off; one whose answer was handed over whole is not lost."""
        if self.ended_seconds is None:
            self.lost, self.ended_seconds = lost, self.clock()
        self.over(self)

    def leave_out(self) -> None:
        """The API never saw it."""
        self.left_out(self)


def _keep(kept: bytearray, data: bytes) -> None:
    room = MAX_BODY_BYTES + _MARGIN_BYTES - len(kept)
    if room > 0:
        kept += data[:room]
