"""Who meets which situation: everybody the same, or each new session the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probes.readiness.course.acts import Act, act_of
from probes.readiness.course.play import Play
from probes.readiness.course.situations import Situation
from probes.readiness.evidence import Seen
from probes.readiness.rules.conversations import actor_of, session_of
from probes.readiness.rules.waiting import STARTED_ANEW_SECONDS
from probes.readiness.words import SituationName
from probes.sandbox.faults import Moment
from probes.sandbox.replies import Reply
from probes.sandbox.spoiling import Scene
from probes.sandbox.state import Cards, Newest, Session
from probes.words import Operation

_MOST_SESSIONS = 20_000
_MOST_REFUSALS = 4
"""A creation that comes at once after its actor was refused one is the same again, not the next; and so often.

A client that is started anew can't be told from one that doesn't give up, but by the time that it takes.
"""


class OneSituation:
    """One situation for whoever comes."""

    def __init__(self, situation: Situation) -> None:
        self.play = situation.play()

    def strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        """What the play says."""
        act = act_of(scene, steps)
        return None if act is None else self.play.strike(moment, act)

    def cards_of(self, _session: Session) -> Cards:
        """The play's."""
        return self.play.cards


@dataclass(slots=True, kw_only=True)
class _Turn:
    """A play that one session has, and whose it is."""

    situation: Situation
    play: Play
    refusals: int = 0
    refused_at: float = 0.0
    told: bool = False


class TakingTurns:
    """Each new session gets the next situation, and behind the last one the first again.

    Cards are the session's own: what an actor added in one situation is not there in the next. `told` hears of each
    session's situation as it begins. `loop_time` is the monotonic clock.
    """

    def __init__(
        self,
        situations: Sequence[Situation],
        *,
        loop_time: Callable[[], float],
        told: Callable[[Situation], None] = lambda _situation: None,
    ) -> None:
        self._situations = tuple(situations)
        self._loop_time = loop_time
        self._told = told
        self._count = 0
        self._by_session: Newest[str, _Turn] = Newest(_MOST_SESSIONS)
        self._refused: Newest[str, _Turn] = Newest(_MOST_SESSIONS)
        self._creating: _Turn | None = None
        self._began: dict[SituationName, float] = {}
        self._reached: set[SituationName] = set()

    def strike(self, moment: Moment, scene: Scene, *steps: str) -> Reply | None:
        """What the play of the request's session says; a session that is unknown has none."""
        act = act_of(scene, steps)
        turn = None if act is None else self._turn_of(moment, act)
        if act is None or turn is None:
            return None
        reply = turn.play.strike(moment, act)
        if moment is Moment.BEFORE and act.operation is Operation.CREATE_SESSION and reply is not None:
            self._refuse(turn, act)
        if turn.play.reached:
            self._reached.add(turn.situation.name)
        return reply

    def cards_of(self, session: Session) -> Cards:
        """Those of the session's play."""
        turn = self._by_session.get(session.session_id)
        return Cards() if turn is None else turn.play.cards

    @property
    def began(self) -> dict[SituationName, float]:
        """When each situation that was met was met first, in the order of meeting, on the monotonic clock."""
        return dict(self._began)

    @property
    def reached(self) -> frozenset[SituationName]:
        """The situations whose trouble was shown at least once."""
        return frozenset(self._reached)

    def situation_of(self, seen: Seen) -> SituationName | None:
        """The situation of a request's session, or of the creation that its actor was refused."""
        turn = self._by_session.get(session_of(seen) or "") or self._refused.get(actor_of(seen) or "")
        return None if turn is None else turn.situation.name

    def _turn_of(self, moment: Moment, act: Act) -> _Turn | None:
        if act.operation is not Operation.CREATE_SESSION:
            return self._by_session.get(act.session_id or "")
        if moment is Moment.BEFORE:
            self._creating = self._same_creation(act) or self._next()
        elif act.session_id is not None and self._creating is not None:
            self._begin(self._creating)
            self._by_session[act.session_id] = self._creating
        return self._creating

    def _same_creation(self, act: Act) -> _Turn | None:
        turn = self._refused.get(act.actor_id or "")
        if turn is None or turn.refusals >= _MOST_REFUSALS:
            return None
        return turn if self._loop_time() - turn.refused_at < STARTED_ANEW_SECONDS else None

    def _next(self) -> _Turn:
        situation = self._situations[self._count % len(self._situations)]
        return _Turn(situation=situation, play=situation.play())

    def _refuse(self, turn: _Turn, act: Act) -> None:
        self._begin(turn)
        turn.refusals += 1
        turn.refused_at = self._loop_time()
        self._refused[act.actor_id or ""] = turn

    def _begin(self, turn: _Turn) -> None:
        if turn.told:
            return
        turn.told = True
        self._count += 1
        self._began.setdefault(turn.situation.name, self._loop_time())
        self._told(turn.situation)
