"""One lie each, for `Lying`: an answer of the sandbox that breaks one promise and keeps the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from support.lying import Told

Lie = Callable[[Told], None]


def wherever(status_code: int, *changes: Callable[[Told], None], path: str = "/") -> Lie:
    """Changes each answer with this status on a path that has that in it."""

    def lie(told: Told) -> None:
        if told.status_code == status_code and path in told.path:
            for change in changes:
                change(told)

    return lie


def header(name: str, value: str | None) -> Lie:
    """With another value, or without it."""

    def change(told: Told) -> None:
        told.headers.pop(name, None)
        if value is not None:
            told.headers[name] = value

    return change


def status(status_code: int) -> Lie:
    """With another HTTP status."""

    def change(told: Told) -> None:
        told.status_code = status_code

    return change


def code(value: str) -> Lie:
    """With another error code."""

    def change(told: Told) -> None:
        body: Any = told.json
        told.say({**body, "code": value})

    return change


def data(change_data: Callable[[Any], None]) -> Lie:
    """With another `data`."""

    def change(told: Told) -> None:
        body: Any = told.json
        change_data(body["data"])
        told.say(body)

    return change


def text(before: str, after: str) -> Lie:
    """With another text in the body."""

    def change(told: Told) -> None:
        told.body = told.body.replace(before.encode(), after.encode())

    return change


def clock_off_by(seconds: float) -> Lie:
    """With a `date` of another time."""

    def change(told: Told) -> None:
        told.headers["date"] = formatdate(time.time() + seconds, usegmt=True)

    return change


def limited_once(retry_after: str | None) -> Lie:
    """The first answer to a turn is a 429."""
    limited: list[Told] = []

    def lie(told: Told) -> None:
        if told.turn and not limited:
            limited.append(told)
            told.status_code = 429
            request_id = told.headers["x-request-id"]
            told.say(
                {"success": False, "error": "Slow.", "code": "rate_limited", "details": None, "requestId": request_id}
            )
            header("retry-after", retry_after)(told)

    return lie
