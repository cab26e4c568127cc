"""What an audit is made of, as lines for people: its situations, and its rules."""

from __future__ import annotations

from collections.abc import Iterator

from probes.readiness.course.situations import SITUATIONS
from probes.readiness.rules.registry import RULES


def situation_lines() -> Iterator[str]:
    """Each situation with what the stand-in does, in the order of the course."""
    width = max(len(situation.name) for situation in SITUATIONS)
    for situation in SITUATIONS:
        yield f"{situation.name:<{width}}  {situation.shows}"


def rule_lines() -> Iterator[str]:
    """Each rule with the sentence that it comes from, and the situations that exercise it."""
    width = max((len(rule.rule) for rule in RULES), default=0)
    for rule in RULES:
        yield f"{rule.rule:<{width}}  “{rule.source}”"
        exercised = ", ".join(rule.exercised_by)
        if exercised:
            yield f"{'':<{width}}  exercised by {exercised}"
        if rule.attested:
            yield f"{'':<{width}}  may be attested by a person, where nothing was seen"
