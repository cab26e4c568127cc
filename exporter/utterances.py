"""What a kept exchange said, in words: the guest's side and the assistant's. Pure; every text is fit for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from probes.answers import decode_json, event_statuses
from probes.model import Answer, Exchange
from probes.redaction import printable
from probes.words import Operation

_LONGEST_MESSAGE = 2_000
_LONGEST_VALUE = 120
_MOST_NAMES = 8


def asked(exchange: Exchange) -> str:
    """The guest's words; in brackets an action, or a request that is no turn."""
    if exchange.operation is Operation.SEND_EVENT:
        match decode_json(exchange.request_body)[0]:
            case {"kind": str(kind), "text": str(text)}:
                return f"[{_short(kind)}] {_message(text)}"
            case {"kind": str(kind), "payload": dict(payload)}:
                return f"[{_short(kind)} {_pairs(payload)}]" if payload else f"[{_short(kind)}]"
            case {"kind": str(kind)}:
                return f"[{_short(kind)}]"
            case {"text": str(text)}:
                return _message(text)
    return f"[{exchange.method} {printable(exchange.path, _LONGEST_VALUE)}]"


def answered(answer: Answer, length: int | None) -> Iterator[str]:
    """What the answer said: status, error, message, history, artifacts; a line or a paragraph each.

    `length` is how many bytes its body had; of one that can't be read, or not any more, its beginning is shown.
    """
    if answer.chat_status is not None:
        yield f"{_short(answer.chat_status)}"
    if answer.error is not None:
        yield f"{_short(answer.code)}: {_message(answer.error)}" if answer.code else _message(answer.error)
    match answer.body:
        case {"data": {"result": {"message": {"text": str(text)}}}} | {"data": {"result": {"message": str(text)}}}:
            yield from filter(None, _message(text).split("\n"))
    if statuses := event_statuses(answer):
        yield f"[events: {_short(' → '.join(statuses))}]"
    for name, value in list(answer.artifacts.items())[:_MOST_NAMES]:
        yield f"[{_short(name)}: {brief(value)}]"
    if answer.body is None and length:
        yield f"[{length} bytes: {_short(answer.content[: 4 * _LONGEST_VALUE].decode('utf-8', 'replace'))}]"


def brief(value: object) -> str:
    """An artifact in a few words: how many, which parts it has, or its value."""
    match value:
        case list():
            return f"{len(value)} {'item' if len(value) == 1 else 'items'}"
        case dict():
            names = [_short(str(name)) for name in list(value)[:_MOST_NAMES]]
            more = ["…"] if len(value) > _MOST_NAMES else []
            return ", ".join([*names, *more]) or "empty"
        case None:
            return "nothing"
        case _:
            return _short(str(value)) or "empty"


def body_lines(content: bytes) -> Iterator[str]:
    """A body as it was kept, JSON unfolded; a line of it is bounded."""
    value, problem = decode_json(content)
    text = content.decode("utf-8", "replace") if problem else json.dumps(value, ensure_ascii=False, indent=2)
    yield from map(printable, text.splitlines())


def _pairs(payload: Mapping[str, object]) -> str:
    return ", ".join(f"{_short(str(name))}: {brief(value)}" for name, value in list(payload.items())[:_MOST_NAMES])


def _short(text: str) -> str:
    return printable(text, _LONGEST_VALUE)


def _message(text: str) -> str:
    """Its lines stay lines."""
    kept = text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"
    return "\n".join(printable(line) for line in kept.splitlines())
