"""What a journal gives back, each with sound defaults, each overridable by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from support.facts import NOON, REQUEST_ID, RUN_ID, SEARCH, TRACE_ID

from probes.journal.kept import Found, KeptExchange, KeptRun, RunFilter, RunSummary, Sighting
from probes.model import Run
from probes.words import IdKind, Operation, Outcome

SESSION_ID, EVENT_ID = "sess_1771456953407_g7p6233d", "evt_1771456966998"


def a_summary(**changes: object) -> RunSummary:
    facts: dict[str, object] = {
        "run_id": RUN_ID,
        "target": "acme",
        "scenario": SEARCH.name,
        "started_at": NOON,
        "outcome": Outcome.PASSED,
        "reason": None,
        "detail": None,
        "duration_seconds": 1.5,
        "failed_step": None,
        "failure_kind": None,
        "recheck": False,
    }
    return RunSummary(**(facts | changes))  # type: ignore[arg-type]


def a_failed_summary(**changes: object) -> RunSummary:
    facts = {"outcome": Outcome.FAILED, "reason": "server_error", "failed_step": "search"}
    return a_summary(**(facts | {"failure_kind": "server_error"} | changes))


def a_sighting(**changes: object) -> Sighting:
    facts: dict[str, object] = {
        "kind": IdKind.REQUEST_ID,
        "value": REQUEST_ID,
        "run": a_failed_summary(),
        "step": "search",
        "seq": 2,
        "operation": Operation.SEND_EVENT,
        "attempt": 1,
        "status_code": 503,
        "at": NOON,
        "beside": ((IdKind.TRACE_ID, TRACE_ID), (IdKind.SESSION_ID, SESSION_ID), (IdKind.EVENT_ID, EVENT_ID)),
    }
    return Sighting(**(facts | changes))  # type: ignore[arg-type]


def as_kept(run: Run, **changes: object) -> KeptRun:
    """As the journal gives back a run that it kept whole."""
    sent = [(step.name, exchange) for step in (*run.steps, *run.cleanup) for exchange in step.exchanges]
    exchanges = tuple(
        KeptExchange(seq=seq, step=step, exchange=each, answer_bytes=each.answer and len(each.answer.content))
        for seq, (step, each) in enumerate(sent, 1)
    )
    facts: dict[str, object] = {"run": run, "under_way": False, "exchanges": exchanges, "bookings": run.bookings}
    return KeptRun(**(facts | changes))  # type: ignore[arg-type]


class Shelf:
    """A reader of what it was given, newest first."""

    def __init__(self, runs: Iterable[RunSummary] = (), found: Found = Found()) -> None:  # noqa: B008 - it is frozen
        self._runs = tuple(runs)
        self._found = found
        self.asked: list[str] = []

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        return islice(self._runs, wanted.limit)

    def find(self, text: str) -> Found:
        self.asked.append(text)
        return self._found


def summaries(count: int) -> list[RunSummary]:
    return [replace(a_summary(), run_id=f"run{number:023d}") for number in range(count)]
