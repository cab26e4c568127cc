"""What the pages of incidents ask the journal for: in a thread, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from probes.incident import AlertSeen, Incident, IncidentFilter
from probes.journal.kept import KeptRun
from probes.verdict import deciding_exchange


class IncidentReader(Protocol):
    """As much of the journal's Reader as is needed here; all of it may block, and raises JournalError."""

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Newest first by when they were detected."""

    def incident(self, text: str) -> Incident | None:
        """The one of this id, or the only one that begins so. Raises UsageError if there are several."""

    def run(self, run_id: str) -> KeptRun | None:
        """A run, whole."""

    def close(self) -> None:
        """Let go of the journal."""


NewReader = Callable[[], IncidentReader]
KeepAlerts = Callable[[tuple[AlertSeen, ...]], Awaitable[None]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDesk:
    """What the service lends to the pages of incidents. `targets` and `external_url` may change with a reload."""

    new_reader: NewReader
    keep_alerts: KeepAlerts
    targets: Callable[[], Collection[str]]
    external_url: Callable[[], str | None]
    now: Callable[[], datetime] = _utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The ids by which the API's side finds the failures of an incident again."""

    request_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()


def proof_of(reader: IncidentReader, incident: Incident) -> Proof:
    """Of the first, the detecting and the last failed run, as far as they are still kept."""
    run_ids = dict.fromkeys((incident.first_failed_run_id, incident.detected_run_id, incident.last_failed_run_id))
    kept = [run for run in map(reader.run, run_ids) if run is not None]
    deciding = [exchange for run in kept if (exchange := deciding_exchange(run.run)) is not None]
    answers = [exchange.answer for exchange in deciding if exchange.answer is not None]
    return Proof(
        request_ids=_each_once(answer.request_id for answer in answers),
        trace_ids=_each_once(answer.trace_id for answer in answers),
    )


def _each_once(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in ids if each is not None))


def reading(desk: IncidentDesk) -> closing[IncidentReader]:
    """A reader that is closed afterwards."""
    return closing(desk.new_reader())
