"""Requests to Brek's Core Chat API with the standard library alone: what each carries, and when it is sent again."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

BASE = "/api/partner/v1/core-chat"
TIMEOUT_SECONDS = 30
MOST_TRIES = 4
FIRST_WAIT_SECONDS = 0.5

log = logging.getLogger("integration")


class RefusedError(Exception):
    """The API said no, and the same request again would not help."""


class SessionGoneError(Exception):
    """The session isn't there any more (404)."""


class AnswerLostError(Exception):
    """No whole answer came: the request may have taken effect, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; a body that is no JSON object counts as an empty one."""

    status_code: int
    headers: Message
    body: dict[str, Any]


class Api:
    """The API as one partner reaches it."""

    def __init__(self, *, base_url: str, api_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.api_key = api_key

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        when_lost: Callable[[], dict[str, Any] | None] = lambda: None,
    ) -> dict[str, Any]:
        """One action: 429, 5xx and a lost answer are tried again, the very same bytes; anything else is not."""
        retry_after = None
        for attempt in range(MOST_TRIES):
            if attempt:
                self.wait(attempt, retry_after)
            retry_after = None
            try:
                answer = self.send(method, path, body)
                if not self.is_transient(answer):
                    return self.accepted(answer)
                retry_after = answer.headers.get("retry-after")
            except AnswerLostError:
                log.warning("%s %s: no whole answer", method, path)
                known = when_lost()
                if known is not None:
                    return known
        raise RefusedError(f"no good answer in {MOST_TRIES} tries")

    def is_transient(self, answer: Answer) -> bool:
        """Whether the same request may be answered well a little later."""
        return answer.status_code == 429 or answer.status_code >= 500

    def accepted(self, answer: Answer) -> dict[str, Any]:
        """The body of a good answer; raises for one that says no."""
        if answer.status_code == 404:
            raise SessionGoneError
        if answer.status_code >= 300:
            raise RefusedError(f"{answer.status_code} {answer.body.get('code', '')} {answer.body.get('error', '')}")
        return answer.body

    def wait(self, attempt: int, retry_after: str | None) -> None:
        """Longer each time, never for all clients the same, and never less than what was asked for."""
        longest = FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
        asked = int(retry_after) if retry_after and retry_after.isdecimal() else 0
        time.sleep(asked + random.SystemRandom().uniform(longest / 2, longest))

    def send(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """One request to the API, and its ids to the log."""
        answer = exchange(method, self.base_url + self.target(path), body, self.headers())
        ids = answer.headers.get("x-request-id"), part(answer.body, "data", "result").get("traceId")
        log.info("%s %s: %s, requestId %s, traceId %s", method, path, answer.status_code, *ids)
        return answer

    def target(self, path: str) -> str:
        """Where an endpoint is."""
        return BASE + path

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"content-type": "application/json", "x-partner-api-key": self.api_key}


def exchange(method: str, url: str, body: dict[str, object] | None, headers: dict[str, str]) -> Answer:
    """One HTTP exchange on a connection of its own. It follows no redirect: the key goes to nobody else."""
    to = urlsplit(url)
    connect = HTTPSConnection if to.scheme == "https" else HTTPConnection
    connection = connect(to.hostname or "", to.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, f"{to.path}?{to.query}".rstrip("?"), json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, json_object(response.read()))
    except (OSError, HTTPException) as lost:
        raise AnswerLostError from lost
    finally:
        connection.close()


def json_object(content: bytes) -> dict[str, Any]:
    """The object in a body, or an empty one."""
    try:
        return part(json.loads(content))
    except ValueError:
        return {}


def part(value: Any, *names: str) -> dict[str, Any]:
    """What is inside an answer, name by name; an empty one where it isn't there, or is no object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
