"""All rules, in the order of `RuleId`: each of them exactly once."""

from __future__ import annotations

from itertools import chain

from probes.readiness.rules import caller, retrying, sessions, surviving, turning, writing
from probes.readiness.rules.rule import Rule
from probes.readiness.words import RuleId

_BY_ID = {
    rule.rule: rule
    for rule in chain(caller.RULES, sessions.RULES, turning.RULES, writing.RULES, retrying.RULES, surviving.RULES)
}
RULES: tuple[Rule, ...] = tuple(_BY_ID[rule] for rule in RuleId if rule in _BY_ID)
