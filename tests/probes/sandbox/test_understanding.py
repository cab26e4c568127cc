from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.sandbox.understanding import is_consent, understand
from probes.sandbox.words import TurnKind

TODAY = date(2026, 11, 24)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "city", "check_in", "check_out"),
    [
        (
            "find me a las vegas hotel from 5/15 to 5/16 that is cheap and refundable",
            "Las Vegas",
            "2027-05-15",
            "2027-05-16",
        ),
        ("Seattle Mar 20-23 1 room refundable", "Seattle", "2027-03-20", "2027-03-23"),
        ("SEATTLE MAR 20-23 1 ROOM REFUNDABLE", "SEATTLE", "2027-03-20", "2027-03-23"),
        ("find a hotel in New York tomorrow for 2 nights", "New York", "2026-11-25", "2026-11-27"),
        ("Hotels in paris, 2027-05-01 to 2027-05-04", "Paris", "2027-05-01", "2027-05-04"),
        (
            "I need a room in San Francisco from December 24th to December 27th",
            "San Francisco",
            "2026-12-24",
            "2026-12-27",
        ),
        ("looking for a hotel near Oslo, 30 Dec - 2 Jan", "Oslo", "2026-12-30", "2027-01-02"),
        ("I'd like to stay in Rome next friday", "Rome", "2026-11-27", "2026-11-28"),
        ("no, find me a hotel in Boston instead", "Boston", "2026-11-25", "2026-11-26"),
        ("please book a cheap hotel in Salt Lake City tonight", "Salt Lake City", "2026-11-24", "2026-11-25"),
        ("please find me a hotel in Lima", "Lima", "2026-11-25", "2026-11-26"),
        ("search Tokyo 11/25/2026 to 11/28/2026", "Tokyo", "2026-11-25", "2026-11-28"),
        ("hotel in Austin 2/29 - 3/1", "Austin", "2028-02-29", "2028-03-01"),
    ],
)
def test_search_is_understood(text: str, city: str, check_in: str, check_out: str) -> None:
    turn = understand(text, today=TODAY)

    assert turn.kind is TurnKind.SEARCH
    assert turn.search is not None
    found = (turn.search.city, turn.search.check_in.isoformat(), turn.search.check_out.isoformat())
    assert found == (city, check_in, check_out)
    assert turn.search.problem is None


@pytest.mark.parametrize(
    ("text", "rooms", "cheap", "refundable"),
    [
        ("find a cheap refundable hotel in Oslo", 1, True, True),
        ("find a hotel in Oslo, 3 rooms, free cancellation", 3, False, True),
        ("find a non-refundable hotel in Oslo with two rooms", 2, False, False),
    ],
)
def test_wishes_of_a_search_are_understood(text: str, rooms: int, cheap: bool, refundable: bool) -> None:
    search = understand(text, today=TODAY).search

    assert search is not None
    assert (search.city, search.rooms, search.cheap, search.refundable) == ("Oslo", rooms, cheap, refundable)


