"""Whom failures concern, against a labelled set that is played for real; a page tells it all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from support.blame_matrix import CASES, PAGE, WHY_WRONG, Told, page, play_all
from support.keeping import keeping

from alerts.blame import blame_of_run, possible, ruling_of_run
from alerts.blame_rules import DEFAULTS, RULES, Rule
from probes.journal.reading import Reader
from probes.words import Blame, FailureKind, Operation, Outcome

LEAST_SHARE_RIGHT = 0.95
LEAST_CASES = 60
PLAYED_RULES = [rule for rule in RULES if FailureKind.RESET not in rule.kinds]  # a breaking network is not to be had
BOUNDED_RULES = [rule for rule in RULES if not rule.always]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, ...]:
    return asyncio.run(play_all(tmp_path_factory.mktemp("certificates")))


def test_the_page_of_blame_tells_what_happens(told: tuple[Told, ...]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(told), "`make blame-page` writes it anew: read what changed"


def test_at_least_95_of_100_are_told_right(told: tuple[Told, ...]) -> None:
    right = sum(each.right for each in told)

    assert right / len(told) >= LEAST_SHARE_RIGHT
    assert len(told) >= LEAST_CASES


def test_no_fault_of_the_monitor_is_the_apis_and_none_of_the_api_the_monitors(told: tuple[Told, ...]) -> None:
    accused = {Blame.MONITOR: Blame.API, Blame.API: Blame.MONITOR}
    wrong = [each.case.name for each in told if each.blame is accused.get(each.case.label, NotImplemented)]

    assert wrong == []


def test_whoever_is_told_is_the_labelled_one_or_known_to_be_another(told: tuple[Told, ...]) -> None:
    wrong = {each.case.name: each.blame for each in told if each.blame is not (each.case.told or each.case.label)}

    assert wrong == {}
    assert {case.name for case in CASES if case.told is not None} == WHY_WRONG.keys()


def test_each_word_has_its_share_of_the_situations() -> None:
    labels = Counter(case.label for case in CASES)

    assert set(labels) == set(Blame)
    assert min(labels.values()) >= 10


def test_no_two_situations_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_run_that_can_not_tell_is_the_monitors(told: tuple[Told, ...]) -> None:
    unknown = [each for each in told if each.run.outcome is Outcome.UNKNOWN]

    assert {each.blame for each in unknown} == {Blame.MONITOR}
    assert len(unknown) > 8


def test_whom_a_failure_may_concern_is_foreseen(told: tuple[Told, ...]) -> None:
    """Counters start at zero under the blame that they will have."""
    unforeseen = [
        each.case.name
        for each in told
        if (failed := failed_of(each)) is not None and each.blame not in possible(failed[0], failed[1])
    ]

    assert unforeseen == []


def test_a_reason_is_given_where_the_kind_alone_does_not_decide(told: tuple[Told, ...]) -> None:
    silent = [
        each.case.name
        for each in told
        if (failed := failed_of(each)) is not None and each.blame is not DEFAULTS[failed[0]]
        if (ruling := ruling_of_run(each.run)) is None or ruling.reason is None
    ]

    assert silent == []


@pytest.mark.parametrize("gone", PLAYED_RULES, ids=lambda rule: f"{rule.blame}: {rule.reason}")
def test_a_rule_that_is_gone_is_missed(told: tuple[Told, ...], gone: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.blame.RULES", tuple(rule for rule in RULES if rule is not gone))

    assert any(blame_of_run(each.run) is not each.blame for each in told)


@pytest.mark.parametrize("rule", BOUNDED_RULES, ids=lambda rule: f"{rule.blame}: {rule.reason}")
def test_a_rule_that_asks_for_nothing_goes_too_far(
    told: tuple[Told, ...], rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    boundless = replace(rule, fits=lambda _scene: True)
    monkeypatch.setattr("alerts.blame.RULES", tuple(boundless if each is rule else each for each in RULES))

    assert any(blame_of_run(each.run) is not each.blame for each in told)


async def test_a_run_out_of_the_journal_is_told_as_the_run_was(told: tuple[Told, ...], sqlite_url: str) -> None:
    async with keeping(sqlite_url) as journal:
        for each in told:
            journal.run_finished(each.run)
    reader = Reader(sqlite_url)
    kept = {each.run.run_id: reader.run(each.run.run_id) for each in told}
    reader.close()

    other = {
        each.case.name
        for each in told
        if (run := kept[each.run.run_id]) is None or ruling_of_run(run.run) != ruling_of_run(each.run)
    }
    assert other == set()


def failed_of(told: Told) -> tuple[FailureKind, Operation | None] | None:
    """What failed where, if the run failed."""
    step = told.run.failed_step
    if told.run.outcome is not Outcome.FAILED or step is None or step.failure is None:
        return None
    return step.failure.kind, None if step.own_exchange is None else step.own_exchange.operation
