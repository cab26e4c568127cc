from __future__ import annotations

import pytest

from exporter.audit_names import apart, each_named


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("--situation decline saved_card -- ./client", "--situation decline --situation saved_card -- ./client"),
        ("--situation decline saved_card --json f", "--situation decline --situation saved_card --json f"),
        ("--situation decline --situation lost_answer -- x", "--situation decline --situation lost_answer -- x"),
        ("--situation nowhere decline", "--situation nowhere --situation decline"),
        ("--situation decline client", "--situation decline client"),
        ("-- client --situation decline saved_card", "-- client --situation decline saved_card"),
        ("--json decline -- decline", "--json decline -- decline"),
    ],
    ids=["two", "before_another_option", "repeated", "after_an_unknown_one", "a_command", "a_commands_own", "none"],
)
def test_each_name_behind_the_option_is_one(typed: str, means: str) -> None:
    assert list(each_named(typed.split())) == means.split()


def test_names_may_be_joined_by_commas() -> None:
    assert apart(["decline,saved_card", "lost_answer, "]) == ("decline", "saved_card", "lost_answer")
