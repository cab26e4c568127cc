"""Whether a line of a log claims that a booking was made: only what hardly anybody would write otherwise."""

from __future__ import annotations

import re

_CLAIM = re.compile(
    r"(?<![\w/.?&-])booked(?![\w/-]|\.\w|[\"']?\s*[:=]\s*[\"']?(?:false|no|none|null|0)\b)"
    r"|\b(?:booking|reservation) (?:(?:is|was|has been|now) )*(?:confirmed|completed?|successful|succeeded|done|made)\b"
    r"|\bsuccessfully (?:booked|reserved)\b",
    re.IGNORECASE,
)
_DOUBTED_BEFORE = re.compile(
    r"\b(?:not|no|never|nothing|none|cannot|unable|without|until?l?|unless|before|after|once|if|when|whether|while"
    r"|wait\w*|await\w*|expect\w*|assum\w*|pending|will|would|could|can|should|may|might|must|to be|try\w*|about to"
    r"|fully|already|double|over|terminal|said|says|text|user)\b|n[\u2019']t\b|!=|=>|->",
    re.IGNORECASE,
)
_DOUBTED_ANYWHERE = re.compile(
    r"fail|\bnot yet\b|\?"
    r"|\b(?:shortlist|guest_name_required|payment_setup_required|payment_confirmation_required)\b"
    r"|[\"']artifacts[\"']"
    r"|\bbooked[\"']?\s*(?:[,|/]|or\b|and\b)\s*[\"']?error\b|\berror[\"']?\s*(?:[,|/]|or\b|and\b)\s*[\"']?booked\b"
    r"|\bbooked [\d,]+ times\b",
    re.IGNORECASE,
)
_NEAR = 60


def claims_booking(line: str) -> bool:
    """Whether it says so, unquestioned: no negation, condition or list of statuses, and no answer logged as a whole."""
    if _DOUBTED_ANYWHERE.search(line):
        return False
    return any(
        not _DOUBTED_BEFORE.search(line, max(0, found.start() - _NEAR), found.start())
        for found in _CLAIM.finditer(line)
    )
