"""No secret is printed, in no spelling; no portal token, no card number; and ordinary text stays readable."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.card_numbers import holds_card_number
from probes.redaction import MASK, Scrubber, Secret, printable

SECRETS = [
    "sk_live_51H8xQz",
    "brek-partner-key-0001",
    "pässwörd-übung",
    'quote"and\\backslash',
    "key with spaces inside",
    "a+b/c=d&e?f#g%h",
    "0123456789abcdef0123456789abcdef",
    "MiXeD-CaSe-KeY",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "abc\ndef\tghi",
    "short6",
    "\N{SNOWMAN}\N{COMET}-unicode-key",
]

SPELLINGS = {
    "raw": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "double url": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one byte": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
    "base64 after two bytes": lambda text: base64.b64encode(b"xy" + text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "upper hex": lambda text: text.encode().hex().upper(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON beyond ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
    "upper case": str.upper,
    "reversed": lambda text: text[::-1],
}
CASES = [
    pytest.param(secret, spelling, id=f"{number}-{name.replace(' ', '_')}")
    for number, secret in enumerate(SECRETS)
    for name, spelling in SPELLINGS.items()
    if not (secret == "short6" and "after" in name)  # six characters leave too little behind their edges
]


@pytest.mark.parametrize(("secret", "spelling"), CASES)
def test_a_known_secret_is_masked_in_every_spelling(secret: str, spelling: Callable[[str], str]) -> None:
    scrubber = Scrubber([Secret(secret)])

    scrubbed = scrubber.text(f"before {spelling(secret)} after")

    # Of base64 a few characters at the edges mix with their neighbours: what is left must be too little to tell.
    assert MASK in scrubbed
    assert len(scrubbed) <= len(f"before {MASK} after") + 8
    assert scrubbed.startswith("before ")
    assert scrubbed.endswith(" after")


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, "{!r:>40}".format, lambda s: f"{s:x}", lambda s: str([s]),
     lambda s: repr(pickle.dumps(s)), lambda s: copy.deepcopy(s).reveal()],
    ids=["str", "repr", "format", "format_repr", "spec", "inside_a_list", "pickle", "deepcopy"],
)  # fmt: skip
def test_a_secret_never_prints_itself(show: Callable[[Secret], str]) -> None:
    shown = show(Secret("sk_live_51H8xQz"))

    assert "sk_live" not in shown
    assert MASK in shown


def test_a_secret_compares_by_value_and_only_with_secrets() -> None:
    assert Secret("one") == Secret("one")
    assert hash(Secret("one")) == hash(Secret("one"))
    assert Secret("one") != Secret("two")
    assert Secret("one") != "one"
    assert not Secret("")


def test_a_secret_that_is_learnt_later_is_masked_from_then_on() -> None:
    scrubber = Scrubber([Secret("first-secret")])
    scrubber.learn(Secret("second-secret"))

    assert scrubber.text("first-secret second-secret") == f"{MASK} {MASK}"


def test_of_two_secrets_where_one_holds_the_other_nothing_is_left() -> None:
    scrubber = Scrubber([Secret("abcdef"), Secret("abcdefghij")])

    assert scrubber.text("abcdefghij") == MASK


def test_a_secret_too_short_to_tell_from_words_is_left_alone() -> None:
    assert Scrubber([Secret("hotel")]).text("a hotel") == "a hotel"


@pytest.mark.parametrize("token", ["psu_1771456992743_e2634ddd", "psu_abcd", "psu_A-b_C-d", "psu_1771456992743_"])
def test_a_portal_token_is_masked_although_nobody_knew_it(token: str) -> None:
    scrubbed = Scrubber().text(f"https://pay.example/setup/{token}?x=1")

    assert scrubbed == f"https://pay.example/setup/{MASK}?x=1"


CARDS = {
    "plain": "4242424242424242",
    "spaces": "4242 4242 4242 4242",
    "dashes": "5555-5555-5555-4444",
    "fifteen_digits": "378282246310005",
    "fifteen_in_groups": "3782 822463 10005",
    "discover": "6011111111111117",
    "mastercard_2": "2223003122003222",
    "nineteen_digits": "6304000000000000000",
    "digit_by_digit": "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("card ", "."), ("(", ")"), ("12 ", ""), ("", " 12"), ('{"number": "', '"}'), ("=", "&")],
    ids=["alone", "sentence", "brackets", "number_before", "number_after", "json", "query"],
)
def test_a_card_number_is_masked_and_its_neighbours_stay(card: str, before: str, after: str) -> None:
    assert holds_card_number(f"{before}{card}{after}")
    assert Scrubber().text(f"{before}{card}{after}") == f"{before}{MASK}{after}"


@pytest.mark.parametrize(
    "text",
    ["4242424242424243", "sess_1771456953407_g7p6233d", "evt_1771456966998", "1771456953407", "2026-12-01T02:00:00Z",
     "d813d7e3-ba0b-4a97-899d-0847590d7560", "424242424242", "42424242424242424242", "127.0.0.1:9464"],
)  # fmt: skip
def test_ids_dates_and_numbers_that_are_no_cards_stay(text: str) -> None:
    assert not holds_card_number(text)
    assert Scrubber().text(text) == text


def test_nested_data_is_scrubbed_whole_keys_and_numbers_too() -> None:
    scrubber = Scrubber([Secret("sk_live_51H8xQz")])
    data = {"sk_live_51H8xQz": [b"sk_live_51H8xQz", ("x", 4242424242424242), {"n": 1, "ok": True, "none": None}]}

    assert scrubber.data(data) == {MASK: [MASK, ["x", MASK], {"n": 1, "ok": True, "none": None}]}


def test_whatever_else_prints_itself_is_scrubbed_as_text() -> None:
    assert Scrubber([Secret("sk_live_51H8xQz")]).data(ValueError("bad key sk_live_51H8xQz")) == f"bad key {MASK}"


@given(st.text(max_size=200))
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    scrubber = Scrubber([Secret("sk_live_51H8xQz")])
    once = scrubber.text(text)

    assert scrubber.text(once) == once


@pytest.mark.parametrize(
    "text",
    ["1-" * 200_000 + "1x", "4 " * 200_000, "psu_" * 100_000, "4242 " * 100_000],
    ids=["dashes", "digits", "tokens", "cards"],
)
def test_a_hostile_text_is_scrubbed_without_growing(text: str) -> None:
    assert len(Scrubber().text(text)) <= len(text)


def test_server_text_is_made_fit_for_a_terminal() -> None:
    shown = printable("a\x1b[2J\r\nb\u202ec\u2028d\x00\ud800e")

    assert shown == "a\ufffd[2J  b\ufffdc\ufffdd\ufffd\ufffde"


@pytest.mark.parametrize(
    "character", ["\u00ad", "\u061c", "\u180e", "\u200b", "\u2060", "\ufeff", "\U000e0041"], ids=ascii
)
def test_a_character_that_nobody_sees_is_shown(character: str) -> None:
    """`name` with one inside would look like a key that is allowed."""
    assert printable(f"na{character}me") == "na\ufffdme"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 50, limit=10) == "x" * 9 + "…"
