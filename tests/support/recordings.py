"""What a recorder makes of an exchange, without a network."""

from __future__ import annotations

from collections.abc import Iterable

from support.proxying import BASE, KEY

from probes.readiness.evidence import Headers, Seen
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.recording import Arrival

KEYED: Headers = (("x-partner-api-key", KEY), ("content-type", "application/json"))


def arrival(
    *, method: str = "POST", target: str = f"{BASE}/events", headers: Headers = KEYED, began_seconds: float = 0.0
) -> Arrival:
    """The head of a request, from this machine."""
    return Arrival(
        method=method,
        target=target,
        headers=headers,
        began_seconds=began_seconds,
        over_tls=False,
        from_loopback=True,
    )


def record(
    recorder: Recorder,
    body: bytes = b"{}",
    *,
    method: str = "POST",
    target: str = f"{BASE}/events",
    headers: Headers = KEYED,
    answer: bytes = b"{}",
    answer_headers: Iterable[tuple[str, str]] = (),
    status_code: int = 200,
) -> None:
    """One whole exchange."""
    recording = recorder.begin(arrival(method=method, target=target, headers=headers, began_seconds=recorder.clock()))
    if recording is None:
        return
    recording.request_piece(body)
    recording.request_whole()
    recording.answer_head(status_code, tuple(answer_headers))
    recording.answer_piece(answer)
    recording.answer_whole()
    recording.end()


def seen_of(body: bytes = b"{}", *, target: str = f"{BASE}/events", headers: Headers = KEYED) -> Seen:
    """What is kept of one request."""
    recorder = Recorder()
    record(recorder, body, target=target, headers=headers)
    return recorder.exchanges[0]
