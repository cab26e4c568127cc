"""The partner keys that a request carries: in which headers, which of several, and whether its URL shows one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from probes.readiness.evidence import Headers
from probes.redaction import MASK, Secret
from probes.words import AuthHeader

MOST_KEYS = 100
_SHORTEST_IN_URL = 6  # a shorter one would be found in ordinary words
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]+(.*)", re.DOTALL)
_BEARER = "bearer"
_NAMES = frozenset({"api_key", "apikey", "api-key", "key", "access_token", "partner_api_key", "x-partner-api-key"})
_MASKED_WHOLE = frozenset({*AuthHeader, "cookie", "set-cookie", "proxy-authorization"})
_MOST_DECODINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A key in a header of this style."""

    style: AuthHeader
    key: Secret


def carried(headers: Headers) -> tuple[Carried, ...]:
    """All keys in headers, in order, repeats too. `Authorization` carries one alone, or after the word Bearer."""
    found = []
    for name, value in headers:
        if name not in frozenset(AuthHeader):
            continue
        key = _bearer(value) if name == AuthHeader.AUTHORIZATION else value.strip()
        if key:
            found.append(Carried(style=AuthHeader(name), key=Secret(key)))
    return tuple(found)


def secrets_in(headers: Headers) -> tuple[Secret, ...]:
    """Whatever must not be shown of these headers, whoever meant it: keys, other credentials, cookies' values."""
    found = [each.key for each in carried(headers)]
    for name, value in headers:
        scheme = _SCHEME.fullmatch(value.strip())
        if name in {AuthHeader.AUTHORIZATION, "proxy-authorization"} and scheme is not None:
            found.append(Secret(scheme[2].strip()))
    return tuple(dict.fromkeys(secret for secret in found if secret))


def masked_headers(headers: Headers, scrub: Callable[[str], str]) -> Headers:
    """The headers as they may be kept: names in lower case, credentials masked whole."""
    others = "\n".join(value for name, value in headers if name not in _MASKED_WHOLE)
    if scrub(others) == others:
        return tuple((name, MASK if name in _MASKED_WHOLE else value) for name, value in headers)
    return tuple((name, MASK if name in _MASKED_WHOLE else scrub(value)) for name, value in headers)


def named_in_query(query: str) -> tuple[Secret, ...]:
    """The values of query parameters that are named like a key."""
    pairs = parse_qsl(query.replace(";", "&"))
    return tuple(Secret(value) for name, value in pairs if name.lower() in _NAMES and value)


def shown_in(text: str, keys: Iterable[Secret]) -> bool:
    """Whether a part of a URL holds one of these keys, plain or percent-encoded, and encoded again."""
    wanted = [key.reveal() for key in keys if len(key.reveal()) >= _SHORTEST_IN_URL]
    return any(key in reading for reading in _readings(text) for key in wanted)


def masked_url_part(text: str, keys: Iterable[Secret], scrub: Callable[[str], str]) -> str:
    """A path or a query as it may be kept."""
    several = tuple(keys)
    plain = _readings(text)[-1].replace(" ", "%20") if shown_in(text, several) else text
    clean = scrub(plain)  # in one spelling: of a mixed one a half would be left over
    for key in several:
        if key.reveal():  # a short one, which no scrubber looks for: as a value, since it may be a part of any id
            clean = clean.replace(f"={key.reveal()}", f"={MASK}")
    return clean


def _readings(text: str) -> list[str]:
    readings = [text]
    for _ in range(_MOST_DECODINGS):
        decoded = unquote(readings[-1])
        if decoded == readings[-1]:
            break
        readings.append(decoded)
    return readings


def _bearer(value: str) -> str:
    """The key of an `Authorization` header; empty where another scheme stands there."""
    scheme = _SCHEME.fullmatch(value.strip())
    if scheme is None:
        return "" if value.strip().lower() == _BEARER else value.strip()
    return scheme[2].strip() if scheme[1].lower() == _BEARER else ""
