"""How often did it pass, and is that enough?"""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from rich.console import Console
from support.facts import a_failed_step, a_failure, a_run, a_step, an_answer, an_exchange

from exporter import repeat_table
from exporter.repeat import Tally, Verdict, exit_code, share_of, tallies
from exporter.terminal import Terminal
from probes.errors import UsageError
from probes.model import Run
from probes.words import FailureKind, Outcome

ALL = Fraction(1)
PASSED, DEGRADED, FAILED, UNKNOWN, SKIPPED = (
    Outcome.PASSED,
    Outcome.DEGRADED,
    Outcome.FAILED,
    Outcome.UNKNOWN,
    Outcome.SKIPPED,
)


def tally_of(*outcomes: Outcome, wanted: int | None = None) -> Tally:
    (tally,) = tallies([a_run(outcome) for outcome in outcomes], ["quick_search"] * (wanted or len(outcomes)))
    return tally


@pytest.mark.parametrize(
    ("outcomes", "least", "verdict"),
    [
        pytest.param([PASSED, DEGRADED], "100%", Verdict.ENOUGH, id="all-good"),
        pytest.param([PASSED, FAILED], "100%", Verdict.TOO_FEW, id="one-failed"),
        pytest.param([PASSED, UNKNOWN], "100%", Verdict.UNCLEAR, id="one-unknown"),
        pytest.param([PASSED, SKIPPED], "100%", Verdict.UNCLEAR, id="one-skipped"),
        pytest.param([FAILED, UNKNOWN], "100%", Verdict.TOO_FEW, id="failed-and-unknown"),
        pytest.param([PASSED, PASSED, PASSED, PASSED, FAILED], "80%", Verdict.ENOUGH, id="just-enough"),
        pytest.param([PASSED, PASSED, PASSED, FAILED, FAILED], "80%", Verdict.TOO_FEW, id="just-too-few"),
        pytest.param([PASSED, PASSED, PASSED, FAILED, UNKNOWN], "80%", Verdict.UNCLEAR, id="either-way"),
        pytest.param([PASSED, PASSED, FAILED, FAILED, UNKNOWN], "80%", Verdict.TOO_FEW, id="too-few-whatever-else"),
        pytest.param([PASSED, PASSED, PASSED, PASSED, UNKNOWN], "80%", Verdict.ENOUGH, id="enough-whatever-else"),
        pytest.param([FAILED], "0", Verdict.ENOUGH, id="none-is-enough"),
        pytest.param([UNKNOWN, SKIPPED], "0", Verdict.UNCLEAR, id="nothing-was-judged"),
        pytest.param([PASSED] * 7 + [FAILED] * 3, "0.7", Verdict.ENOUGH, id="no-rounding-error"),
    ],
)
def test_runs_that_are_not_judged_never_tip_the_balance(outcomes: list[Outcome], least: str, verdict: Verdict) -> None:
    assert tally_of(*outcomes).verdict(share_of(least)) is verdict


def test_runs_that_were_not_played_count_as_not_judged() -> None:
    assert tally_of(PASSED, wanted=2).verdict(ALL) is Verdict.UNCLEAR
    assert tally_of(FAILED, wanted=2).verdict(ALL) is Verdict.TOO_FEW
    assert tally_of(PASSED, wanted=2).verdict(Fraction(1, 2)) is Verdict.ENOUGH


@pytest.mark.parametrize(
    ("outcomes", "complete", "code"),
    [
        pytest.param([PASSED, DEGRADED], True, 0, id="all-good"),
        pytest.param([PASSED, FAILED, UNKNOWN], True, 1, id="one-failed"),
        pytest.param([PASSED, SKIPPED], True, 3, id="one-skipped"),
        pytest.param([PASSED, UNKNOWN], True, 3, id="one-unknown"),
        pytest.param([], True, 3, id="none"),
        pytest.param([PASSED], False, 3, id="interrupted"),
        pytest.param([FAILED], False, 1, id="failed-then-interrupted"),
    ],
)
def test_the_exit_code_tells_good_bad_and_cannot_tell(outcomes: list[Outcome], complete: bool, code: int) -> None:
    runs = [a_run(outcome, scenario=f"scenario_{number}") for number, outcome in enumerate(outcomes)]
    found = tallies(runs, [run.scenario for run in runs])

    assert exit_code(found, ALL, complete=complete) == code


