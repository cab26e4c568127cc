"""The chat's state machine as the guide draws it, and the changes that a session showed."""

from __future__ import annotations

from probes.model import Transition
from probes.words import NO_STATUS, ChatStatus

DOCUMENTED: frozenset[tuple[str, str]] = frozenset(
    {
        (NO_STATUS, ChatStatus.SHORTLIST),
        (ChatStatus.SHORTLIST, ChatStatus.GUEST_NAME_REQUIRED),
        (ChatStatus.GUEST_NAME_REQUIRED, ChatStatus.PAYMENT_SETUP_REQUIRED),
        (ChatStatus.GUEST_NAME_REQUIRED, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED),
        (ChatStatus.PAYMENT_SETUP_REQUIRED, ChatStatus.PAYMENT_SETUP_REQUIRED),
        (ChatStatus.PAYMENT_SETUP_REQUIRED, ChatStatus.PAYMENT_CONFIRMATION_REQUIRED),
        (ChatStatus.PAYMENT_CONFIRMATION_REQUIRED, ChatStatus.BOOKED),
        *((status, ChatStatus.ERROR) for status in (NO_STATUS, *ChatStatus)),
    }
)


def transition(before: str, after: str) -> Transition | None:
    """The change between two turns; None where nothing changed and nothing documents staying."""
    documented = (before, after) in DOCUMENTED
    if before == after and not documented:
        return None
    return Transition(from_status=before, to_status=after, documented=documented)
