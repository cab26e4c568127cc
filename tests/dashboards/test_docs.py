"""docs/dashboards.md tells of every board and every choice, and of none that there isn't."""

from __future__ import annotations

import re

from support.board_files import GENERATED, boards, variables

PAGE = (GENERATED.parents[1] / "docs" / "dashboards.md").read_text(encoding="utf-8")


def test_it_says_what_each_board_answers() -> None:
    told = set(re.findall(r"^\| (brekwatch / .*?) \| (.*?) \|$", PAGE, re.MULTILINE))

    assert told == {(one["title"], one["description"]) for one in boards()}


def test_it_explains_each_choice() -> None:
    choices = PAGE.partition("## The choices at the top")[2].partition("##")[0]
    told = {
        name
        for names in re.findall(r"^\| ([A-Z][\w ,]*?) \| .*\.", choices, re.MULTILINE)
        for name in names.split(", ")
    }

    assert told == {each["label"] for one in boards() for each in variables(one) if each.get("hide") != 2}


def test_it_says_what_was_checked_and_what_was_not() -> None:
    said = " ".join(PAGE.split())

    assert "checked against Grafana's published schema (12.4 and 13.2), not a running server" in said
    assert "--enable-feature=exemplar-storage" in said
