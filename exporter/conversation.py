"""`brekwatch runs show`: a run like a chat, the guest on one side and the assistant on the other.

Ids and timings stand at the margin, failures and findings where they happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from exporter.terminal import STYLES, Terminal
from exporter.unfinished import CUT_OFF, NO_VERDICT, UNDER_WAY, became, of_no_step
from exporter.utterances import answered, asked, body_lines
from probes.journal.kept import KeptRun, Unanswered
from probes.model import Answer, Booking, Exchange, StepResult
from probes.redaction import printable
from probes.words import Operation

_MARGIN = 47  # a requestId with its name
_NARROW = 110  # below that the margin stands above what was said
_WIDEST = 160
_NARROWEST = 20
_ASIDE = 8  # how far the assistant stands to the right of the guest


class Conversation(Terminal):
    """Prints a run that the journal kept. `bodies`: with headers and bodies, as far as they were kept."""

    def __init__(self, console: Console, *, bodies: bool = False) -> None:
        super().__init__(console, str)
        self._bodies = bodies
        self._width = min(console.width, _WIDEST)
        self._margin = _MARGIN if self._width >= _NARROW else 0
        self._session: str | None = None

    def show(self, kept: KeptRun) -> None:
        """All of it."""
        self._heading(kept)
        lengths = {id(each.exchange): each.answer_bytes for each in kept.exchanges}
        for step in kept.run.steps:
            self._step(step, lengths)
        for name, exchanges in of_no_step(kept):
            self.say()
            self.say((name, "bold"), f": {UNDER_WAY if kept.under_way else CUT_OFF}")
            self._exchanges(exchanges, lengths)
        for turn in kept.unanswered:
            self._unanswered(turn, under_way=kept.under_way)
        if kept.run.cleanup:
            self.say()
            self.say("cleanup, which is no part of the verdict:")
        for step in kept.run.cleanup:
            self._step(step, lengths)
        self._bookings(kept.bookings)

    def _heading(self, kept: KeptRun) -> None:
        run = kept.run
        if kept.under_way:
            self.say((UNDER_WAY, "dim"), f" {run.scenario} on {run.target}: {NO_VERDICT}")
        else:
            reason = f" ({run.reason})" if run.reason else ""
            self.say((run.outcome, STYLES.get(run.outcome, "")), f" {run.scenario} on {run.target}{reason}")
            if run.detail:
                self.say("  ", printable(run.detail))
        recheck = ", a recheck" if run.recheck else ""
        took = "" if kept.under_way else f", took {run.duration_seconds:.2f} s"
        self.say(f"run {run.run_id} from {run.location}{recheck}")
        self.say(f"started {run.started_at:%Y-%m-%d %H:%M:%S.%f} UTC{took}")

    def _step(self, step: StepResult, lengths: dict[int, int | None]) -> None:
        self.say()
        several = f", {len(step.exchanges)} requests" if len(step.exchanges) > 1 else ""
        took = f" in {step.duration_seconds * 1000:.0f} ms{several}" if step.exchanges else ""
        self.say((step.name, "bold"), ": ", (step.outcome, STYLES.get(step.outcome, "")), took)
        if step.gap:
            self.say("  ", printable(step.gap))
        self._exchanges(step.exchanges, lengths)
        if step.failure is not None:
            self.failure("  ! ", step.failure)
        for finding in step.findings:
            self.say("  ! ", ("finding", "yellow"), f" {finding.kind}: {printable(finding.detail)}")

    def _unanswered(self, turn: Unanswered, *, under_way: bool) -> None:
        """What was promised and never heard of again: the one turn that a cut-off run has to be asked about."""
        self.say()
        self.say(("a turn without an answer", "bold"), f": {became(turn, under_way=under_way)}")
        self.say(f"  {turn.intended_at:%H:%M:%S}  key {printable(turn.idempotency_key)}")
        self._body("request", turn.body.encode())

    def _exchanges(self, exchanges: Iterable[Exchange], lengths: dict[int, int | None]) -> None:
        for exchange in exchanges:
            again = f"[the same once more: attempt {exchange.attempt}]"
            key = [f"key {exchange.idempotency_key}"] if exchange.idempotency_key and exchange.attempt == 1 else []
            said = asked(exchange) if exchange.attempt == 1 else again
            self._speech([_clock(exchange), *key], [said], "guest", exchange)
            self._body("request", exchange.request_body)
            if exchange.answer is None:
                self._speech([f"{_took(exchange)}  no answer"], [_lost(exchange)], "", exchange)
            else:
                self._answer(exchange, exchange.answer, lengths.get(id(exchange)))

    def _answer(self, exchange: Exchange, answer: Answer, length: int | None) -> None:
        margin = [f"{_took(exchange)}  HTTP {answer.status_code}", *self._ids(answer)]
        self._speech(margin, [*answered(answer, length)], "assistant", exchange)
        if self._bodies:
            for name, value in answer.headers.items():
                self.say((f"    {printable(f'{name}: {value}')}", "dim"))
        self._body("answer", answer.content)

    def _ids(self, answer: Answer) -> Iterator[str]:
        """The session's only where it is another than before."""
        if answer.request_id is not None:
            yield f"request {answer.request_id}"
        if answer.body_request_id not in (None, answer.request_id):
            yield f"in body {answer.body_request_id}"
        if answer.session_id not in (None, self._session):
            self._session = answer.session_id
            yield f"session {answer.session_id}"
        told = (("event", answer.event_id), ("trace", answer.trace_id))
        yield from (f"{name} {value}" for name, value in told if value)

    def _speech(self, margin: list[str], said: list[str], speaker: str, exchange: Exchange) -> None:
        """What was said beside its margin, or under it on a narrow terminal. An id is never broken.

        What is no turn is nobody's words.
        """
        aside = 0 if speaker == "guest" else _ASIDE
        named = f"{speaker}: " if speaker and said and exchange.operation is Operation.SEND_EVENT else ""
        text = Text(named + "\n".join(said))
        text.stylize("bold", 0, len(named))
        indent = self._margin + aside
        width = max(self._width - indent - (_ASIDE - aside), _NARROWEST)
        lines = text.wrap(self._console, width) if said else ()
        if self._margin:
            self._beside(margin, lines, indent)
        else:
            self._under(margin, lines, aside)

    def _beside(self, margin: Iterable[str], lines: Iterable[Text], indent: int) -> None:
        short: list[str] = []
        long: list[str] = []
        for line in map(printable, margin):
            (short if len(line) < self._margin else long).append(line)
        for left, right in zip_longest(short, lines, fillvalue=""):
            self._line(f"{left:<{indent}}", right)
        for line in long:
            self._line(line)

    def _under(self, margin: Iterable[str], lines: Iterable[Text], aside: int) -> None:
        for line in map(printable, margin):
            self._line(" " * aside + line)
        for said in lines:
            self._line(" " * aside, said)

    def _line(self, dim: str, said: Text | str = "") -> None:
        line = Text.assemble((dim, "dim"), said)
        line.rstrip()
        self._console.print(line, soft_wrap=True, highlight=False)

    def _body(self, whose: str, content: bytes) -> None:
        if self._bodies and content:
            self.say((f"    {whose} body", "dim"))
            for line in body_lines(content):
                self.say((f"    {line}", "dim"))

    def _bookings(self, bookings: Iterable[Booking]) -> None:
        for number, booking in enumerate(bookings):
            if number == 0:
                self.say()
            named = f" {printable(booking.booking_id)}" if booking.booking_id else ""
            self.say(f"booking{named} {booking.state}, session {printable(booking.session_id)}")


def _clock(exchange: Exchange) -> str:
    return f"{exchange.started_at:%H:%M:%S}.{exchange.started_at.microsecond // 1000:03d}"


def _took(exchange: Exchange) -> str:
    return f"{exchange.duration_seconds * 1000:.0f} ms"


def _lost(exchange: Exchange) -> str:
    failure = exchange.failure
    return "" if failure is None else f"[{failure.kind}: {printable(failure.observed, 200)}]"
