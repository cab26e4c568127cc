"""What may come back for a request: an answer, one that is late or goes wrong on the wire, or silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from probes.sandbox.answers import Answer


class Silence(StrEnum):
    """What may come instead of an answer."""

    HANG = "hang"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An answer that is held back for so many seconds."""

    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The head of an answer, and a body in pieces; then the connection is closed.

    `announced_bytes` is what `content-length` promises, whatever comes; None sends the body in chunks. Between two
    pieces pass `pause_seconds`, and as long as the client takes to read. Pieces may be endless, and are read once.
    """

    head: Answer
    pieces: Iterator[bytes]
    announced_bytes: int | None = None
    pause_seconds: float = 0.0


Reply = Answer | Late | Stream | Silence


def status_code_of(reply: Reply) -> int | None:
    """The status code that the client is told; None for silence."""
    match reply:
        case Answer():
            return reply.status_code
        case Late():
            return reply.answer.status_code
        case Stream():
            return reply.head.status_code
        case Silence():
            return None
