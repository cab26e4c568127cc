"""Each rule stands on a sentence of the guide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import support

from probes.readiness.rules import caller, sessions, turning, writing
from probes.readiness.rules.rule import Rule

RULES = (*caller.RULES, *sessions.RULES, *turning.RULES, *writing.RULES)
GUIDE = Path(support.__path__[0]) / "partner-guide.txt"


def bare(text: str) -> str:
    """Without white space and code marks, which the guide's page as text has lost in places."""
    return re.sub(r"[\s`]+", "", text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_rule_quotes_the_guide_word_for_word(rule: Rule) -> None:
    assert bare(rule.source) in bare(GUIDE.read_text(encoding="utf-8"))
