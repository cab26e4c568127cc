"""How the stand-in plays each situation. All count by session: of several conversations each meets its own trouble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import orjson

from probes.cards import CARDS
from probes.readiness.course.acts import Act
from probes.readiness.course.play import Play
from probes.sandbox import spoiling
from probes.sandbox.answers import Answer, gateway, validation
from probes.sandbox.replies import Reply
from probes.sandbox.spoiling import Scene
from probes.sandbox.state import Cards, SavedCard, Session
from probes.sandbox.words import TurnKind
from probes.words import ChatStatus, ErrorCode, Operation

UNKNOWN_STATUS = "payment_review_pending"
_EXTRA = "x_added_in_a_later_release"

_HAVE_NO_ARTIFACTS = frozenset({ChatStatus.GUEST_NAME_REQUIRED, ChatStatus.ERROR})

Says = Callable[[Scene], Reply | None]


class Booking(Play):
    """Nothing is in the way; reached once it is booked."""

    def answered(self, act: Act) -> Reply | None:
        """Notes the booking."""
        self.reached = self.reached or act.status == ChatStatus.BOOKED
        return None


class Decline(Play):
    """Nothing is in the way; reached once a request for consent was answered no."""

    def __init__(self) -> None:
        super().__init__()
        self._status: dict[str | None, str | None] = {}

    def answered(self, act: Act) -> Reply | None:
        """Notes what the conversation is at."""
        if act.turn is None:
            return None
        asked = self._status.get(act.session_id) == ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
        self.reached = self.reached or (asked and act.turn is TurnKind.DECLINE and act.status == ChatStatus.ERROR)
        self._status[act.session_id] = act.status
        return None


class _HouseCards(Cards):
    """Whoever has saved none has this one."""

    def of(self, session: Session) -> SavedCard | None:
        card = CARDS["visa"]
        house = SavedCard(
            payment_method_id=card.payment_method_id,
            brand=card.brand,
            last4=card.last4,
            exp_month=12,
            exp_year=2035,
        )
        return super().of(session) or house


class SavedCardPlay(Play):
    """Every actor has a card; reached once consent is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.cards = _HouseCards()

    def answered(self, act: Act) -> Reply | None:
        """Notes the request for consent."""
        self.reached = self.reached or act.status == ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
        return None


class _LateCards(Cards):
    """Cards that one session can't see for as long as its turn is played."""

    hidden_from: str | None = None

    def of(self, session: Session) -> SavedCard | None:
        return None if session.session_id == self.hidden_from else super().of(session)


class DoneBeforeCard(Play):
    """To a session's first Done the card has not arrived, whatever was attached: a new setup URL is handed out."""

    def __init__(self) -> None:
        super().__init__()
        self._late = _LateCards()
        self.cards = self._late
        self._done: set[str | None] = set()

    def arriving(self, act: Act) -> Reply | None:
        """The turn before is over."""
        self._late.hidden_from = None
        return None

    def turning(self, act: Act) -> Reply | None:
        """Hides the card."""
        if act.turn is TurnKind.DONE and act.session_id not in self._done:
            self._late.hidden_from = act.session_id
        return None

    def answered(self, act: Act) -> Reply | None:
        """A Done that came when no card was asked for does not count."""
        hidden = self._late.hidden_from is not None
        if hidden and act.turn is TurnKind.DONE and act.status == ChatStatus.PAYMENT_SETUP_REQUIRED:
            self._done.add(act.session_id)
            self.reached = True
        return None


class RefusedTurns(Play):
    """A session's first turns are refused, so many; then so many that confirm (or write at all: `any_write`)."""

    def __init__(self, says: Says, *, first: int, writes: int, any_write: bool = False) -> None:
        super().__init__()
        self._says = says
        self._most = {"first": first, "writes": writes}
        self._any_write = any_write
        self._refused: Counter[tuple[str | None, str]] = Counter()

    def turning(self, act: Act) -> Reply | None:
        """Refuses it while any refusal is left."""
        writes = act.writes if self._any_write else act.confirms
        for which in ("first", "writes") if writes else ("first",):
            if self._refused[act.session_id, which] < self._most[which]:
                self._refused[act.session_id, which] += 1
                return self.shown(self._says(act.scene))
        return None


class FirstWrite(Play):
    """A session's first write takes effect, and its answer is lost or wrong, once."""

    def __init__(self, says: Says) -> None:
        super().__init__()
        self._says = says
        self._struck: set[str | None] = set()

    def answered(self, act: Act) -> Reply | None:
        """Spoils the answer of the first write."""
        if not act.wrote or act.session_id in self._struck:
            return None
        self._struck.add(act.session_id)
        return self.shown(self._says(act.scene))


