from __future__ import annotations

import pytest
from support.facts import SEARCH, a_run, a_target

from exporter.run import choose_target, exit_code, named
from probes.errors import UsageError
from probes.words import Outcome

SCENARIOS = {"quick_search": SEARCH, "golden_path": SEARCH}


@pytest.mark.parametrize(
    ("outcomes", "complete", "code"),
    [
        pytest.param([Outcome.PASSED, Outcome.DEGRADED], True, 0, id="all-good"),
        pytest.param([Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN], True, 1, id="one-failed"),
        pytest.param([Outcome.PASSED, Outcome.SKIPPED], True, 3, id="one-skipped"),
        pytest.param([Outcome.PASSED, Outcome.UNKNOWN], True, 3, id="one-unknown"),
        pytest.param([], True, 3, id="none"),
        pytest.param([Outcome.PASSED], False, 3, id="interrupted"),
        pytest.param([Outcome.FAILED], False, 1, id="failed-then-interrupted"),
    ],
)
def test_the_exit_code_tells_good_bad_and_cannot_tell(outcomes: list[Outcome], complete: bool, code: int) -> None:
    assert exit_code([a_run(outcome) for outcome in outcomes], complete=complete) == code


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
