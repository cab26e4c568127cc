"""What must not throw an integration off, and what its log shows."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