class KeyRefused(Play):
    """Every request is refused for its key, for good: from the first turn on, or from the very creation."""

    def __init__(self, says: Callable[[str], Answer], *, from_creation: bool) -> None:
        super().__init__()
        self._says = says
        self._from_creation = from_creation

    def arriving(self, act: Act) -> Reply | None:
        """Refuses it once it has begun."""
        begins = self._from_creation or act.operation is Operation.SEND_EVENT
        return self.shown(self._says(act.scene.request_id)) if self.reached or begins else None


class InvalidTurn(Play):
    """A session's first turn is answered 400, and so is every repeat of it; another one is not."""

    def __init__(self) -> None:
        super().__init__()
        self._refused: dict[str | None, str] = {}

    def turning(self, act: Act) -> Reply | None:
        """Refuses what was refused before."""
        if self._refused.setdefault(act.session_id, act.wish) != act.wish:
            return None
        text = "this request can't be processed as it is: change it before you send it again"
        return self.shown(validation(400, text, act.scene.request_id))


class FirstTurn(Play):
    """The answer of a session's first turn is changed, once; the turn took effect."""

    def __init__(self, says: Says) -> None:
        super().__init__()
        self._says = says
        self._struck: set[str | None] = set()

    def answered(self, act: Act) -> Reply | None:
        """Changes the first one."""
        if act.turn is None or act.session_id in self._struck:
            return None
        self._struck.add(act.session_id)
        return self.shown(self._says(act.scene))


def _say_unknown(result: dict[str, object]) -> None:
    result["status"] = UNKNOWN_STATUS


unknown_status = spoiling.good_turn(_say_unknown)
slow_answer = spoiling.any_answer(spoiling.slow)
without_artifacts = spoiling.good_turn(spoiling.drop_artifacts)


class MissingArtifacts(Play):
    """Each status of a session is told without artifacts the first time; said again, it has them."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[tuple[str | None, str | None]] = set()

    def answered(self, act: Act) -> Reply | None:
        """Leaves them out; of a status that never has any, nothing was missing."""
        about = (act.session_id, act.status)
        if act.turn is None or about in self._told:
            return None
        self._told.add(about)
        reply = without_artifacts(act.scene)
        return reply if act.status in _HAVE_NO_ARTIFACTS else self.shown(reply)


class ExtraField(Play):
    """Every good answer has undocumented fields, at its top and within."""

    def answered(self, act: Act) -> Reply | None:
        """Adds them."""
        if act.answer is None:
            return None
        body = orjson.loads(act.answer.body)
        _extend(body, levels=8)
        return self.shown(replace(act.answer, body=orjson.dumps(body)))


def _extend(value: object, *, levels: int) -> None:
    if not levels:
        return
    if isinstance(value, dict):
        for each in value.values():
            _extend(each, levels=levels - 1)
        value[_EXTRA] = {"note": "no document tells of this field", "values": [1, None, "two"]}
    elif isinstance(value, list):
        for each in value:
            _extend(each, levels=levels - 1)


class SecondTurn(Play):
    """Of each actor's first session the second turn is refused, and all that follow it; another session works.

    `reads` says whether its snapshot is refused too, from then on.
    """

    def __init__(self, says: Callable[[str], Answer], *, reads: bool) -> None:
        super().__init__()
        self._says = says
        self._reads = reads
        self._owners: set[str | None] = set()
        self._first: set[str | None] = set()
        self._turned: set[str | None] = set()
        self._refused: set[str | None] = set()

    def turning(self, act: Act) -> Reply | None:
        """Refuses it, once a turn of that session was played."""
        if act.session_id not in self._turned:
            return None
        self._refused.add(act.session_id)
        return self.shown(self._says(act.scene.request_id))

    def answered(self, act: Act) -> Reply | None:
        """Notes whose session is the first, and that it had its turn."""
        if act.operation is Operation.CREATE_SESSION:
            if act.actor_id not in self._owners:
                self._first.add(act.session_id)
            self._owners.add(act.actor_id)
        elif act.turn is not None and act.session_id in self._first:
            self._turned.add(act.session_id)
        elif self._reads and act.session_id in self._refused:
            return self._says(act.scene.request_id)
        return None


def session_not_found(request_id: str) -> Answer:
    """The guide's 404."""
    return gateway(404, ErrorCode.SESSION_NOT_FOUND, "Session not found.", request_id)


def actor_mismatch(request_id: str) -> Answer:
    """The guide's 409, which has no code."""
    return validation(409, "actor.actorId does not match the owner of this session", request_id)
