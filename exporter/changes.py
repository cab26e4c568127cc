"""What a configuration may change while the service runs, and what it did change. Pure functions of settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from probes.settings import Settings

_FIXED = {
    "listen_host": "listen",
    "listen_port": "listen",
    "web_config": "web_config",
    "journal": "journal",
    "retention": "retention",
    "location": "location",
    "sentry_dsn": "sentry_dsn",
}

K = TypeVar("K")
V = TypeVar("V")


def settings_problem(settings: Settings) -> str | None:
    """Why a service can't run with these settings; None if it can."""
    if settings.probes:
        return None
    return (
        "there are no probes to play: name a configuration with -c, and scenarios under its `probes:`, e.g.\n"
        "  probes:\n    - {scenario: quick_search, every: 5m}"
    )


def reload_problem(before: Settings, after: Settings) -> str | None:
    """Why a running service can't change from one to the other; None if it can."""
    changed = [key for field, key in _FIXED.items() if getattr(before.service, field) != getattr(after.service, field)]
    if not changed:
        return settings_problem(after)
    keys = " and ".join(f"service.{key}" for key in dict.fromkeys(changed))
    return f"{keys} can't change while the service runs: restart it, or put back what was there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a reload did, by name: probes as `SCENARIO on TARGET`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    changed_targets: tuple[str, ...]
    changed_scenarios: tuple[str, ...]

    @classmethod
    def between(cls, before: Settings, after: Settings) -> Changes:
        """Compares two settings. A rotated key is a changed target."""
        old, new = _probes(before), _probes(after)
        return cls(
            added=tuple(name for name in new if name not in old),
            removed=tuple(name for name in old if name not in new),
            changed=_changed(old, new),
            changed_targets=_changed(before.targets, after.targets),
            changed_scenarios=_changed(before.scenarios, after.scenarios),
        )


def _probes(settings: Settings) -> dict[str, object]:
    return {f"{probe.scenario} on {probe.target}": probe for probe in settings.probes}


def _changed(before: Mapping[K, V], after: Mapping[K, V]) -> tuple[K, ...]:
    return tuple(key for key, value in after.items() if key in before and before[key] != value)
