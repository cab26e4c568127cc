"""Answers as values, and the three envelopes of the guide's "API conventions"."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer before it is written. The length, and `x-request-id` if wanted, are added at the wire."""

    status_code: int
    body: bytes
    content_type: bytes = JSON
    headers: Headers = ()
    names_request: bool = True


class RefusedRequestError(Exception):
    """A request that ends early, with the answer that says why; raised and caught inside the sandbox only."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def success(data: object, status_code: int = 200) -> Answer:
    """`{"data": …}`."""
    return Answer(status_code=status_code, body=orjson.dumps({"data": data}))


def gateway(status_code: int, code: str, error: str, request_id: str, headers: Headers = ()) -> Answer:
    """The gateway error envelope: 401, 403, 404, 405, 429, 5xx, and 400 `invalid_request`."""
    body = {"success": False, "error": error, "code": code, "details": None, "requestId": request_id}
    return Answer(status_code=status_code, body=orjson.dumps(body), headers=headers)


def validation(status_code: int, error: str, request_id: str) -> Answer:
    """The validation/proxy error envelope, without a code: 400 with a validation message, and 409."""
    body = {"success": False, "error": error, "requestId": request_id}
    return Answer(status_code=status_code, body=orjson.dumps(body))
