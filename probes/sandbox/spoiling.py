"""How each fault makes its reply, from what it knows of the request. Pure; the table says which fault uses which.

A function returns None where its fault has nothing to spoil: the true answer goes out then.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, repeat
from typing import Any

import orjson

from probes.sandbox.answers import HTML, JSON, Answer, gateway, validation
from probes.sandbox.quota import Allowance
from probes.sandbox.replies import Late, Reply, Stream
from probes.words import ChatStatus, ErrorCode

_RETRY_AFTER_SECONDS = 1
_DRIP_SECONDS = 0.1
_PIECE_BYTES = 65_536
_BOMB_BYTES = 32 * 1024 * 1024
_GZIP = 31  # zlib's window bits for a gzip header around them
_FOREIGN_ORIGIN = b"https://elsewhere.invalid"  # a name that never resolves (RFC 2606): nothing leaks to anybody
_NEXT = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyz", "1234567890bcdefahijklmnopqrstuvwxyzg")  # hex stays hex
_PAGE = b"<!doctype html><title>Service</title><h1>Please wait while we check your browser</h1>"
_BAD_GATEWAY = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
_MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) "
    "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07 \r\nforged=line \u202egnorw\u202c \u2066\u200b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a fault knows of the request: `answer` is the true one, None while nothing took effect.

    `body` is the request's, as it came.
    """

    request_id: str
    minute_quota: int
    slow_seconds: float
    target: str
    key: str | None = None
    answer: Answer | None = None
    is_turn: bool = False
    body: bytes = b""


def rate_limited(scene: Scene) -> Reply:
    """429 that says when to come back."""
    return _too_many(scene, retry_after_seconds=_RETRY_AFTER_SECONDS)


def rate_limited_bare(scene: Scene) -> Reply:
    """429 without `retry-after`, which no document promises."""
    return _too_many(scene, retry_after_seconds=0)


def _too_many(scene: Scene, *, retry_after_seconds: int) -> Answer:
    allowance = Allowance(limit=scene.minute_quota, remaining=0, retry_after_seconds=retry_after_seconds)
    return gateway(429, ErrorCode.RATE_LIMITED, "Rate limit exceeded.", scene.request_id, allowance.headers)


def server_error(scene: Scene) -> Reply:
    """500 in the gateway envelope."""
    return gateway(500, "internal_error", "Internal server error.", scene.request_id)


def server_error_validation(scene: Scene) -> Reply:
    """504 in the validation/proxy envelope."""
    return validation(504, "The upstream service did not answer in time.", scene.request_id)


def server_error_html(_scene: Scene) -> Reply:
    """502 as a proxy's page."""
    return Answer(status_code=502, body=_BAD_GATEWAY, content_type=HTML)


def redirect(scene: Scene) -> Reply:
    """307, which asks to send the same request, body and all, to somebody else."""
    headers = ((b"location", _FOREIGN_ORIGIN + scene.target.encode("latin-1")),)
    return Answer(status_code=307, body=b"", content_type=HTML, headers=headers)


def key_echoed(scene: Scene) -> Reply | None:
    """403 that repeats the caller's key; a request without one has nothing to repeat."""
    if scene.key is None:
        return None
    text = f"The partner key {scene.key} is not recognized."
    return gateway(403, ErrorCode.INVALID_PARTNER_API_KEY, text, scene.request_id)


Spoiler = Callable[[Scene, Answer], Reply | None]


def any_answer(spoil: Spoiler) -> Callable[[Scene], Reply | None]:
    """For faults that act after the effect: they are given the true answer, a refusal too."""
    return lambda scene: None if scene.answer is None else spoil(scene, scene.answer)


def good_answer(spoil: Spoiler) -> Callable[[Scene], Reply | None]:
    """The same, for faults that leave a refusal as it is."""
    return any_answer(lambda scene, answer: spoil(scene, answer) if answer.status_code == 200 else None)


def good_turn(change: Callable[[dict[str, object]], None]) -> Callable[[Scene], Reply | None]:
    """The same, for faults that change `data.result` of a turn."""

    def spoil(scene: Scene, answer: Answer) -> Reply | None:
        if not scene.is_turn:
            return None
        body = orjson.loads(answer.body)
        change(body["data"]["result"])
        return replace(answer, body=orjson.dumps(body))

    return good_answer(spoil)


def slow(scene: Scene, answer: Answer) -> Reply:
    """The true answer, late."""
    return Late(answer=answer, seconds=scene.slow_seconds)


