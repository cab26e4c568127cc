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
_NO_LETTER = re.compile("[^a-z0-9]")
_NAMES = frozenset(
    "key apikey xapikey partnerkey partnerapikey xpartnerapikey brekapikey brekpartnerapikey accesstoken authorization "
    "apitoken apisecret".split()
)
_CREDENTIAL = re.compile("key|token|secret|passw|credential|authorization|cookie")
_NO_CREDENTIAL = re.compile("idempotency-?key$|^(?:access-control|sec-websocket)-")
_ANOTHER_KEY = re.compile("api[_-]?key|auth.*(?:key|token)|access[_-]?token|secret")
_SHORTEST_OTHER = 12  # of such a key: a shorter one may be a word
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
    """Whatever `Authorization` and the other two headers of the guide carry, and must not be shown: of any scheme."""
    found = [each.key for each in carried(headers)]
    for name, value in headers:
        scheme = _SCHEME.fullmatch(value.strip())
        if name in {AuthHeader.AUTHORIZATION, "proxy-authorization"} and scheme is not None:
            found.append(Secret(scheme[2].strip()))
    return tuple(dict.fromkeys(secret for secret in found if secret))


def masked_headers(headers: Headers, scrub: Callable[[str], str]) -> Headers:
    """The headers as they may be kept: names in lower case, credentials masked whole."""
    others = "\n".join(value for name, value in headers if not _names_credential(name))
    if scrub(others) == others:
        return tuple((name, MASK if _names_credential(name) else value) for name, value in headers)
    return tuple((name, MASK if _names_credential(name) else scrub(value)) for name, value in headers)


def in_unknown_headers(headers: Headers) -> tuple[Secret, ...]:
    """What headers carry that are named like a key's, and are none of the guide's three: a key in a wrong place."""
    wrong = (value for name, value in headers if name not in frozenset(AuthHeader) and _ANOTHER_KEY.search(name))
    words = (word for value in wrong for word in value.split())
    return tuple(Secret(word) for word in words if len(word) >= _SHORTEST_OTHER)


def named_in_query(query: str) -> tuple[Secret, ...]:
    """The values of query parameters that are named like a key."""
    pairs = parse_qsl(query.replace(";", "&"))
    found = [value.strip() for name, value in pairs if _NO_LETTER.sub("", name.lower()) in _NAMES]
    return tuple(dict.fromkeys(Secret(value) for each in found for value in (each, _bearer(each)) if value))


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


def _names_credential(name: str) -> bool:
    return _CREDENTIAL.search(name) is not None and _NO_CREDENTIAL.search(name) is None


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
