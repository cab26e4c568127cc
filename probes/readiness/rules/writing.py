"""Idempotency keys, and what follows a write whose fate is unknown."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
