from __future__ import annotations

import pytest
from support.facts import NOON, SEARCH, a_probe, a_target

from exporter.recorder import Recorder


@pytest.fixture
def recorder() -> Recorder:
    """One that expects a search on one target, its clock at noon."""
    recorder = Recorder(now=NOON.timestamp)
    recorder.expect([a_target()], [a_probe()], {SEARCH.name: SEARCH}, "eu-1")
    return recorder
