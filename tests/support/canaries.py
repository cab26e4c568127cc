"""Planted secrets, every way to spell them, a server that echoes them, and a search for any trace of them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from urllib.parse import quote, quote_plus, unquote

from ahocorasick_rs import AhoCorasick
from support.lying import Told

PARTNER_KEY = "pk_\"Zr9/4wq+7Jt&<Nf2>'Kd8mPv3"
OTHER_KEY = "nT5xQ8bWc2LrYz6HkVf0MgJd7SpAe3Uo"
OLD_KEY = "rotated-9fK2mXw7Qb4Lt6Zc1Vn8"
OTHER_TARGETS_KEY = "eyJr1d5.aWQiOiJhYmNkM7.Xq-0zR_t8w"
SENTRY_KEY = "9b1f83c5d7e24a60b2c94d15e8f07a36"
JOURNAL_PASSWORD = "jW4 nö%7/Rq@2z:Tk9x"
GUIDES_TOKEN = "psu_1771456992743_e2634ddd"
EARLY_TOKEN = "psu_1771456990001_0badc0de"
OTHER_TOKEN = "v2.Hq8sTz4Lw9.Yb3Nc6"
UUID_TOKEN = "3f2b8c1e-77d0-4a5e-9c61-d2e8b4f0a913"
UNKNOWN_PASSWORD = "uN7-known_Pw"
CARD = "4242424242424242"
GROUPED_CARD = "5555 5555 5555 4444"

_TRUE_ANSWERS = 20

ENCODED = (
    *(PARTNER_KEY, OTHER_KEY, OLD_KEY, OTHER_TARGETS_KEY, SENTRY_KEY, JOURNAL_PASSWORD),
    *(GUIDES_TOKEN, EARLY_TOKEN, OTHER_TOKEN, UUID_TOKEN),
)
CARDS = (CARD, GROUPED_CARD)
SECRETS = (*ENCODED, *CARDS)
TOKENS = (GUIDES_TOKEN, EARLY_TOKEN, OTHER_TOKEN, UUID_TOKEN)


def _base64_of(shift: int) -> Callable[[str], str]:
    return lambda text: base64.b64encode(b"xyz"[:shift] + text.encode() + b"=").decode()


def _each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(character)) for character in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "double_url": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": _base64_of(0),
    "base64_after_one_byte": _base64_of(1),
    "base64_after_two_bytes": _base64_of(2),
    "url_safe_base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "upper_hex": lambda text: text.encode().hex().upper(),
    "hex_with_colons": lambda text: text.encode().hex(":"),
    "json": lambda text: json.dumps(text)[1:-1],
    "json_of_php": lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    "json_of_go": lambda text: json.dumps(text)[1:-1].translate({ord(c): rf"\u{ord(c):04x}" for c in "<>&"}),
    "json_each": _each(r"\u{:04x}"),
    "html": html.escape,
    "html_by_number": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "upper": str.upper,
    "lower": str.lower,
    "reversed": lambda text: text[::-1],
    "first_half": lambda text: text[: len(text) // 2] if len(text) >= 24 else text,
}
FOR_CARDS = ("raw", "url", "form", "json", "html")
"""A card that nobody knew is found by its digits, so by these."""


def spelled(*unknown: str) -> tuple[str, ...]:
    """Every secret but these in every spelling that is promised to be found."""
    encoded = [spell(secret) for secret in ENCODED if secret not in unknown for spell in SPELLINGS.values()]
    cards = [SPELLINGS[name](card) for card in CARDS for name in FOR_CARDS]
    return tuple(dict.fromkeys((*encoded, *cards, f"postgres://someone:{UNKNOWN_PASSWORD}@db.example/x")))


@dataclass(slots=True)
class Echo:
    """A `lie` for a lying server: after a few true answers, each holds some of these texts, and each somewhere else."""

    texts: tuple[str, ...]
    knows_tokens: bool = False
    answers: int = 0
    _numbers: count[int] = field(default_factory=count)
    _random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - the same places in every test run

    def __call__(self, told: Told) -> None:
        self.answers += 1
        harmless = (self._in_message, self._in_headers)
        harmful = (self._in_ids, self._in_status, self._in_error, self._in_html, self._in_redirect)
        if told.path.endswith(("/sessions", "/events")) and not self.knows_tokens:
            self._show_tokens(told)
        if self.answers <= _TRUE_ANSWERS:
            return
        if told.method == "GET" or told.path.endswith("attach"):
            self._in_headers(told)
            return
        self._random.choice((*harmless * 2, *harmful))(told)

    def _some(self, most: int = 40) -> str:
        """The next few, behind a filler that moves them across every bound at which somebody may cut."""
        chosen = [self.texts[next(self._numbers) % len(self.texts)] for _ in range(most)]
        return "x" * self._random.randrange(211) + " " + "|".join(chosen)

    def _show_tokens(self, told: Told) -> None:
        """As the portal's setup URLs, by path and by query: from then on they are secrets."""
        body = told.json
        if told.status_code >= 400 or not isinstance(body, dict):
            return
        first, second, third, fourth = TOKENS
        urls = [
            f"https://pay.example/setup/{first}",
            f"https://pay.example/setup?psu={second}",
            f"https://pay.example/setup?portalToken={third}&x=1",
            f"https://pay.example/#token={fourth}",
        ]
        body["data"]["beside"] = [{"setupUrl": url} for url in urls]
        told.say(body)
        self.knows_tokens = True

    def _in_message(self, told: Told) -> None:
        body = told.json
        if isinstance(body, dict) and isinstance(body.get("data"), dict):
            body["data"]["note"] = {self._some(3): self._some()}
            body["data"].setdefault("result", {})["message"] = {"text": self._some()}
            body["data"]["result"].setdefault("artifacts", {})["more"] = [self._some(), {"setupUrl": self._some(1)}]
            told.say(body)

    def _in_ids(self, told: Told) -> None:
        shown = [text for text in self.texts if re.fullmatch("[!-~]{1,150}", text)]
        one, two, three = (self._random.choice(shown) for _ in range(3))
        body = told.json
        if isinstance(body, dict):
            body["requestId"] = two
            body.get("data", {}).update(sessionId=one, event={"id": three})
            body.get("data", {}).setdefault("result", {}).update(traceId=two)
            told.say(body)
        told.headers |= {"x-request-id": one, "x-partner-id": three}

    def _in_status(self, told: Told) -> None:
        body = told.json
        if isinstance(body, dict) and isinstance(body.get("data"), dict):
            body["data"].setdefault("result", {})["status"] = self._some(1)
            told.say(body)

    def _in_error(self, told: Told) -> None:
        told.status_code = 422
        told.say({"success": False, "error": self._some(), "code": self._some(1), "requestId": PARTNER_KEY})

    def _in_html(self, told: Told) -> None:
        told.status_code = 404
        told.headers["content-type"] = f"text/html; {_header(self._some(2))}"
        told.body = f"<html><title>{self._some()}</title>{self._some()}".encode()

    def _in_redirect(self, told: Told) -> None:
        told.status_code = 302
        told.headers["location"] = f"https://elsewhere.example/?k={_header(self._some(2))}"

    def _in_headers(self, told: Told) -> None:
        told.headers |= {
            "x-echo": _header(self._some()),
            "x-ratelimit-limit": _header(self._some(1)),
            "retry-after": _header(self._some(1)),
        }


