"""The situations: what each is called, what it shows for people, and how it is played."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from probes.errors import UsageError
from probes.readiness.course import plays
from probes.readiness.course.play import Play
from probes.readiness.words import SituationName
from probes.redaction import printable
from probes.sandbox import spoiling
from probes.sandbox.replies import Silence
from probes.sandbox.tenants import invalid_key, missing_key

_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One of them. `shows` is what the stand-in does; each call of `play` is a play of its own."""

    name: SituationName
    title: str
    shows: str
    play: Callable[[], Play]


SITUATIONS: tuple[Situation, ...] = (
    Situation(
        name=SituationName.NORMAL_BOOKING,
        title="A normal booking",
        shows="nothing is in the way: a new guest adds a card, and books",
        play=plays.Booking,
    ),
    Situation(
        name=SituationName.DONE_BEFORE_CARD,
        title="Done before the card",
        shows="the first Done of a session is told payment_setup_required again, with a new setup URL",
        play=plays.DoneBeforeCard,
    ),
    Situation(
        name=SituationName.SAVED_CARD,
        title="A saved card",
        shows="every actor has a card, so the guest's name leads to payment_confirmation_required at once",
        play=plays.SavedCardPlay,
    ),
    Situation(
        name=SituationName.DECLINE,
        title="The user declines",
        shows="nothing by itself: a client that can act a part answers no when consent is asked for",
        play=plays.Decline,
    ),
    Situation(
        name=SituationName.RATE_LIMITED,
        title="Rate limited, with retry-after",
        shows="429 with retry-after: 1, once for a session's first turn and once for the turn that confirms",
        play=partial(plays.RefusedTurns, spoiling.rate_limited, first=1, writes=1),
    ),
    Situation(
        name=SituationName.RATE_LIMITED_BARE,
        title="Rate limited, without retry-after",
        shows="429 that does not say when to come back, twice for each of the same two turns",
        play=partial(plays.RefusedTurns, spoiling.rate_limited_bare, first=2, writes=2),
    ),
    Situation(
        name=SituationName.SERVER_ERROR_BEFORE,
        title="A server error before anything took effect",
        shows="500 to a session's first turn, twice, and to its first write, once; nothing took effect",
        play=partial(plays.RefusedTurns, spoiling.server_error, first=2, writes=1, any_write=True),
    ),
    Situation(
        name=SituationName.SERVER_ERROR_AFTER,
        title="A server error after a write took effect",
        shows="a session's first write takes effect, and is answered 500, once",
        play=partial(plays.FirstWrite, spoiling.server_error),
    ),
    Situation(
        name=SituationName.LOST_ANSWER,
        title="The answer to a write is lost",
        shows="a session's first write takes effect, then the connection is reset, once",
        play=partial(plays.FirstWrite, lambda _scene: Silence.RESET),
    ),
    Situation(
        name=SituationName.AUTH_MISSING,
        title="The key is gone",
        shows="401 missing_partner_api_key to everything from the first turn on, for good",
        play=partial(plays.KeyRefused, missing_key, from_creation=False),
    ),
    Situation(
        name=SituationName.AUTH_REJECTED,
        title="The key is rejected",
        shows="403 invalid_partner_api_key to everything, the creation of a session too",
        play=partial(plays.KeyRefused, invalid_key, from_creation=True),
    ),
    Situation(
        name=SituationName.INVALID_REQUEST,
        title="A request that is invalid",
        shows="a session's first turn is answered 400 with a validation message, and so is each repeat of it",
        play=plays.InvalidTurn,
    ),
    Situation(
        name=SituationName.UNKNOWN_STATUS,
        title="An unknown status",
        shows=f"a session's first turn tells the undocumented result.status {plays.UNKNOWN_STATUS}",
        play=partial(plays.FirstTurn, plays.unknown_status),
    ),
    Situation(
        name=SituationName.MISSING_ARTIFACTS,
        title="Artifacts are missing",
        shows="each status comes without its artifacts the first time that a session is told it",
        play=plays.MissingArtifacts,
    ),
    Situation(
        name=SituationName.EXTRA_FIELD,
        title="Fields that no document tells of",
        shows="every good answer has undocumented fields, at its top and within",
        play=plays.ExtraField,
    ),
    Situation(
        name=SituationName.SLOW_ANSWER,
        title="A slow answer",
        shows="a session's first turn takes effect at once, and its answer comes 3 s late",
        play=partial(plays.FirstTurn, plays.slow_answer),
    ),
    Situation(
        name=SituationName.SESSION_NOT_FOUND,
        title="The session is gone",
        shows="404 session_not_found to an actor's first session from its second turn on; a new session works",
        play=partial(plays.SecondTurn, plays.session_not_found, reads=True),
    ),
    Situation(
        name=SituationName.ACTOR_MISMATCH,
        title="The session is somebody else's",
        shows="409 to each turn of an actor's first session from the second on; a new session works",
        play=partial(plays.SecondTurn, plays.actor_mismatch, reads=False),
    ),
)
_BY_NAME = {situation.name.value: situation for situation in SITUATIONS}


def chosen(names: Iterable[str]) -> tuple[Situation, ...]:
    """Those of these names, in the order of the course; all, if none is named. Raises UsageError for an unknown one."""
    wanted = set(names)
    for name in sorted(wanted - _BY_NAME.keys()):
        from probes.files.shapes import no_such  # it brings pydantic along

        shown = printable(name, _LONGEST_SHOWN)
        raise UsageError(f"{shown}: {no_such('situation', name, _BY_NAME)}")
    return tuple(each for each in SITUATIONS if not wanted or each.name in wanted)
