"""Which of the API's requests a method and a path are."""

from __future__ import annotations

from probes.words import Operation

BASE_PATH = "/api/partner/v1/core-chat"


def below_base(path: str) -> str | None:
    """What follows the API's base path, which may stand behind a prefix; None for what isn't below it."""
    before, found, rest = path.rpartition(BASE_PATH)
    if not found or (before and not before.startswith("/")) or (rest and not rest.startswith("/")):
        return None
    return rest


def operation_of(method: str, path: str) -> Operation | None:
    """One of the three documented endpoints; None for anything else, such as a preflight."""
    rest = below_base(path)
    if rest is None:
        return None
    match method, rest.rstrip("/").split("/")[1:]:
        case "POST", ["sessions"]:
            return Operation.CREATE_SESSION
        case "POST", ["events"]:
            return Operation.SEND_EVENT
        case "GET", ["sessions", session] if session:
            return Operation.GET_SESSION
        case _:
            return None
