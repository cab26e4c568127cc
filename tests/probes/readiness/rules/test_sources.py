"""Each rule stands on a sentence of the documents."""

from __future__ import annotations

import pytest
from support.guide_sentences import in_the_documents

from probes.readiness.rules.registry import RULES
from probes.readiness.rules.rule import Rule
from probes.readiness.words import RuleId


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_rule_quotes_the_documents_word_for_word(rule: Rule) -> None:
    assert in_the_documents(rule.source)


def test_each_rule_is_there_once_in_the_order_of_its_word() -> None:
    assert [rule.rule for rule in RULES] == list(RuleId)
