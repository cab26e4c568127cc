"""One HTTP attempt under way: how long each phase took, and how it may come to nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from enum import StrEnum

from probes.errors import LocalResourceError
from probes.model import Phases
from probes.words import FailureKind

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})

CERTIFICATE_REFUSED = "the certificate is not accepted"  # how a failed handshake is told begins with one of these three
HANDSHAKE_FAILED = "the TLS handshake failed"
HANDSHAKE_CUT = "the connection ended in the TLS handshake"


class Phase(StrEnum):
    """The parts of an attempt, in their order: the fields of `probes.model.Phases`."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    SEND = "send"
    WAIT = "wait"
    RECEIVE = "receive"


class Lost(Exception):  # noqa: N818 - how the other side ended an attempt, no mistake of ours
    """An attempt came to nothing: the kind, and a sentence for people without secrets."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Stopwatch:
    """Times the phases of one attempt, in seconds of the given clock.

    A phase that ends early keeps the time it had, so the phases of a failed attempt add up too.
    """

    __slots__ = ("_running", "_since", "_took", "clock", "phase")

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.phase: Phase | None = None
        self._running = False
        self._since = 0.0
        self._took: dict[Phase, float] = {}

    def enter(self, phase: Phase, at: float | None = None) -> None:
        """Begin a phase; the one before ends at the same moment, unless it was left already."""
        moment = self.clock() if at is None else at
        self.leave(moment)
        self.phase, self._since, self._running = phase, moment, True

    def leave(self, at: float | None = None) -> None:
        """End the phase that runs, if one does; `phase` goes on naming it."""
        if self._running and self.phase is not None:
            self._took[self.phase] = (self.clock() if at is None else at) - self._since
            self._running = False

    @property
    def phases(self) -> Phases:
        """What was timed so far; None for a phase that did not happen."""
        took = self._took.get
        return Phases(
            dns=took(Phase.DNS),
            connect=took(Phase.CONNECT),
            tls=took(Phase.TLS),
            send=took(Phase.SEND),
            wait=took(Phase.WAIT),
            receive=took(Phase.RECEIVE),
        )

    @property
    def duration_seconds(self) -> float:
        """From the first byte sent to the last one received, or to giving up; 0.0 if nothing was sent."""
        took = self._took.get
        return took(Phase.SEND, 0.0) + took(Phase.WAIT, 0.0) + took(Phase.RECEIVE, 0.0)


def out_of_time(phase: Phase | None) -> Lost:
    """The deadline has passed; the sentence names the phase that it cut off."""
    where = "before the attempt began" if phase is None else f"in phase {phase}"
    return Lost(FailureKind.TIMEOUT, f"the deadline passed {where}")


def local_resource_error(*errors: BaseException) -> LocalResourceError | None:
    """What to raise if one of these says that this machine, not the API, has run out of something."""
    for error in errors:
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            return LocalResourceError(f"this machine can't open or use a connection: {os.strerror(error.errno)}")
    return None
