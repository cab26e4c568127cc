"""Each rule of retries, survival and logs stands on a sentence of the guide, or on one of its published guardrails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import support

from probes.readiness.rules import retrying, surviving
from probes.readiness.rules.rule import Rule

ROOT = Path(support.__path__[0]).parents[1]
BOTH = (ROOT / "tests/support/partner-guide.txt", ROOT / "docs/production-checklist.md")


def bare(text: str) -> str:
    """Without white space and code marks, which the guide's page as text has lost in places."""
    return re.sub(r"[\s`]+", "", text)


@pytest.mark.parametrize("rule", [*retrying.RULES, *surviving.RULES], ids=lambda rule: rule.rule)
def test_a_rule_quotes_its_source_word_for_word(rule: Rule) -> None:
    assert any(bare(rule.source) in bare(page.read_text(encoding="utf-8")) for page in BOTH)
