"""The guide's own quickstarts under examples/, and how a reader runs each of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

FOLDER = Path(__file__).parents[2] / "examples" / "quickstarts"
NODE = compute_driver_executable()[0]  # one that runs TypeScript as it is
_STAND_INS = str(Path(__file__).parent / "stand_ins")
_STEP = {"ACTOR_ID": "partner_user_001"}  # of the guide's "Set env vars"; the other two are the audit's


@dataclass(frozen=True, slots=True)
class Quickstart:
    """One of them, its command, and what its environment needs."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


CURL = Quickstart("curl", ("sh", str(FOLDER / "quickstart.sh")), _STEP)
NODE_JS = Quickstart("node", (NODE, str(FOLDER / "quickstart.mts")), {})
PYTHON = Quickstart("python", (sys.executable, "-B", str(FOLDER / "quickstart.py")), {"PYTHONPATH": _STAND_INS})
QUICKSTARTS = (CURL, NODE_JS, PYTHON)
