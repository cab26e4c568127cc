"""Each rule stands on a sentence of the documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import support
from support.guide_sentences import in_the_documents

from probes.readiness.rules.registry import RULES
from probes.readiness.rules.rule import Rule
from probes.readiness.words import RuleId

GUIDE = Path(support.__path__[0]) / "partner-guide.txt"


def bare(text: str) -> str:
    """Without white space and code marks, which the guide's page as text has lost in places."""
    return re.sub(r"[\s`]+", "", text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_rule_quotes_the_documents_word_for_word(rule: Rule) -> None:
    assert bare(rule.source) in bare(GUIDE.read_text(encoding="utf-8")) or in_the_documents(rule.source)


def test_each_rule_is_there_once_in_the_order_of_its_word() -> None:
    assert [rule.rule for rule in RULES] == list(RuleId)