@pytest.mark.parametrize(
    "text",
    [
        "hotel in Oslo from 2020-01-01 to 2020-01-02",
        "hotel in Oslo from 13/45 to 14/2",
        "hotel in Oslo from 2027-05-03 to 2027-05-01",
        "hotel in Oslo from 2027-01-01 to 2027-06-01",
    ],
    ids=["past", "no such day", "backwards", "too long"],
)
def test_nights_that_can_not_be_are_a_problem_for_the_guest(text: str) -> None:
    search = understand(text, today=TODAY).search

    assert search is not None
    assert search.problem


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("can you help me book option 1", TurnKind.BOOK),
        ("2", TurnKind.BOOK),
        ("Book the second one please", TurnKind.BOOK),
        ("Can I book the cheapest?", TurnKind.BOOK),
        ("option #3", TurnKind.BOOK),
        ("the Harborlight Inn looks good", TurnKind.BOOK),
        ("guest name is John Doe", TurnKind.NAME),
        ("My name's Ada Lovelace", TurnKind.NAME),
        ("I'm John Doe", TurnKind.NAME),
        ("Done", TurnKind.DONE),
        ("I'm done", TurnKind.DONE),
        ("i am done!", TurnKind.DONE),
        ("ok, finished", TurnKind.DONE),
        ("I've added my card", TurnKind.DONE),
        ("the card is attached", TurnKind.DONE),
        ("yes, use this card", TurnKind.CONFIRM),
        ("No", TurnKind.DECLINE),
        ("no thanks", TurnKind.DECLINE),
        ("no, not option 1", TurnKind.DECLINE),
        ("don\u2019t do it", TurnKind.DECLINE),
        ("cancel my booking", TurnKind.CANCEL),
        ("yes, the hotel in Oslo", TurnKind.OTHER),
        ("hello", TurnKind.OTHER),
        ("find me a hotel", TurnKind.OTHER),
        ("John Doe", TurnKind.OTHER),
        ("", TurnKind.OTHER),
    ],
)
def test_turn_is_understood(text: str, kind: TurnKind) -> None:
    assert understand(text, today=TODAY, hotels=["Lantern House, Oslo", "Harborlight Inn, Oslo"]).kind is kind


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("guest name is John Doe", "John", "Doe"),
        ("the guest name is Mary Ann O'Neil and thanks", "Mary", "Ann O'Neil"),
        ("Jean-Luc de la Cruz", "Jean-Luc", "de la Cruz"),
        ("Bj\u00f6rk Gu\u00f0mundsd\u00f3ttir.", "Bj\u00f6rk", "Gu\u00f0mundsd\u00f3ttir"),
        ("name: Jane Roe", "Jane", "Roe"),
    ],
)
def test_name_is_understood_where_it_was_asked_for(text: str, first: str, last: str) -> None:
    guest = understand(text, today=TODAY, name_asked=True).guest

    assert guest is not None
    assert (guest.first, guest.last) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes!",
        "yes, use this card",
        "yes please",
        "OK, go ahead",
        "I confirm",
        "yep, book it",
        "confirm the payment",
    ],
)
def test_clear_yes_is_consent(text: str) -> None:
    assert is_consent(text)


@pytest.mark.parametrize(
    "text",
    [
        "yes?",
        "yes but wait",
        "yes, but use another card",
        "yes, if it is refundable",
        "yes or no",
        "not yes",
        "no, yes",
        "yesterday",
        "please",
        "thank you",
        "maybe",
        "no",
        "don't use this card",
        "yes, option 2",
        "",
    ],
)
def test_anything_beside_a_yes_is_no_consent(text: str) -> None:
    assert not is_consent(text)


@given(
    st.lists(st.sampled_from(["yes", "ok", "please", "use this card", "go ahead", ","]), max_size=5),
    st.sampled_from(["but", "not", "no", "wait", "unless", "if", "later", "?", "option 2", "another", "7"]),
    st.integers(min_value=0, max_value=5),
)
def test_no_number_of_yeses_outweighs_another_word(yeses: list[str], word: str, at: int) -> None:
    assert not is_consent(" ".join([*yeses[:at], word, *yeses[at:]]))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.booleans())
def test_no_text_is_too_odd_to_be_read(text: str, name_asked: bool) -> None:
    turn = understand(text, today=TODAY, name_asked=name_asked)

    assert (turn.kind is TurnKind.SEARCH) == (turn.search is not None)


@pytest.mark.parametrize(
    "piece",
    ["in ", "find ", "please ", "a' ", "name ", "no. ", "1/1 ", "may ", "yes ", "i added a ", "John-", "hotel "],
)
def test_long_text_is_read_in_no_time(piece: str) -> None:
    text = (piece * 2000)[:2000]
    began = time.process_time()

    understand(text, today=TODAY, name_asked=True)

    assert time.process_time() - began < 0.5