def test_each_scenario_must_reach_the_share_by_itself() -> None:
    runs = [*([a_run(PASSED, scenario="good")] * 9), a_run(FAILED, scenario="bad")]
    found = tallies(runs, [run.scenario for run in runs])

    assert [tally.verdict(Fraction(4, 5)) for tally in found] == [Verdict.ENOUGH, Verdict.TOO_FEW]
    assert exit_code(found, Fraction(4, 5)) == 1


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("80%", Fraction(4, 5)),
        ("0.8", Fraction(4, 5)),
        ("1", ALL),
        ("0", Fraction(0)),
        ("100%", ALL),
        ("2.5%", Fraction(1, 40)),
    ],
)
def test_a_share_is_a_number_up_to_1_or_a_percentage(text: str, share: Fraction) -> None:
    assert share_of(text) == share


@pytest.mark.parametrize("text", ["80", "101%", "1.1", "-1", "four", "", "nan", "½", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_what_is_no_share_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(UsageError, match=r"write it as 0\.8 or as 80%"):
        share_of(text)


def answered(chat_status: str | None, status_code: int = 200) -> Run:
    return a_run(steps=(a_step(exchanges=(an_exchange(answer=an_answer(status_code, chat_status=chat_status)),)),))


def test_a_step_that_was_answered_differently_is_a_flip_and_one_that_was_not_is_none() -> None:
    lost = an_exchange(failure=a_failure(FailureKind.TIMEOUT), answer=None, expected=False)
    lost_run = a_run(FAILED, steps=(a_failed_step(FailureKind.TIMEOUT, exchanges=(lost,)),))
    runs = [answered("shortlist"), answered("shortlist"), answered("error"), answered(None, 503), lost_run]
    (tally,) = tallies(runs, ["quick_search"] * 5)
    (steady,) = tallies(runs[:2], ["quick_search"] * 2)

    assert [(flip.step, dict(flip.seen)) for flip in tally.flips] == [
        ("search", {"shortlist": 2, "error": 1, "HTTP 503": 1, "timeout": 1})
    ]
    assert steady.flips == ()


def test_a_step_that_was_not_reached_is_no_flip() -> None:
    unreached = a_run(FAILED, steps=(a_step(outcome=SKIPPED, exchanges=()),))
    (tally,) = tallies([answered("shortlist"), unreached], ["quick_search"] * 2)

    assert tally.flips == ()


def shown(found: tuple[Tally, ...], least: Fraction) -> list[str]:
    text = io.StringIO()
    repeat_table.tell(Terminal(Console(file=text, width=160, color_system=None), str), found, least)
    return text.getvalue().splitlines()


def test_the_table_tells_good_of_judged_share_verdict_outcomes_and_kinds() -> None:
    runs = [a_run(PASSED), a_run(DEGRADED, reason="latency"), a_run(FAILED, reason="server_error"), a_run(UNKNOWN)]
    lines = shown(tallies(runs, ["quick_search"] * 5), Fraction(4, 5))

    assert lines[0] == "How often did they pass? Enough is 80%."
    assert lines[1].split() == ["scenario", "good", "of", "judged", "share", "verdict", "outcomes"]
    assert " ".join(lines[2].split()) == (
        "quick_search 2 of 3 66.6% can't tell passed 1, degraded 1, failed 1, unknown 1, not played 1 "
        "(latency 1, server_error 1)"
    )


def test_the_table_shows_the_five_most_frequent_answers_of_a_server_that_invents_many() -> None:
    runs = [answered("shortlist"), *(answered(f"\x1b[2J{number}") for number in range(9))]
    line = shown(tallies([*runs, runs[0]], ["quick_search"] * 11), ALL)[3]

    assert line.startswith("  step search was answered with shortlist 2, \N{REPLACEMENT CHARACTER}[2J0 1")
    assert line.endswith("and 5 others")


def test_a_share_is_rounded_down_so_that_only_all_is_100() -> None:
    lines = shown((tally_of(*[PASSED] * 999, FAILED),), ALL)

    assert " 99.9% " in lines[2]


def test_a_scenario_without_a_judged_run_has_no_share() -> None:
    assert " 0 of 0          - " in shown((tally_of(SKIPPED),), ALL)[2]
