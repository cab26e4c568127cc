"""Who has to act on a failure, from its kind and its context, so that the right person is woken."""

from __future__ import annotations

from probes.model import Failure
from probes.words import Blame, FailureKind, Operation

_BY_KIND: dict[FailureKind, Blame] = {
    FailureKind.DNS: Blame.NETWORK,
    FailureKind.CONNECT: Blame.NETWORK,
    FailureKind.TLS: Blame.API,
    FailureKind.TIMEOUT: Blame.API,
    FailureKind.AUTH_MISSING: Blame.CREDENTIALS,
    FailureKind.AUTH_REJECTED: Blame.CREDENTIALS,
    FailureKind.RATE_LIMITED: Blame.QUOTA,
    FailureKind.CHAT_STATUS: Blame.CONVERSATION,
    FailureKind.ARTIFACT: Blame.CONVERSATION,
}


def blame(failure: Failure, operation: Operation | None = None) -> Blame:
    """Whom a failure concerns: a wrong turn of the assistant is `conversation`, other faults `api`.

    A portal that limits our rate says nothing about the partner key's quota.
    """
    if operation is Operation.ATTACH_CARD and failure.kind is FailureKind.RATE_LIMITED:
        return Blame.API
    return _BY_KIND.get(failure.kind, Blame.API)