_ANY_TOKEN = re.compile("psu_[0-9a-z_]{4,}")


def _header(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text.encode().decode("latin-1"))


def traces(output: bytes) -> list[str]:
    """Which secrets, or parts of ten characters of one, stand in an output, however it was escaped on its way."""
    text = output.decode("utf-8", "replace")
    unescaped = text.replace("\\\\", "\\").replace('\\"', '"').replace("\\/", "/")
    views = [text, html.unescape(text), unquote(text), unescaped, *_strings_in(text)]
    haystack = "\n".join(views).lower()
    found = AhoCorasick(_NEEDLES).find_matches_as_strings(haystack, overlapping=True)
    return sorted({*found, *_ANY_TOKEN.findall(haystack)})


def _strings_in(text: str) -> Iterator[str]:
    """What JSON in it says once it is read."""
    for document in (text, *text.splitlines()):
        try:
            value = json.loads(document)
        except ValueError:
            continue
        yield "\n".join(_texts(value))


def _texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            for name, item in value.items():
                yield str(name)
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case _:
            yield str(value)


def _windows(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(max(1, len(text) - size + 1)))


_NEEDLES = frozenset(
    window.lower()
    for text, size in [
        *((spell(secret), 20) for secret in ENCODED for name, spell in SPELLINGS.items() if name != "first_half"),
        *((secret, 10) for secret in (*ENCODED, UNKNOWN_PASSWORD)),
        *((card, len(card)) for card in CARDS),
        *((SPELLINGS[name](card), len(SPELLINGS[name](card))) for card in CARDS for name in FOR_CARDS),
    ]
    for window in _windows(text, size)
    if text in CARDS or not window.isdigit()  # any number has some ten digits
)
