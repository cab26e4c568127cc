"""The checks of `ready`, made of finished runs: pure functions, one for each `CheckId`, and one for each scenario."""

from __future__ import annotations

from probes.readiness.checks.registry import checks_of
from probes.readiness.checks.seeing import Heard

__all__ = ["Heard", "checks_of"]
