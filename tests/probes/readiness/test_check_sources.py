"""Where checks come from: each names a sentence of Brek's documents, word for word."""

from __future__ import annotations

import pytest
from support.guide_sentences import in_the_documents

from probes.readiness.checks.registry import KINDS
from probes.readiness.checks.scenarios import OWN_SOURCE, SOURCES
from probes.readiness.words import CheckId
from probes.scenario_files import shipped


@pytest.mark.parametrize("check", CheckId)
def test_a_check_names_a_sentence_of_the_documents(check: CheckId) -> None:
    assert in_the_documents(KINDS[check].source)


@pytest.mark.parametrize("source", [*SOURCES.values(), OWN_SOURCE])
def test_a_scenario_names_a_sentence_of_the_documents(source: str) -> None:
    assert in_the_documents(source)


def test_what_no_document_says_is_told_apart() -> None:
    assert not in_the_documents("Answers come within a second")


def test_checks_stand_in_the_order_of_their_words() -> None:
    assert list(KINDS) == list(CheckId)


def test_each_shipped_scenario_has_a_source() -> None:
    assert set(SOURCES) == set(shipped())
