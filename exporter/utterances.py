"""What a kept exchange said, in words: the guest's side and the assistant's. Pure; every text is fit for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an answer said, in parts. `message` are its lines, `artifacts` their names with a few words each.

    `unread` is the beginning of a body that can't be read, or not any more, `length` how many bytes it had.
    """

    chat_status: str | None = None
    code: str | None = None
    error: str | None = None
    message: tuple[str, ...] = ()
    events: str | None = None
    artifacts: tuple[tuple[str, str], ...] = ()
    unread: str | None = None
    length: int | None = None


def reply_of(answer: Answer, length: int | None) -> Reply:
    """What it said; `length` is how many bytes its body had before it was cut."""
    unread = answer.body is None and length
    statuses = event_statuses(answer)
    return Reply(
        chat_status=None if answer.chat_status is None else _short(answer.chat_status),
        code=_short(answer.code) if answer.code else None,
        error=None if answer.error is None else _message(answer.error),
        message=tuple(filter(None, _spoken(answer).split("\n"))),
        events=_short(" → ".join(statuses)) if statuses else None,
        artifacts=tuple((_short(name), brief(value)) for name, value in list(answer.artifacts.items())[:_MOST_NAMES]),
        unread=_short(answer.content[: 4 * _LONGEST_VALUE].decode("utf-8", "replace")) if unread else None,
        length=length,
    )


def answered(answer: Answer, length: int | None) -> Iterator[str]:
    """The same as a line or a paragraph each: status, error, message, history, artifacts."""
    reply = reply_of(answer, length)
    if reply.chat_status is not None:
        yield reply.chat_status
    if reply.error is not None:
        yield f"{reply.code}: {reply.error}" if reply.code else reply.error
    yield from reply.message
    if reply.events:
        yield f"[events: {reply.events}]"
    for name, value in reply.artifacts:
        yield f"[{name}: {value}]"
    if reply.unread is not None:
        yield f"[{reply.length} bytes: {reply.unread}]"


def _spoken(answer: Answer) -> str:
    match answer.body:
        case {"data": {"result": {"message": {"text": str(text)}}}} | {"data": {"result": {"message": str(text)}}}:
            return _message(text)
        case _:
            return ""


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
