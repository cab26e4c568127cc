"""How requests come: the key, its place and its company, TLS, content type, card data."""

from __future__ import annotations

from probes.readiness.rules.rule import Rule

RULES: tuple[Rule, ...] = ()
