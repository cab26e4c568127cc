"""How a secret may look where somebody shows it: as it is, escaped, encoded, turned around, or cut in two."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

_FEWEST_BYTES = 6  # of a spelling: fewer would be found in ordinary text
_FEWEST_CHARACTERS_HALVED = 24  # half of a shorter secret might be a word
_END_CHARACTERS = 64
_JAVASCRIPT_KEEPS = "!'()*~"
_NO_WORD = re.compile("[^A-Za-z0-9_]")

_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe=""),
    quote,
    quote_plus,
    lambda text: quote(text, safe=_JAVASCRIPT_KEEPS),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: _json(text, ascii_only=True),
    lambda text: _json(text, ascii_only=False),
    lambda text: _json(text, ascii_only=True).replace("/", r"\/"),  # PHP
    lambda text: _NO_WORD.sub(_u_escape, text),
    lambda text: re.sub("[<>&]", _u_escape, _json(text, ascii_only=False)),  # Go
    html.escape,
    lambda text: _NO_WORD.sub(lambda found: f"&#{ord(found.group())};", text),
    lambda text: _NO_WORD.sub(lambda found: f"&#x{ord(found.group()):x};", text),
    lambda text: _html_by_number(text),  # noqa: PLW0108 - it is defined below
    lambda text: _html_by_number(text).replace("+", "&#43;"),  # Go's templates
)
_HEX = ("{:02x}", "{:02x}:", "{:02x} ", r"\x{:02x}", "%{:02x}")


def spellings(secret: str) -> frozenset[bytes]:
    """Every spelling in UTF-8, its ASCII letters in lower case: they are looked for in text that is lowered likewise.

    None is so short that it would mask ordinary words: a secret of under six characters has hardly any.
    """
    variants = {secret} if secret.isascii() else {secret, secret.upper(), secret.lower()}
    written = {text for variant in variants for text in _written(variant)}
    written |= {_json(text, ascii_only=False) for text in written}  # as a text within JSON
    found = {*map(_bytes, written), *_encoded(_bytes(secret))}
    return frozenset(spelling.lower() for spelling in found if len(spelling) >= _FEWEST_BYTES)


def spellings_of_ends(secret: str) -> frozenset[bytes]:
    """The same, but of a long secret only itself and every spelling of both its ends: of those it has hundreds."""
    if len(secret) <= 2 * _END_CHARACTERS:
        return spellings(secret)
    whole = _bytes(secret).lower()
    return spellings(secret[:_END_CHARACTERS]) | spellings(secret[-_END_CHARACTERS:]) | {whole}


def _written(secret: str) -> Iterator[str]:
    yield secret
    yield secret[::-1]
    yield "".join(map(_u_escaped, secret))
    if _NO_WORD.search(secret):
        yield from (escape(secret) for escape in _ESCAPES)
    if len(secret) >= _FEWEST_CHARACTERS_HALVED:
        yield from (secret[: len(secret) // 2], secret[len(secret) // 2 :])  # whoever cuts it shows less than a half


def _encoded(raw: bytes) -> Iterator[bytes]:
    if len(raw) >= _FEWEST_BYTES:
        yield from ("".join(map(form.format, raw)).strip(": ").encode() for form in _HEX)
        yield from (core.encode() for core in _base64_cores(raw))


def _base64_cores(raw: bytes) -> Iterable[str]:
    """The characters of its base64 text that depend on the secret alone, at each of the three offsets."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw + bytes(2)).decode()
        core = text[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]
        yield from (core, core.replace("+", "-").replace("/", "_"), quote(core, safe=""), core.replace("/", r"\/"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _html_by_number(text: str) -> str:
    return html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _u_escape(found: re.Match[str]) -> str:
    return _u_escaped(found.group())


def _u_escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
