"""The failing exchange and the last good one of the same step, line by line, what differs marked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from alerts.report.bodies import different, lines_of
from alerts.report.evidence import Witness
from alerts.report.facts import ExchangeView, Line
from alerts.report.phrases import shown
from probes.model import Answer, Exchange

_TELLING_HEADERS = (
    "content-type",
    "retry-after",
    "x-request-id",
    "x-partner-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "location",
    "server",
    "date",
    "via",
)
_NEVER_MARKED = frozenset(
    {
        "took",
        "waited",
        "request id",
        "trace id",
        "session id",
        "event id",
        "x-request-id",
        "x-ratelimit-remaining",
        "date",
    }
)
_HEADER_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """An exchange of a run's step."""

    witness: Witness
    step: str
    exchange: Exchange


def twin_side(side: Side, twin: Witness | None) -> Side | None:
    """The exchange of the good run that was judged at the same step, of the same operation."""
    steps = [*twin.run.steps, *twin.run.cleanup] if twin else []
    own = (step.own_exchange for step in steps if step.name == side.step)
    found = next((each for each in own if each is not None and each.operation is side.exchange.operation), None)
    return None if found is None or twin is None else Side(witness=twin, step=side.step, exchange=found)


def views_of(failing: Side | None, good: Side | None) -> tuple[ExchangeView | None, ExchangeView | None]:
    """Both, each with its marks; nothing is marked where the other one isn't kept."""
    first, second = (None if side is None else _view(side) for side in (failing, good))
    if first is None or second is None:
        return first, second
    return _marked(first, second), _marked(second, first)


def _view(side: Side) -> ExchangeView:
    exchange = side.exchange
    asked, _ = lines_of(exchange.request_body)
    answered, cut = lines_of(exchange.answer.content) if exchange.answer else ((), False)
    return ExchangeView(
        run_id=side.witness.run.run_id,
        step=shown(side.step),
        operation=exchange.operation,
        attempt=exchange.attempt,
        started_at=exchange.started_at,
        duration_seconds=exchange.duration_seconds,
        facts=tuple(_facts(exchange)),
        request=(Line(name=exchange.method, value=shown(exchange.path)), *_body(asked)),
        answer=(*_headers(exchange.answer), *_body(answered)),
        answer_cut=cut or not side.witness.is_whole(exchange),
    )


def _body(lines: Sequence[str]) -> Iterator[Line]:
    return (Line(name="", value=line) for line in lines)


def _facts(exchange: Exchange) -> Iterator[Line]:
    """What was seen, by name; what wasn't is left out."""
    for name, value in (*_judged(exchange), *_said(exchange.answer)):
        if value is not None:
            yield Line(name=name, value=shown(str(value)))


def _judged(exchange: Exchange) -> tuple[tuple[str, object], ...]:
    failure = exchange.failure
    wait = exchange.phases.wait
    return (
        ("status", "no answer" if exchange.answer is None else f"HTTP {exchange.answer.status_code}"),
        ("failure", None if failure is None else f"{failure.kind}: {failure.observed}"),
        ("attempt", exchange.attempt),
        ("took", f"{exchange.duration_seconds:.3f} s"),
        ("waited", None if wait is None else f"{wait:.3f} s for the first byte"),
    )


def _said(answer: Answer | None) -> tuple[tuple[str, object], ...]:
    if answer is None:
        return ()
    return (
        ("code", answer.code),
        ("error", answer.error),
        ("envelope", answer.envelope),
        ("chat status", answer.chat_status),
        ("JSON", answer.json_problem),
        ("request id", answer.request_id),
        ("trace id", answer.trace_id),
        ("session id", answer.session_id),
        ("event id", answer.event_id),
    )


def _headers(answer: Answer | None) -> Iterator[Line]:
    known = {} if answer is None else {name.lower(): value for name, value in answer.headers.items()}
    for name in _TELLING_HEADERS:
        if name in known:
            yield Line(name=name, value=shown(known[name], _HEADER_CHARACTERS))


def _marked(view: ExchangeView, other: ExchangeView) -> ExchangeView:
    return replace(
        view,
        facts=_marked_lines(view.facts, other.facts),
        request=_marked_lines(view.request, other.request),
        answer=_marked_lines(view.answer, other.answer),
    )


def _marked_lines(lines: tuple[Line, ...], others: tuple[Line, ...]) -> tuple[Line, ...]:
    """Named lines are held against the one of that name, those of a body against the whole other body."""
    bodies = [[line.value for line in each if not line.name] for each in (lines, others)]
    marks = iter(different(*bodies))
    named = {line.name: line.value for line in others if line.name}
    return tuple(replace(line, differs=_differs(line, named) if line.name else next(marks)) for line in lines)


def _differs(line: Line, others: dict[str, str]) -> bool:
    if line.name in _NEVER_MARKED:
        return False
    if line.name not in others:
        return True
    return different([line.value], [others[line.name]])[0] if line.name != "status" else line.value != others[line.name]
