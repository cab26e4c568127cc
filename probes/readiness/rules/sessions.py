"""Sessions and their actors, and turns one after the other."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
