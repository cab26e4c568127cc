"""Bodies as they may be kept: unpacked, read as JSON, without secrets and card data, and bounded."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass

from probes.answers import decode_json
from probes.readiness.proxy import card_data
from probes.redaction import Scrubber

MAX_BODY_BYTES = 1024 * 1024
_PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 47}
_UNPACKED = frozenset({"", "identity"})
_ELSEWHERE = re.compile(rb"\\|cv[vc]|csc|cid|code|verif|[0-9][eE][+0-9]", re.IGNORECASE)
"""What may hide a secret or a card from whoever looks at bytes: an escape, a security code, a number's exponent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A body without secrets. `value` is None where `problem` says why it can't be read."""

    kept: bytes
    value: object = None
    problem: str | None = None
    card_data: str | None = None


def unpacked(body: bytes, encoding: str) -> tuple[bytes, str | None]:
    """The body without its content-encoding, at most a megabyte of it; or why it can't be unpacked."""
    encoding = encoding.strip().lower()
    if encoding in _UNPACKED or not body:
        return body, None
    if encoding not in _PACKED:
        return b"", "the body is packed in a way that can't be read here (content-encoding)"
    try:
        return zlib.decompressobj(_PACKED[encoding]).decompress(body, MAX_BODY_BYTES + 1), None
    except zlib.error:
        return b"", "the body is not packed as its content-encoding says"


def content_of(body: bytes, encoding: str, scrubber: Scrubber) -> Content:
    """What may be kept of a body. One that is no text is not kept: nobody could find a secret in it."""
    plain, problem = unpacked(body, encoding)
    if problem is not None:
        return Content(kept=b"", problem=problem)
    if len(plain) > MAX_BODY_BYTES:
        return Content(kept=_text(plain, scrubber)[:MAX_BODY_BYTES], problem="the body is larger than a megabyte")
    if not plain:
        return Content(kept=b"")
    value, problem = decode_json(plain)
    if problem is not None:
        kept = _text(plain, scrubber)
        return Content(kept=kept, problem=problem, card_data="body" if card_data.place_in(_decoded(plain)) else None)
    kept = scrubber.body(plain)
    plainly_spelled = _ELSEWHERE.search(plain) is None
    if plainly_spelled and kept == plain:
        return Content(kept=kept, value=value)
    clean = scrubber.data(card_data.without(value))
    if not plainly_spelled or decode_json(kept)[0] != clean:
        kept = json.dumps(clean, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Content(kept=kept, value=clean, card_data=card_data.place_in(value))


def _decoded(plain: bytes) -> str:
    return plain.decode("utf-8", "replace")


def _text(plain: bytes, scrubber: Scrubber) -> bytes:
    """What is no JSON, as text; nothing of what is no text either."""
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.end < len(plain):
            return b""
        text = plain[: problem.start].decode("utf-8")  # cut within a character
    return b"" if "\0" in text else str(card_data.without(scrubber.text(text))).encode("utf-8")
