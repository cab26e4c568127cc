"""The payment portal: a token is read out of `setupUrl`, which itself is never fetched (decision 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from urllib.parse import parse_qsl, unquote, urlsplit

from probes.cards import CARDS
from probes.model import Answer, Portal
from probes.origin import Origin

_TOKEN = re.compile(r"psu_[A-Za-z0-9_-]{4,200}")  # the guide's step 4: psu_1771456992743_e2634ddd
_TOKEN_BYTES = re.compile(_TOKEN.pattern.encode())
_A_WORD = re.compile("[a-z_]{0,19}|.{0,7}")  # masking it would mask our own words; a server may call anything a token
_TOKEN_NAMES = frozenset({"token", "portaltoken", "portal_token", "psu"})
_MOST_TOKENS = 20
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
    shaped, named = _tokens_of(setup_url)
    found = dict.fromkeys(shaped or named)
    if len(found) != 1:
        raise PortalError("setupUrl holds no token" if not found else "setupUrl holds several tokens")
    return next(iter(found))


def _tokens_of(setup_url: str) -> tuple[list[str], list[str]]:
    """The parts of a URL that look like a token, and those that are named like one."""
    parts = urlsplit(setup_url)
    pairs = parse_qsl(parts.query) + parse_qsl(parts.fragment)
    named = [value for name, value in pairs if name.lower() in _TOKEN_NAMES]
    pieces = [unquote(piece) for piece in parts.path.split("/")] + [value for _, value in pairs] + [parts.fragment]
    return [piece for piece in pieces if _TOKEN.fullmatch(piece)], named


def tokens_shown(answer: Answer) -> tuple[str, ...]:
    """The portal tokens in an answer: of any `setupUrl` in it, whatever they look like, and what looks like one.

    Whoever has one can give the guest a card, so no sink may show it. At most twenty, and none that is an id, too.
    """
    ids = {answer.session_id, answer.event_id, answer.trace_id, answer.header_request_id, answer.body_request_id}
    may_hold_one = b"setup" in answer.content or b"\\u" in answer.content
    named = (token for url in _setup_urls(answer.body if may_hold_one else None) for token in _any_tokens_of(url))
    shaped = (found.group().decode() for found in _TOKEN_BYTES.finditer(answer.content))
    wanted = (token for token in chain(named, shaped) if token not in ids and not _A_WORD.fullmatch(token))
    return tuple(dict.fromkeys(islice(wanted, _MOST_TOKENS)))


def _any_tokens_of(setup_url: str) -> Iterator[str]:
    try:
        yield from chain(*_tokens_of(setup_url))
    except ValueError:
        return  # no URL at all


def _setup_urls(value: object) -> Iterator[str]:
    match value:
        case dict():
            for name, item in value.items():
                if name == "setupUrl" and isinstance(item, str):
                    yield item
                yield from _setup_urls(item)
        case list():
            for item in value:
                yield from _setup_urls(item)


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
