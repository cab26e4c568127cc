"""`brekwatch find`: from any id that was seen anywhere to the run, the step and the exchange that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.pages import utc
from exporter.found import found_as_json, quoted, reach, show_command
from exporter.terminal import STYLES, Terminal
from probes.errors import UsageError
from probes.journal.kept import Found, RunSummary, Sighting
from probes.redaction import printable

if TYPE_CHECKING:
    from probes.journal.reading import Reader

_FOUND, _NOTHING_FOUND, _AMBIGUOUS = 0, 1, 2
_WIDEST_KIND = len("idempotency_key")

Part = str | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """What is looked for, and where: `journal` is what people call it, `config` the file that named it."""

    text: str
    journal: str
    config: Path | None = None


def look_up(reader: Reader, request: FindRequest) -> Found:
    """What the journal knows of an id, or of the beginning of one. Raises UsageError where none was given."""
    text = request.text.strip()
    if not text:
        raise UsageError("the id is empty: name a requestId, traceId, sessionId, eventId, run id or idempotency key")
    return reader.find(text)


def tell(found: Found, request: FindRequest, view: Terminal) -> None:
    """The sightings, for people. `verdict` speaks where there are none."""
    for number, sighting in enumerate(found.sightings):
        if number:
            view.say()
        for parts in _lines(sighting, request.config):
            view.say(*parts)


def as_json(found: Found, request: FindRequest) -> bytes:
    """The same as a document."""
    import orjson

    return orjson.dumps(found_as_json(found, request.config), option=orjson.OPT_INDENT_2) + b"\n"


def verdict(found: Found, request: FindRequest, oldest: datetime | None) -> tuple[int, tuple[str, ...]]:
    """The exit code, and what is to be said where there is no sighting. `oldest` is when the first run began."""
    if found.sightings:
        return _FOUND, ("and older ones",) if found.more else ()
    if found.candidates:
        ids = [f"  {kind:<{_WIDEST_KIND}}  {printable(value)}" for kind, value in found.candidates]
        more = ("  and more",) if found.more else ()
        return _AMBIGUOUS, (
            f"several ids begin with {quoted(request.text)}: type more of the one that is meant",
            *ids,
            *more,
        )
    return _NOTHING_FOUND, (f"nothing is known of {quoted(request.text)} in {request.journal}, {reach(oldest)}",)


def _lines(sighting: Sighting, config: Path | None) -> Iterator[tuple[Part, ...]]:
    yield (f"{sighting.kind} ", (printable(sighting.value), "bold"))
    yield ("  run       ", *_run(sighting.run))
    if sighting.step is not None:
        yield ("  step      ", printable(sighting.step))
    if sighting.operation is not None:
        yield ("  exchange  ", _exchange(sighting))
    for number, (kind, value) in enumerate(sighting.beside):
        yield ("  beside    " if number == 0 else " " * 12, (f"{kind:<{_WIDEST_KIND}}  ", "dim"), printable(value))
    yield ("  whole     ", show_command(sighting.run.run_id, config))


def _run(run: RunSummary) -> tuple[Part, ...]:
    outcome: Part = ("under way", "dim") if run.outcome is None else (run.outcome, STYLES.get(run.outcome, ""))
    reason = f" ({run.reason})" if run.reason else ""
    return (f"{run.run_id}  {run.scenario} on {run.target}: ", outcome, f"{reason}, started {utc(run.started_at)}")


def _exchange(sighting: Sighting) -> str:
    """`5: send_event, attempt 1, HTTP 200, shortlist, 2026-11-24 12:00:07 UTC`."""
    status = "no answer" if sighting.status_code is None else f"HTTP {sighting.status_code}"
    attempt = f"attempt {sighting.attempt}"
    told = (sighting.operation, attempt, status, sighting.chat_status, sighting.at and utc(sighting.at))
    return f"{sighting.seq}: {printable(', '.join(part for part in told if part))}"
