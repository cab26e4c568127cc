"""A server that takes Sentry's envelopes, as the real one does, and keeps them."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from probes.redaction import Secret


class FakeSentry:
    """What was sent: raw bodies, unzipped, and the requests' headers."""

    def __init__(self, port: int) -> None:
        self.dsn = Secret(f"http://0123456789abcdef0123456789abcdef@127.0.0.1:{port}/7")
        self.bodies: list[bytes] = []
        self.status_code = 200

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body.splitlines()[2]) for body in self.bodies]


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """An HTTP server on loopback until the end of the block; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def fake_sentry() -> Iterator[FakeSentry]:
    """Takes envelopes until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sentry.bodies.append(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            self.send_response(sentry.status_code)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args: object) -> None:
            pass

    with listening(Handler) as port:
        sentry = FakeSentry(port)
        yield sentry
