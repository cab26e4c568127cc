"""What a turn may be, given what the integration was told: status, errors, the documented schema."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
