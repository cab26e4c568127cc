"""What a sandbox may be given to play beside its faults: a script that knows the conversations it spoils."""

from __future__ import annotations

from typing import Protocol

from probes.sandbox.faults import Moment
from probes.sandbox.replies import Reply
from probes.sandbox.spoiling import Scene
from probes.sandbox.state import Cards, Session


class Script(Protocol):
    """Asked at the same moments as the faults, and after them. It may remember what it has played."""

    def strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        """What comes instead of the true answer; None: the true one."""

    def cards_of(self, session: Session) -> Cards:
        """The cards in which this session looks, and saves."""
