"""No secret is printed, in no spelling; no portal token, no card number; and ordinary text stays readable."""

from __future__ import annotations

import base64
import copy
import pickle
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.canaries import SPELLINGS

from probes.card_numbers import holds_card_number
from probes.known_secrets import MOST_NOTICED, MOST_REPLACED
from probes.redaction import MASK, Scrubber, Secret, bounded, printable

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

CASES = [
    pytest.param(secret, spelling, id=f"{number}-{name}")
    for number, secret in enumerate(SECRETS)
    for name, spelling in SPELLINGS.items()
]


@pytest.mark.parametrize(("secret", "spelling"), CASES)
def test_a_known_secret_is_masked_in_every_spelling(secret: str, spelling: Callable[[str], str]) -> None:
    scrubber = Scrubber([Secret(secret)])

    spelled = spelling(secret)
    scrubbed = scrubber.text(f"before {spelled} after")

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


def test_of_two_secrets_that_overlap_nothing_is_left() -> None:
    scrubber = Scrubber([Secret("first-and-common"), Secret("common-and-second")])

    assert scrubber.text("<first-and-common-and-second>") == f"<{MASK}>"


@pytest.mark.parametrize("cut", range(12, 25))
def test_what_is_left_of_a_secret_that_a_server_cut_is_less_than_half(cut: int) -> None:
    secret = "nT5xQ8bWc2LrYz6HkVf0MgJd"
    scrubber = Scrubber([Secret(secret)])

    assert secret[:12] not in scrubber.text(f"bad key {secret[:cut]}… (cut)")
    assert secret[12:] not in scrubber.text(f"bad key …{secret[-cut:]}")


def test_a_noticed_token_is_masked_in_every_spelling_however_many_came_before() -> None:
    scrubber = Scrubber()
    tokens = [f"tok-{number:04}-Zq7.x" for number in range(MOST_NOTICED)]
    for token in tokens:
        scrubber.notice([Secret(token)])

    shown = [f"{spell(token)}" for token in (tokens[0], tokens[500], tokens[-1]) for spell in SPELLINGS.values()]
    assert not [text for text in shown if MASK not in scrubber.text(text)]


def test_what_is_remembered_is_bounded_and_what_is_configured_stays() -> None:
    scrubber = Scrubber(Secret(f"replaced-{number:04}") for number in range(MOST_REPLACED + 10))
    scrubber.learn(Secret("configured-key"))
    scrubber.notice(Secret(f"tok-{number:04}-Zq7.x") for number in range(MOST_NOTICED + 10))
    known = scrubber._known

    assert len(known._noticed) == MOST_NOTICED
    assert len(known._configured) == MOST_REPLACED + 1
    assert scrubber.text("configured-key replaced-1009 replaced-0010 tok-0010-Zq7.x") == " ".join([MASK] * 4)
    assert scrubber.text("replaced-0009") == "replaced-0009"


