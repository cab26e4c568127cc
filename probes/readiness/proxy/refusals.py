"""The proxy's own answers, in the gateway envelope of the guide: they are never the API's."""

from __future__ import annotations

import json
from http import HTTPStatus
from uuid import uuid4

from probes.readiness.proxy.heads import head_bytes

UNREACHABLE = "proxy_upstream_unreachable"
MALFORMED = "proxy_malformed_request"


def refusal(status_code: int, code: str, error: str, *, request_id: str | None = None) -> bytes:
    """A whole answer, after which the connection ends."""
    envelope = {
        "success": False,
        "error": error,
        "code": code,
        "details": None,
        "requestId": request_id or str(uuid4()),
    }
    body = json.dumps(envelope).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    return head_bytes(f"HTTP/1.1 {status_code} {HTTPStatus(status_code).phrase}".encode(), headers) + body
