"""YAML from anybody: a value with its positions, or one sentence with a place and a way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.errors import ConfigError
from probes.files import yaml_files

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
LONG_TEXT_BOMB = f"a: &a {'x' * 200_000}\nb: [*a, *a, *a, *a, *a, *a]\n"

REFUSED = {
    "empty": ("", "f.yaml:1:1: it is empty"),
    "only_a_comment": ("# nothing\n", "f.yaml:1:1: it is empty"),
    "not_utf8": (b"a: 1\nb: \xff\n", "f.yaml:2:1: it is not UTF-8: save it as UTF-8 text"),
    "too_large": ("#" * (1024 * 1024 + 1), "f.yaml: it is larger than 1024 KiB"),
    "python_tag": (
        "a: 1\nb: !!python/object/apply:os.system [ls]",
        "f.yaml:2:4: tags (!…) are not read here: quote a text that begins with !",
    ),
    "alias_bomb": (BOMB, "f.yaml:5:10: it holds more than 10000 values or 1 MiB of text, aliases unfolded"),
    "long_text_bomb": (
        LONG_TEXT_BOMB,
        "f.yaml:2:21: it holds more than 10000 values or 1 MiB of text, aliases unfolded",
    ),
    "too_many_values": (
        "- a\n" * 10_001,
        "f.yaml:10000:3: it holds more than 10000 values or 1 MiB of text, aliases unfolded",
    ),
    "alias_to_nothing": (
        "key: *sk_live_51H8xQz",
        "f.yaml:1:6: an alias (*…) needs an anchor (&…) above it: quote a text that begins with *",
    ),
    "alias_to_itself": (
        "a: &a [*a]",
        "f.yaml:1:8: an alias (*…) needs an anchor (&…) above it: quote a text that begins with *",
    ),
    "too_deep": ("[" * 100_000, "f.yaml:1:31: it is nested deeper than 30 levels"),
    "too_deep_blocks": ("- " * 100_000, "f.yaml:1:61: it is nested deeper than 30 levels"),
    "key_twice": ("a: 1\nb: 2\na: 3", 'f.yaml:3:1: the key "a" stands twice, first on line 1: keep one'),
    "two_documents": ("a: 1\n--- \nb: 2", "f.yaml:2:1: it holds a second document (---): one is read"),
    "unquoted_template": (
        "say: {{ city }} hotel",
        "f.yaml:1:7: a key must be plain text: a text that begins with { or * must stand in quotes",
    ),
    "list_as_key": (
        "? [1]\n: x",
        "f.yaml:1:3: a key must be plain text: a text that begins with { or * must stand in quotes",
    ),
    "unquoted_colon": (
        "say: hello: you",
        (
            "f.yaml:1:11: it can't be read as YAML: a text with colon and space in it must stand in quotes; "
            "keys begin in one column"
        ),
    ),
    "tab": (
        "a:\n\t- b",
        (
            "f.yaml:2:1: it can't be read as YAML: a text that begins so must stand in quotes; "
            "indent with spaces, not with tabs"
        ),
    ),
    "open_bracket": (
        "a: [1",
        (
            "f.yaml:1:6: it can't be read as YAML: inside { } or [ ], a text with braces, brackets or commas "
            "must stand in quotes"
        ),
    ),
    "unquoted_variable_in_braces": (
        "a: {b: ${X}}",
        (
            "f.yaml:1:9: it can't be read as YAML: inside { } or [ ], a text with braces, brackets or commas "
            "must stand in quotes"
        ),
    ),
    "open_quote": ("a: 'x", "f.yaml:1:6: it can't be read as YAML: a quote is opened and never closed"),
    "no_colon": ("a: 1\nb", "f.yaml:2:2: it can't be read as YAML: every key needs a colon and a space after it"),
    "list_then_mapping": (
        "- a\nb: 1",
        (
            "f.yaml:2:1: it can't be read as YAML: check the indentation: keys of one mapping and items of one list "
            "begin in the same column"
        ),
    ),
    "control_character": (
        "a: 1\nb: x\x07y",
        (
            "f.yaml:2:5: it can't be read as YAML: it holds a control character: take it out, or write it as an escape "
            "in double quotes"
        ),
    ),
    "half_a_character": ('a: "\\ud800"', "f.yaml:1:4: it holds half a character (a lone surrogate escape)"),
    "huge_integer": (
        "a: 1234567890123456789",
        "f.yaml:1:4: it is a number of more than 18 digits: if it is text, quote it",
    ),
    "huge_float": ("a: 1e999", "f.yaml:1:4: it is a number beyond all measure: if it is text, quote it"),
    "card_number": (
        "a: 4242424242424242",
        "f.yaml:1:4: it looks like a payment card number, which never belongs in a file: name a card",
    ),
    "card_number_as_key": (
        "a: 1\n4242-4242-4242-4242: x",
        "f.yaml:2:1: it looks like a payment card number, which never belongs in a file: name a card",
    ),
    "future_version": (
        "%YAML 9.9\n---\na: 1",
        "f.yaml:1:1: it can't be read as YAML: check indentation, colons and quotes",
    ),
}


@pytest.mark.parametrize(("content", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_safely_is_refused_with_its_place_and_a_way_out(content: str | bytes, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        yaml_files.read(content, "f.yaml")

    assert refused.value.problems == (problem,)


@pytest.mark.parametrize(
    ("written", "value"),
    [("no", "no"), ("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("null", None), ("~", None),
     ("", None), ("12", 12), ("-7", -7), ("012", 12), ("0x1F", 31), ("0o17", 15),
     ("0.5", 0.5), (".5", 0.5), ("1e3", 1e3),
     ("1:30", "1:30"), ("1_000", "1_000"), (".nan", ".nan"), (".inf", ".inf"),
     ("2026-12-01T02:00Z", "2026-12-01T02:00Z"),
     ('"12"', "12"), ("'true'", "true"), ("5m", "5m"), ("${VAR}", "${VAR}"), ("=", "="), ("<<", "<<")],
)  # fmt: skip
def test_plain_values_are_those_of_yaml_1_2(written: str, value: object) -> None:
    found = yaml_files.read(f"a: {written}", "f.yaml").root.value

    assert found == {"a": value}
    assert type(found["a"]) is type(value)  # type: ignore[index]


def test_an_alias_stands_for_its_anchor() -> None:
    document = yaml_files.read("a: &a {x: [1]}\nb: *a\n", "f.yaml")

    assert document.root.value == {"a": {"x": [1]}, "b": {"x": [1]}}
    assert document.problem(("b", "x", 0), "!") == "f.yaml:1:12: b.x[0]: !"


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert yaml_files.read("\ufeffa: 1".encode(), "f.yaml").root.value == {"a": 1}


def test_a_problem_names_the_place_of_the_value_or_of_its_key_or_the_nearest_there_is() -> None:
    document = yaml_files.read("steps:\n  - say: hi\n    expect: {within: 5s}\n", "f.yaml")

    assert document.problem(("steps", 0, "expect", "within"), "!") == "f.yaml:3:22: steps[0].expect.within: !"
    assert document.problem(("steps", 0, "expect"), "!", at_key=True) == "f.yaml:3:5: steps[0].expect: !"
    assert document.problem(("steps", 7, "x"), "!") == "f.yaml:2:3: steps: !"
    assert document.problem((), "!") == "f.yaml:1:1: !"


def test_a_key_cannot_forge_a_line_of_the_message() -> None:
    document = yaml_files.read('"a\\n\\e[2J": {b: 1}', "f.yaml")

    assert document.problem(("a\n\x1b[2J", "b"), "!") == "f.yaml:1:17: a \ufffd[2J.b: !"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nothing.yaml", "it can't be read: No such file or directory"), ("", "it is no regular file"),
     ("pipe", "it is no regular file"), ("x" * 300, "it can't be read: File name too long")],
    ids=["missing", "folder", "pipe", "long_name"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, name: str, reason: str) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ConfigError) as refused:
        yaml_files.read_bytes(tmp_path / name)

    assert str(refused.value) == f"{tmp_path / name}: {reason}"


_YAML_LIKE = st.text(alphabet="ab:- \n[]{},&*!|>'\"#%@?~01.\t\\\x00\ud800é", max_size=80)


@given(st.binary(max_size=80) | st.text(max_size=80) | _YAML_LIKE)
def test_any_bytes_are_a_value_or_a_config_error_with_a_place(content: str | bytes) -> None:
    try:
        document = yaml_files.read(content, "f.yaml")
    except ConfigError as error:
        told = error.problems
    else:
        told = (document.problem((), "!"),)

    assert all(problem.startswith("f.yaml:") for problem in told)