def test_a_secret_is_masked_at_once_in_every_thread_while_others_are_learnt() -> None:
    scrubber = Scrubber([Secret("configured-key")])
    leaks: list[str] = []
    done = threading.Event()

    def show() -> None:
        while not done.is_set():
            leaks.extend(text for text in (scrubber.text("a configured-key b"),) if "configured" in text)

    threads = [threading.Thread(target=show) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(50):
        token = f"tok-{number:04}-Zq7.x"
        scrubber.notice([Secret(token)])
        scrubber.learn(Secret("configured-key"), Secret(f"rotated-{number:04}"))
        leaks += [text for text in (scrubber.text(f"{token} rotated-{number:04}"),) if text != f"{MASK} {MASK}"]
    done.set()
    for thread in threads:
        thread.join()

    assert leaks == []


def test_the_password_of_any_url_is_masked_and_its_user_stays() -> None:
    assert Scrubber().text("to postgresql://me:n0b0dy-knew@db/x") == f"to postgresql://me:{MASK}@db/x"
    assert Scrubber().text("http://127.0.0.1:3000/a@b") == "http://127.0.0.1:3000/a@b"


def test_a_secret_too_short_to_tell_from_words_is_left_alone() -> None:
    assert Scrubber([Secret("hotel")]).text("a hotel") == "a hotel"


@pytest.mark.parametrize("token", ["psu_1771456992743_e2634ddd", "psu_abcd", "psu_A-b_C-d", "psu_1771456992743_"])
def test_a_portal_token_is_masked_although_nobody_knew_it(token: str) -> None:
    scrubbed = Scrubber().text(f"https://pay.example/setup/{token}?x=1")

    assert scrubbed == f"https://pay.example/setup/{MASK}?x=1"


def test_a_token_that_a_server_made_endless_is_masked_at_little_cost() -> None:
    token = "".join(map(chr, Random(5).choices(range(97, 123), k=300_000)))  # noqa: S311 - no secret of ours
    scrubber = Scrubber()
    begun = time.monotonic()
    scrubber.notice([Secret(token)])

    assert time.monotonic() - begun < 5
    assert token[:20] not in scrubber.text(f"?token={token}")
    assert scrubber.text(base64.b64encode(token.encode()).decode()).startswith(MASK)


def test_a_long_token_is_masked_whole() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9." + "Ab3dEf6h" * 200 + ".c2lnbmF0dXJl"
    scrubber = Scrubber()
    scrubber.notice([Secret(token)])

    assert scrubber.text(f"?token={token}&x=1") == f"?token={MASK}&x=1"


def test_of_many_long_tokens_the_newest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.known_secrets._MOST_NOTICED_BYTES", 100_000)
    tokens = [f"{number:04}-{number % 7}Zx/+" * 20 for number in range(40)]
    scrubber = Scrubber()
    for token in tokens:
        scrubber.notice([Secret(token)])

    assert scrubber.text(tokens[0]) == tokens[0]
    assert [scrubber.text(token) for token in tokens[-5:]] == [MASK] * 5


CARDS = {
    "plain": "4242424242424242",
    "spaces": "4242 4242 4242 4242",
    "dashes": "5555-5555-5555-4444",
    "fifteen_digits": "378282246310005",
    "fifteen_in_groups": "3782 822463 10005",
    "discover": "6011111111111117",
    "mastercard_2": "2223003122003222",
    "nineteen_digits": "6304000000000000000",
    "form_encoded": "4242+4242+4242+4242",
    "url_encoded": "4242%204242%204242%204242",
    "no_break_spaces": "4242\u00a04242\u00a04242\u00a04242",
    "digit_by_digit": "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("card ", "."),
        ("(", ")"),
        ("12 ", ""),
        ("", " 12"),
        ('{"number": "', '"}'),
        ("=", "&"),
        ("%3D", "%26"),
        ("\\n", "\\n"),
    ],
    ids=["alone", "sentence", "brackets", "number_before", "number_after", "json", "query", "url", "json_escape"],
)
def test_a_card_number_is_masked_and_its_neighbours_stay(card: str, before: str, after: str) -> None:
    assert holds_card_number(f"{before}{card}{after}")
    assert Scrubber().text(f"{before}{card}{after}") == f"{before}{MASK}{after}"


@pytest.mark.parametrize(
    "text",
    ["4242424242424243", "sess_1771456953407_g7p6233d", "evt_1771456966998", "1771456953407", "2026-12-01T02:00:00Z",
     "d813d7e3-ba0b-4a97-899d-0847590d7560", "x-4242424242424242", "id4242424242424242", "4242424242424242a",
      "424242424242", "42424242424242424242", "127.0.0.1:9464"],
)  # fmt: skip
def test_ids_dates_and_numbers_that_are_no_cards_stay(text: str) -> None:
    assert not holds_card_number(text)
    assert Scrubber().text(text) == text


@pytest.mark.parametrize(
    "form", ["{:%Y%m%d%H%M%S}", "{0:%Y-%m-%d} {0:%Y-%m-%d}", "req-id {:%Y%m%d%H%M%S}0001", "{:%Y%m%d%H}000"]
)
def test_no_moment_is_taken_for_a_card(form: str) -> None:
    moments = [form.format(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=37 * number)) for number in range(100)]

    assert [moment for moment in moments if Scrubber().text(moment) != moment] == []


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


@pytest.mark.parametrize("shift", range(-30, 2))
def test_a_cut_before_scrubbing_leaves_no_part_of_a_word(shift: int) -> None:
    secret = "nT5xQ8bWc2LrYz6HkVf0MgJd"
    text = bounded("word " * 20 + "x" * (100 + shift) + " " + secret + " more" * 100, 201)

    assert len(text) <= 201
    assert not any(secret[start : start + 4] in Scrubber([Secret(secret)]).text(text) for start in range(20))


def test_a_cut_of_one_endless_word_leaves_out_as_much_as_a_secret_may_be_long() -> None:
    assert bounded("x" * 100, 50) == "…"
    assert bounded("x" * 20_000, 10_000) == "x" * 5_903 + "…"
