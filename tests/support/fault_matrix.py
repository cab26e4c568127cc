"""The matrix of faults and scenarios: all of it played to the sandbox, and the page that tells what came of it.

`make faults-page` writes docs/faults.md anew. Read what changed before you believe it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from support.playing import Heard, play, target_for

from probes.model import Run
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.sandbox.words import FaultName
from probes.scenario_files import shipped
from probes.words import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
DEADLINE_SECONDS = 3.2
STEP_DEADLINE_SECONDS = 1.6
AT_ONCE = 6
EVERYWHERE = ""
TELLING_STEP = {
    "auth_styles": "get_session",
    "book_by_action": "book",
    "contract_files": "openapi",
    "decline_payment": "decline",
    "done_before_card": "done",
    "error_catalog": "get_session",
    "golden_path": "confirm",
    "golden_path_to_payment": "name",
    "idempotent_replay": "confirm",
    "quick_search": "search",
    "saved_card": "attach_card",
    "session_isolation": "get_session",
    "snapshot_history": "get_session",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run with one fault. `late_seconds` is how far it went beyond its deadline."""

    run: Run
    booked: int
    cancelled: int
    late_seconds: float
    faults_of_ours: int

    def told(self) -> str:
        """The cell as the page shows it."""
        run = self.run
        findings = sorted({finding.kind for finding in run.findings})
        parts = [f"**{run.reason}** at {run.failed_step.name}" if run.failed_step else str(run.outcome)]
        if run.outcome is Outcome.PASSED and findings:
            parts.append(", ".join(findings))
        if run.bookings:
            parts.append("booking " + ", ".join(booking.state for booking in run.bookings))
        return "; ".join(parts)


Key = tuple[FaultName, str, str]


async def play_cell(fault: FaultName, scenario: str, step: str, turn: asyncio.Semaphore) -> Cell:
    spec = f"{fault}@{step}" if step else str(fault)
    heard = Heard()
    async with turn, SandboxServer(faults=[spec], slow_seconds=0.05) as sandbox:
        target = target_for(sandbox, other_api_key=Secret(sandbox.other_api_key or ""))
        began = time.monotonic()
        run = await play(
            scenario,
            target,
            listener=heard,
            deadline_seconds=DEADLINE_SECONDS,
            step_deadline_seconds=STEP_DEADLINE_SECONDS,
        )
        return Cell(
            run=run,
            booked=len(sandbox.bookings),
            cancelled=sum(booking.cancelled for booking in sandbox.bookings),
            late_seconds=time.monotonic() - began - DEADLINE_SECONDS,
            faults_of_ours=len(heard.faults),
        )


async def play_all() -> dict[Key, Cell]:
    turn = asyncio.Semaphore(AT_ONCE)
    pairs = product(FaultName, shipped())
    keys = [(fault, name, step) for fault, name in pairs for step in (TELLING_STEP[name], EVERYWHERE)]
    cells = await asyncio.gather(*(play_cell(*key, turn) for key in keys))
    return dict(zip(keys, cells, strict=True))


def table(cells: dict[Key, Cell], step_of: dict[str, str]) -> Iterable[str]:
    names = list(shipped())
    yield "| fault | " + " | ".join(f"{name}{f' @ {step_of[name]}' if step_of[name] else ''}" for name in names) + " |"
    yield "|---|" + "---|" * len(names)
    for fault in FaultName:
        yield f"| `{fault}` | " + " | ".join(cells[fault, name, step_of[name]].told() for name in names) + " |"


HEAD = """\
# What each fault does to each scenario

A test plays all of it to the sandbox and compares; `make faults-page` writes it. A cell tells how the run ended: **the
failure's kind** and the step that failed, or that it passed, with what was found beside it; and what the run's ledger
says of bookings. `brekwatch sandbox --list-faults` tells what each fault does.

## At the step that the scenario is about

"""
MIDDLE = """
## At every request of the API

The files beside the API are spared.

"""


def page(cells: dict[Key, Cell]) -> str:
    telling, everywhere = table(cells, TELLING_STEP), table(cells, dict.fromkeys(TELLING_STEP, EVERYWHERE))
    return HEAD + "\n".join(telling) + "\n" + MIDDLE + "\n".join(everywhere) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(asyncio.run(play_all())), encoding="utf-8")
