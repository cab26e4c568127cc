"""When, how often and how soon a request is sent again."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
