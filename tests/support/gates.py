"""Gates for a scheduler whose runs are functions of a test."""

from __future__ import annotations

from probes.gate import Cue, Play
from probes.model import Probe
from probes.words import SkipReason


class OpenGate:
    """Lets every run start at once."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.forgone = 0

    def forgo(self) -> None:
        self.forgone += 1

    def closed(self, probe: Probe) -> SkipReason | None:
        return None

    async def turn(self, probe: Probe, *, recheck: bool) -> Cue:
        return Cue(self.play, self.forgo)
