"""What plays are made of: asked at three moments of each request, and knowing whether their trouble was shown."""

from __future__ import annotations

from probes.readiness.course.acts import Act
from probes.sandbox.faults import Moment
from probes.sandbox.replies import Reply
from probes.sandbox.state import Cards


class Play:
    """One situation while it is played, to one command or to one session. It may be of any number of sessions.

    `reached`: what makes the situation special was shown at least once. `cards` are those that its sessions look in.
    """

    def __init__(self) -> None:
        self.reached = False
        self.cards = Cards()

    def strike(self, moment: Moment, act: Act) -> Reply | None:
        """What comes instead of the true answer; None: the true one."""
        if moment is Moment.BEFORE:
            return self.arriving(act) if act.turn is None else self.turning(act)
        return self.answered(act) if act.answer is not None else None

    def arriving(self, act: Act) -> Reply | None:
        """Any request with a key, before anything of it was judged."""
        return None

    def turning(self, act: Act) -> Reply | None:
        """A good turn, before it takes effect."""
        return None

    def answered(self, act: Act) -> Reply | None:
        """A request that took effect; it has an answer, which is a success."""
        return None

    def shown(self, reply: Reply | None) -> Reply | None:
        """The reply; the trouble was reached, if it is one."""
        self.reached = self.reached or reply is not None
        return reply
