"""As much of the package `requests` as the guide's Python quickstart uses, with the headers that it sends."""

from __future__ import annotations

import json as encoder
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

_ALWAYS = {
    "User-Agent": "python-requests/2.32.3",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}


class HTTPError(OSError):
    """What raise_for_status raises."""


class Response:
    def __init__(self, response: HTTPResponse) -> None:
        self.status_code = response.status
        self._body = response.read()

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise HTTPError(f"{self.status_code} Error")

    def json(self) -> object:
        return encoder.loads(self._body)


def post(url: str, *, headers: dict[str, str], json: object, timeout: float) -> Response:
    to = urlsplit(url)
    connection = HTTPConnection(to.hostname or "", to.port, timeout=timeout)
    try:
        connection.request("POST", to.path, encoder.dumps(json).encode(), {**_ALWAYS, **headers})
        return Response(connection.getresponse())
    finally:
        connection.close()
