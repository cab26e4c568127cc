"""Templates hold paths and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.errors import ValueMissingError
from probes.templates import dig, expressions, render

ANSWER = {"shortlist": [{"optionId": "opt-1", "price": 12.5, "free": True, "tags": []}], "payment": {"setupUrl": None}}


def test_a_template_tells_what_it_asks_for_in_order() -> None:
    found = expressions("from {{ checkin }} to {{checkout}}, {{ search.shortlist[0].optionId }}")

    assert found == ("checkin", "checkout", "search.shortlist[0].optionId")


@pytest.mark.parametrize(
    "template",
    ["{{ }}", "{{ a b }}", "{{ a", "a }}", "{{ a | }}", "{{ 7*7 }}", "{{ a[x] }}", "{{ a[99999] }}", "{{ a. }}",
     "{{ a.__class__() }}", "{{ {{ a }} }}", '{"x": {"y": 1}}'],
)  # fmt: skip
def test_braces_around_anything_but_a_path_are_refused_with_an_example(template: str) -> None:
    with pytest.raises(ValueError, match=r"^braces must hold a plain path, as in \{\{ checkin \}\}"):
        expressions(template)


@pytest.mark.parametrize("text", ["", "no braces", "a { b } c", "{ {x} }", "${VAR}", "{% for %}", "{{{ a }}{ b }"])
def test_single_braces_are_text(text: str) -> None:
    assert expressions(text) == (("a",) if "{{ a }}" in text else ())


@pytest.mark.parametrize(
    ("path", "value"),
    [("shortlist[0].optionId", "opt-1"), ("shortlist[0].price", 12.5), ("payment.setupUrl", None),
     ("shortlist", ANSWER["shortlist"])],
)  # fmt: skip
def test_a_path_leads_to_its_value(path: str, value: object) -> None:
    assert dig(ANSWER, path) == value


@pytest.mark.parametrize(
    "path",
    ["shortlist[1]", "shortlist.optionId", "payment[0]", "payment.setupUrl.x", "nothing", "shortlist[0].tags[0]"],
)
def test_a_path_into_nothing_is_a_missing_value_that_names_it(path: str) -> None:
    with pytest.raises(ValueMissingError) as missing:
        dig(ANSWER, path)

    assert str(missing.value) == f"{path} is not there"


def test_values_are_put_in_place_and_numbers_too() -> None:
    values = {"city": "las vegas", "search.n": 2}

    assert render("{{ city }}: {{ search.n }} x {{city}}", values.__getitem__) == "las vegas: 2 x las vegas"


@pytest.mark.parametrize("value", [None, True, [], {}, ["x"]], ids=str)
def test_a_value_that_is_no_text_or_number_is_a_missing_value(value: object) -> None:
    with pytest.raises(ValueMissingError, match=r"^a is no text or number$"):
        render("{{ a }}", lambda _: value)


def test_a_value_is_never_read_as_a_template_again() -> None:
    assert render("{{ a }}", lambda _: "{{ secret }} {{7*7}}") == "{{ secret }} {{7*7}}"


@given(st.text(alphabet="{} ab.[0]_-|", max_size=40))
def test_a_template_that_is_accepted_renders_without_any_braces_left_over(template: str) -> None:
    try:
        expressions(template)
    except ValueError:
        return

    assert "{{" not in render(template, lambda _: "·")
