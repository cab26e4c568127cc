"""The payment portal: a token is read out of `setupUrl`, which itself is never fetched (decision 3)."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from probes.cards import CARDS
from probes.model import Portal
from probes.origin import Origin

_TOKEN = re.compile(r"psu_[A-Za-z0-9_-]{4,200}")  # the guide's step 4: psu_1771456992743_e2634ddd
_TOKEN_NAMES = frozenset({"token", "portaltoken", "portal_token", "psu"})
_VALID_YEARS = 4  # a test card that expires never surprises anybody


class PortalError(ValueError):
    """`setupUrl` leads elsewhere or holds no token: the API's fault, so the runner makes a failure of it."""


def token_in(setup_url: str, portal: Portal) -> str:
    """The portal token in a setup URL that leads to the operator's portal.

    Raises PortalError, whose text never holds the URL or the token.
    """
    allowed = {Origin.of(url) for url in (portal.attach_url, *portal.setup_origins)}
    try:
        origin = Origin.of(setup_url)
    except ValueError as problem:
        raise PortalError(f"setupUrl is no plain URL: {problem}") from None
    if origin not in allowed:
        raise PortalError(f"setupUrl leads to {origin}, which is not the configured portal")
    parts = urlsplit(setup_url)
    pairs = parse_qsl(parts.query) + parse_qsl(parts.fragment)
    named = [value for name, value in pairs if name.lower() in _TOKEN_NAMES]
    pieces = [unquote(piece) for piece in parts.path.split("/")] + [value for _, value in pairs] + [parts.fragment]
    shaped = [piece for piece in pieces if _TOKEN.fullmatch(piece)]
    found = dict.fromkeys(shaped or named)
    if len(found) != 1:
        raise PortalError("setupUrl holds no token" if not found else "setupUrl holds several tokens")
    return next(iter(found))


def attach_body(token: str, card: str, *, today: datetime) -> dict[str, object]:
    """The guide's step 4, for a card of `probes.cards`."""
    chosen = CARDS[card]
    return {
        "portalToken": token,
        "paymentMethodId": chosen.payment_method_id,
        "cardBrand": chosen.brand,
        "cardLast4": chosen.last4,
        "expMonth": 12,
        "expYear": today.year + _VALID_YEARS,
        "setAsDefault": True,
    }
