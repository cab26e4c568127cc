from __future__ import annotations

import pytest
from support.facts import SEARCH, a_target

from exporter.run import choose_target, named
from probes.errors import UsageError

SCENARIOS = {"quick_search": SEARCH, "golden_path": SEARCH}


def test_the_only_target_needs_no_name() -> None:
    target = a_target()

    assert choose_target({"acme": target}, None) is target


def test_of_several_targets_one_must_be_chosen() -> None:
    targets = {"acme": a_target(), "other": a_target(name="other")}

    assert choose_target(targets, "other").name == "other"
    with pytest.raises(UsageError, match="choose one with -t: acme, other"):
        choose_target(targets, None)


def test_a_target_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="no target 'prod'; there are: acme"):
        choose_target({"acme": a_target()}, "prod")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("quick_serch", "did you mean quick_search?"), ("xyzzy", "there are: quick_search, golden_path")],
)
def test_a_scenario_that_is_not_there_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        named(SCENARIOS, name)

    assert hint in str(refused.value)
