"""A request to the stand-in as a play sees it: whose session, what kind of turn, and what it would be answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import orjson

from probes.sandbox.answers import JSON, Answer
from probes.sandbox.spoiling import Scene
from probes.sandbox.words import TurnKind
from probes.words import WRITE_KINDS, ChatStatus, Operation

_OPERATIONS = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One moment of an API request that carries a key. `turn` is None until the kind of turn is known.

    `answer` is the true one and `data` its payload; None and empty while nothing took effect, or where it was refused.
    """

    scene: Scene
    operation: Operation
    session_id: str | None
    actor_id: str | None
    asked: Mapping[str, object]
    turn: TurnKind | None = None
    answer: Answer | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def status(self) -> str | None:
        """`data.result.status` of a turn's true answer."""
        return _text(_mapping(self.data.get("result")).get("status"))

    @property
    def confirms(self) -> bool:
        """Whether it is meant to confirm a payment, by its text or its kind."""
        return self.turn is TurnKind.CONFIRM

    @property
    def writes(self) -> bool:
        """Whether it is meant to write: it confirms a payment, or is of a write kind."""
        return self.confirms or self.asked.get("kind") in WRITE_KINDS

    @property
    def wrote(self) -> bool:
        """Whether it took effect as a write: consent that was not asked for books nothing."""
        done = self.status == ChatStatus.BOOKED if self.confirms else self.writes
        return self.answer is not None and done

    @property
    def wish(self) -> str:
        """What it asks for, its idempotency key aside: equal for a turn and its repeats."""
        return json.dumps(
            {name: value for name, value in self.asked.items() if name != "idempotencyKey"}, sort_keys=True
        )


def act_of(scene: Scene, steps: tuple[str, ...]) -> Act | None:
    """The request as an act; None for what is none of the API's, and for one without a key: that is refused as ever."""
    turn = next((TurnKind(step) for step in steps if step in set(TurnKind)), None)
    operation = Operation.SEND_EVENT if turn else next((each for each in _OPERATIONS if each in steps), None)
    if operation is None or scene.key is None:
        return None
    asked, answer = _mapping(_json(scene.body)), _good(scene.answer)
    data = _NOTHING if answer is None else _mapping(_mapping(_json(answer.body)).get("data"))
    return Act(
        scene=scene,
        operation=operation,
        session_id=_session(operation, scene, asked, data),
        actor_id=_text(_mapping(asked.get("actor")).get("actorId")),
        asked=asked,
        turn=turn,
        answer=answer,
        data=data,
    )


def _session(operation: Operation, scene: Scene, asked: Mapping[str, object], data: Mapping[str, object]) -> str | None:
    match operation:
        case Operation.CREATE_SESSION:
            return _text(data.get("sessionId"))
        case Operation.GET_SESSION:
            return scene.target.partition("?")[0].rpartition("/")[2] or None
        case _:
            return _text(asked.get("sessionId"))


def _good(answer: Answer | None) -> Answer | None:
    return answer if answer is not None and answer.status_code == 200 and answer.content_type == JSON else None


def _json(content: bytes) -> object:
    try:
        return cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _NOTHING


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
