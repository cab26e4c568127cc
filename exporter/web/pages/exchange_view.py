"""An attempt as the page of its run tells it: what was said, and the evidence for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from exporter.utterances import Reply, asked, body_lines, reply_of
from exporter.web.pages.waterfall import pause_seconds
from probes.model import Answer, Exchange, StepResult
from probes.redaction import printable
from probes.words import CorrelationState, Operation

ALL_BODIES_CHARACTERS = 400_000
MOST_CHARACTERS, LEAST_CHARACTERS = 8_000, 500
_TELLING_HEADERS = ("content-type", "retry-after", "location", "server", "via", "date")
_HEADER_CHARACTERS = 300
Lengths = Mapping[int, int | None]
"""How many bytes an exchange's answer had, by the identity of the exchange; None without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """A body's beginning, JSON unfolded; `cut` says what is missing of it, None if nothing is."""

    text: str
    cut: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeView:
    """One attempt. `again`: it repeats the one before it, after `paused_seconds`. `judged`: it decided on the step.

    `lost` says why no good answer came, `missing` which ids an answer ought to have had.
    """

    anchor: str
    exchange: Exchange
    is_turn: bool
    again: bool
    judged: bool
    paused_seconds: float | None
    asked: str
    reply: Reply | None
    lost: str | None
    ids: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    phases: tuple[tuple[str, float], ...]
    request: BodyView
    answer: BodyView


class Bodies:
    """Shares what a page has room for among all bodies of a run."""

    def __init__(self, exchanges: int, run_id: str) -> None:
        share = ALL_BODIES_CHARACTERS // max(1, 2 * exchanges)
        self._limit = min(MOST_CHARACTERS, max(LEAST_CHARACTERS, share))
        self._whole = f"brekwatch runs show {run_id} --bodies"

    def shown(self, content: bytes, length: int | None = None) -> BodyView:
        """As much of a body as its share; `length` is how many bytes it had before the journal cut it."""
        text = "\n".join(body_lines(content))
        if len(text) > self._limit:
            left = len(text) - self._limit
            return BodyView(text=text[: self._limit] + "…", cut=f"{left:,} more characters are kept: {self._whole}")
        if length is not None and length > len(content) and text.endswith("…"):
            return BodyView(text=text, cut=f"The answer had {length:,} bytes; this is what was kept of it.")
        return BodyView(text=text)


def exchange_views(step: StepResult, anchor: str, bodies: Bodies, lengths: Lengths) -> tuple[ExchangeView, ...]:
    """The attempts of a step, in order."""
    return tuple(_views(step, anchor, bodies, lengths))


def _views(step: StepResult, anchor: str, bodies: Bodies, lengths: Lengths) -> Iterator[ExchangeView]:
    before: Exchange | None = None
    for number, exchange in enumerate(step.exchanges, 1):
        again = before is not None and exchange.attempt > 1 and exchange.operation is before.operation
        answer, length = exchange.answer, lengths.get(id(exchange))
        failure = exchange.failure
        yield ExchangeView(
            anchor=f"{anchor}-{number}",
            exchange=exchange,
            is_turn=exchange.operation is Operation.SEND_EVENT,
            again=again,
            judged=exchange is step.own_exchange,
            paused_seconds=pause_seconds(before, exchange) if again and before is not None else None,
            asked=asked(exchange),
            reply=None if answer is None else reply_of(answer, length),
            lost=None if failure is None else f"{failure.kind}: {printable(failure.observed, 300)}",
            ids=tuple(_ids(exchange)),
            missing=tuple(_missing(exchange)),
            headers=() if answer is None else tuple(_headers(answer)),
            phases=tuple((name, value) for name, value in asdict(exchange.phases).items() if value is not None),
            request=bodies.shown(exchange.request_body),
            answer=bodies.shown(answer.content, length) if answer else BodyView(text=""),
        )
        before = exchange


def _ids(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Those by which support finds it again, as the guide calls them; a second requestId only where it differs."""
    answer = exchange.answer
    if answer is not None:
        in_body = None if answer.body_request_id == answer.request_id else answer.body_request_id
        told = (("requestId", answer.request_id), ("in the body", in_body), ("traceId", answer.trace_id))
        yield from ((name, value) for name, value in told if value)
    if exchange.session_id:
        yield "sessionId", exchange.session_id
    if answer is not None and answer.event_id:
        yield "eventId", answer.event_id
    if exchange.idempotency_key:
        yield "idempotencyKey", exchange.idempotency_key


def _missing(exchange: Exchange) -> Iterator[str]:
    states = (("requestId", exchange.request_id_state), ("traceId", exchange.trace_id_state))
    yield from (f"{name} {state}" for name, state in states if state not in {None, CorrelationState.PRESENT})


def _headers(answer: Answer) -> Iterator[tuple[str, str]]:
    known = {name.lower(): value for name, value in answer.headers.items()}
    yield from ((name, printable(known[name], _HEADER_CHARACTERS)) for name in _TELLING_HEADERS if name in known)
