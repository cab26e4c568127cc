"""`brekwatch audit sandbox` in a process of its own, and what its JSON says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.commands import start

from probes.readiness.words import RuleState, SituationName


@dataclass(frozen=True, slots=True)
class Audited:
    """How it ended. `said` is what it wrote to a terminal's two streams: for a test that fails to be understood."""

    exit_code: int
    document: dict[str, Any]
    said: str

    def rules(self, state: RuleState) -> set[str]:
        """The ids of the rules that stand so."""
        return {rule["id"] for rule in self.document["rules"] if rule["state"] == state}

    def rule(self, rule_id: str) -> dict[str, Any]:
        return next(rule for rule in self.document["rules"] if rule["id"] == rule_id)


async def audit(
    command: Sequence[str],
    folder: Path,
    *options: str,
    situations: Iterable[SituationName] = (),
    environment: Mapping[str, str] | None = None,
) -> Audited:
    """Audits a command: in those situations, or in the whole course."""
    file = folder / "audit.json"
    chosen = (word for situation in situations for word in ("--situation", situation.value))
    process = await start(
        "audit", "sandbox", "--json", str(file), *chosen, *options, "--", *command, environment=environment
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    document = json.loads(file.read_text("utf-8")) if file.exists() else {"rules": []}
    return Audited(process.returncode or 0, document, f"{out.decode()}\n{err.decode()}")