def drip(_scene: Scene, answer: Answer) -> Reply:
    """Ten bytes a second, and spaces behind the true body for ever: no wait for the next byte ever runs out."""
    pieces = (b"%c" % byte for byte in chain(answer.body, repeat(0x20)))
    return Stream(head=answer, pieces=pieces, pause_seconds=_DRIP_SECONDS)


def truncated(_scene: Scene, answer: Answer) -> Reply:
    """Half of what content-length promised."""
    half = answer.body[: len(answer.body) // 2]
    return Stream(head=answer, pieces=iter((half,)), announced_bytes=len(answer.body))


def huge_body(_scene: Scene, answer: Answer) -> Reply:
    """The true body and spaces behind it, as fast as they are read and as long as the client stays."""
    return Stream(head=answer, pieces=_endless(answer.body))


def _endless(start: bytes) -> Iterator[bytes]:
    return chain((start,), repeat(b" " * _PIECE_BYTES))


def decompression_bomb(_scene: Scene, answer: Answer) -> Reply:
    """32 KiB that are 32 MiB to whom decodes them."""
    return replace(answer, body=_bomb(), headers=(*answer.headers, (b"content-encoding", b"gzip")))


@cache
def _bomb() -> bytes:
    return zlib.compress(b" " * _BOMB_BYTES, wbits=_GZIP)


def wrong_status(scene: Scene, answer: Answer) -> Reply:
    """Another `result.status` than the truth, never `booked`; where there is none, another HTTP status."""
    if not scene.is_turn:
        return replace(answer, status_code=418)
    body = orjson.loads(answer.body)
    result = body["data"]["result"]
    truth = result["status"]
    result["status"] = ChatStatus.GUEST_NAME_REQUIRED if truth == ChatStatus.SHORTLIST else ChatStatus.SHORTLIST
    return replace(answer, body=orjson.dumps(body))


def say_booked(result: dict[str, object]) -> None:
    """The status alone: no booking is made up for it."""
    result["status"] = ChatStatus.BOOKED


def drop_artifacts(result: dict[str, object]) -> None:
    """As an API that forgot the field."""
    result.pop("artifacts", None)


def not_json(_scene: Scene, answer: Answer) -> Reply:
    """A page, labelled as JSON still."""
    return replace(answer, body=_PAGE)


def wrong_content_type(_scene: Scene, answer: Answer) -> Reply:
    """Good JSON, labelled as text."""
    return replace(answer, content_type=b"text/plain; charset=utf-8")


def missing_headers(_scene: Scene, answer: Answer) -> Reply:
    """Nothing but what HTTP itself needs."""
    return replace(answer, headers=(), names_request=False)


def other_session(_scene: Scene, answer: Answer) -> Reply | None:
    """Another session wherever the answer names ours; None where it names none."""
    session_id = _session_in(_json_of(answer))
    if session_id is None:
        return None
    other = _another(session_id)
    return replace(answer, body=answer.body.replace(session_id.encode(), other.encode()))


def mismatched_ids(_scene: Scene, answer: Answer) -> Reply | None:
    """An error's `requestId` that isn't the header's, or a turn's `traceId` of another session."""
    body = _json_of(answer)
    match body:
        case {"requestId": str(request_id)}:
            body["requestId"] = _another(request_id)
        case {"data": {"sessionId": str(session_id), "result": {"traceId": str(trace_id)} as result}}:
            result["traceId"] = trace_id.replace(session_id, _another(session_id))
        case _:
            return None
    return replace(answer, body=orjson.dumps(body))


def markup(_scene: Scene, answer: Answer) -> Reply | None:
    """Markup, terminal codes, a forged line and bidi marks in the texts for people; None where there is none."""
    body = _json_of(answer)
    match body:
        case {"error": str()}:
            body["error"] = _MARKUP
        case {"data": {"result": {"message": dict() as message}}}:
            message["text"] = _MARKUP
        case _:
            return None
    return replace(answer, body=orjson.dumps(body))


def _json_of(answer: Answer) -> Any:
    """The body; None of a page or a file, in which these faults find nothing to change."""
    return orjson.loads(answer.body) if answer.content_type == JSON else None


def _session_in(body: object) -> str | None:
    match body:
        case {"data": {"sessionId": str(session_id)}}:
            return session_id
        case _:
            return None


def _another(identifier: str) -> str:
    """One of the same shape: the characters behind the last separator are each the next one."""
    at = max(identifier.rfind("_"), identifier.rfind("-")) + 1
    return identifier[:at] + identifier[at:].translate(_NEXT)
