"""Who an API key belongs to, and the three header styles that may carry it (the guide's "Authentication")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from probes.errors import UsageError
from probes.sandbox.answers import Answer, gateway
from probes.words import ErrorCode

_STYLES = (b"x-partner-api-key", b"authorization", b"api-key")  # where several are sent, the first counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One partner: whose sessions these are, and what `x-partner-id` says."""

    tenant_id: str
    partner_id: str


def default_keys(random: Random) -> dict[str, Tenant]:
    """Two fresh keys, clearly fake: the guide's `demo-tenant`, and another for trying isolation."""
    return {
        f"sandbox-key-{random.getrandbits(64):016x}": Tenant(tenant_id="demo-tenant", partner_id="demo-partner"),
        f"sandbox-key-second-{random.getrandbits(64):016x}": Tenant(
            tenant_id="second-tenant", partner_id="second-partner"
        ),
    }


def checked_keys(api_keys: Mapping[str, Tenant]) -> dict[str, Tenant]:
    """The keys as given. Raises UsageError for none at all and for one that no header can carry."""
    if not api_keys:
        raise UsageError("the sandbox needs at least one API key")
    for key in api_keys:
        if not key or not key.isascii() or not key.isprintable() or key != key.strip():
            raise UsageError("an API key of the sandbox must be printable ASCII without spaces around it")
    return dict(api_keys)


def key_in(headers: Mapping[bytes, bytes]) -> str | None:
    """The partner key of a request, from the first header that carries one."""
    for style in _STYLES:
        value = headers.get(style, b"").decode("latin-1").strip()
        if style == b"authorization":
            scheme, _, value = value.partition(" ")
            value = value.strip() if scheme.lower() == "bearer" else ""
        if value:
            return value
    return None


def missing_key(request_id: str) -> Answer:
    """The guide's example of a 401, to the letter."""
    return gateway(401, ErrorCode.MISSING_PARTNER_API_KEY, "Missing partner API key.", request_id)


def invalid_key(request_id: str) -> Answer:
    """403: the key is not one of ours. It is never repeated in the text."""
    return gateway(403, ErrorCode.INVALID_PARTNER_API_KEY, "Invalid partner API key.", request_id)
