"""What a report says first: one sentence in plain words; and what it was asked, in words. Pure."""

from __future__ import annotations

from datetime import datetime

from alerts.pages import lasting, utc
from alerts.report.evidence import Asked, Evidence
from alerts.report.phrases import counted, listed, shown, since_when
from alerts.report.stretch import Stretch, counts_of, failed_exchange
from probes.model import Exchange
from probes.words import FailureKind, Operation

_REQUESTS = {
    Operation.CREATE_SESSION: "POST /sessions",
    Operation.SEND_EVENT: "POST /events",
    Operation.GET_SESSION: "GET /sessions/{sessionId}",
    Operation.ATTACH_CARD: "the payment portal",
    Operation.GET_OPENAPI: "GET the OpenAPI file",
    Operation.GET_LLMS: "GET /llms.txt",
}
_SILENT = {
    FailureKind.DNS: "the API's name can't be resolved",
    FailureKind.CONNECT: "no connection to the API can be made",
    FailureKind.TLS: "no secure connection to the API can be made",
    FailureKind.TIMEOUT: "no answer comes in time from",
    FailureKind.RESET: "the connection is broken off by",
    FailureKind.TRUNCATED: "answers break off from",
    FailureKind.PROTOCOL: "what comes is no HTTP from",
}
_WHOLE = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TLS})


def headline_of(evidence: Evidence, stretch: Stretch) -> str:
    """What broke, since when, for whom; or that nothing failed."""
    if stretch.cause is None or stretch.first_failed_at is None:
        return _nothing_failed(evidence)
    who = f"{listed(stretch.scenarios) or 'a scenario'} on {stretch.cause.target}"
    return f"{who} {_when(stretch, stretch.first_failed_at, evidence.now)}: {_what(stretch)}."


def asked_in_words(evidence: Evidence) -> str:
    """`incident 3f…`, `run abc… and the runs around it`, `all runs since …`."""
    if evidence.asked is Asked.INCIDENT:
        return f"incident {evidence.asked_for}"
    if evidence.asked is Asked.RUN:
        return f"run {evidence.asked_for} and the runs around it"
    return f"the runs since {utc(evidence.since)}"


def asked_as_options(evidence: Evidence) -> tuple[str, ...]:
    """What asks `brekwatch incident` for these runs again; of a stretch, to the microsecond."""
    if evidence.asked is Asked.INCIDENT:
        return ("--incident", evidence.asked_for)
    if evidence.asked is Asked.RUN:
        return ("--run", evidence.asked_for)
    since, until = (f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z" for moment in (evidence.since, evidence.until))
    target = ("--target", evidence.target) if evidence.target is not None else ()
    return ("--since", since, "--until", until, *target)


def _when(stretch: Stretch, first: datetime, now: datetime) -> str:
    lasted = lasting(stretch.duration_seconds or 0.0)
    have = "have" if len(stretch.scenarios) > 1 else "has"
    if stretch.recovered_at is None:
        return f"{have} failed since {since_when(first, now)} (for {lasted})"
    return f"failed from {since_when(first, now)} to {since_when(stretch.recovered_at, now)} (for {lasted})"


def _what(stretch: Stretch) -> str:
    found = failed_exchange(stretch.subject) if stretch.subject else None
    cause = stretch.cause
    if found is None or cause is None:
        kind = cause.kind if cause else "failed"
        at = f" at {_REQUESTS.get(cause.operation, cause.operation)}" if cause and cause.operation else ""
        return f"{kind}{at}"
    step, exchange = found
    return f"{_answered(cause.kind, exchange, stretch)} at step {shown(step, 60)}"


def _answered(kind: FailureKind, exchange: Exchange, stretch: Stretch) -> str:
    request = _REQUESTS.get(exchange.operation, str(exchange.operation))
    answer = exchange.answer
    if answer is None:
        silent = _SILENT.get(kind, f"{kind} at")
        return silent if kind in _WHOLE else f"{silent} {request}"
    if answer.status_code >= 300:
        code = f" ({shown(answer.code, 60)})" if answer.code else ""
        return f"{request} answers HTTP {answer.status_code}{code}"
    failed = stretch.subject.run.failed_step if stretch.subject else None
    failure = failed.failure if failed else None
    told = f", {shown(failure.observed, 100)} instead of {shown(failure.expected, 100)}" if failure else ""
    return f"{request} answers HTTP {answer.status_code}, but wrongly ({kind}{told})"


def _nothing_failed(evidence: Evidence) -> str:
    counts = counts_of(evidence.lines)
    where = f" on {evidence.target}" if evidence.target else ""
    if evidence.asked is Asked.RUN:
        own = next((line for line in evidence.lines if line.run_id == evidence.focus), None)
        how = "has no verdict yet" if own is None or own.outcome is None else f"ended as {own.outcome}"
        name = f"{own.scenario} on {own.target}" if own else "a run"
        return f"This run of {name} {how}: it did not fail."
    if counts.runs == 0:
        return f"No run{where} is known since {utc(evidence.since)}."
    good = counts.passed + counts.degraded
    rest = counts.runs - good
    if good + counts.failed == 0:
        none = f"none of {counted(rest, 'run')} could be judged or was played"
        return f"Nothing is known{where} since {utc(evidence.since)}: {none}."
    told = f"; {counted(rest, 'run')} could not be judged or were not played" if rest else ""
    return f"Nothing failed{where} since {utc(evidence.since)}: {counted(good, 'run')} were good{told}."
