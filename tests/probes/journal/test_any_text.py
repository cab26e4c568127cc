"""Whatever a server says, a run is one row with all that belongs to it, and comes back as text that can be shown."""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.facts import NOON, RUN_ID, a_run, a_start, a_step, an_exchange
from support.playing import Heard

from probes import answers
from probes.journal.journal import Journal
from probes.journal.kept import KeptRun, RunFilter
from probes.journal.reading import Reader
from probes.model import Booking, Exchange, Failure, Finding, Intent, Run, Transition
from probes.words import BookingState, FailureKind, FindingKind, Outcome

MEGABYTE = 1024 * 1024
NASTY = [
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202eevil",
    "NaN",
    "x" * MEGABYTE,
    "😀" * 5000,
    "'; --",
    "%s",
]
BODIES = [
    b"",
    b"\x00",
    b'{"error": "\\u0000 \\ud800", "data": {"sessionId": "\\ud800", "traceId": "\\u0000"}}',
    b'{"data": {"result": {"status": NaN}}}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"n": ' + b"9" * 5_000 + b"}",
    b'{"data": {"sessionId": "' + b"s" * MEGABYTE + b'"}}',
    b"\xff\xfe\xed\xa0\x80",
    b"x" * MEGABYTE,
]
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=60))
headers = st.lists(
    st.tuples(
        st.sampled_from(["x-request-id", "x-ratelimit-limit", "retry-after", "set-cookie", "X-Odd"]),
        st.text(st.characters(max_codepoint=255), max_size=40) | st.sampled_from(["9" * 400, "-1", "1e999", "nan"]),
    ),
    max_size=4,
)
bodies = st.one_of(st.sampled_from(BODIES), st.binary(max_size=80))
_numbers = itertools.count()


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """What a server answered, read as any answer is; or what came instead."""
    text = draw(texts)
    if draw(st.booleans()):
        answer = answers.read(draw(st.integers(100, 599)), draw(headers), draw(bodies), now=NOON)
        return an_exchange(answer=answer, path=f"/sessions/{text}", request_body=draw(bodies), idempotency_key=text)
    failure = Failure(kind=FailureKind.RESET, expected=text, observed=draw(texts))
    return an_exchange(failure=failure, request_id_state=None, trace_id_state=None, request_body=draw(bodies))


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A run that showed a few such exchanges."""
    run_id = f"{RUN_ID}{next(_numbers)}"
    seen = draw(st.lists(exchanges(), max_size=3))
    failure = Failure(kind=FailureKind.CHAT_STATUS, expected=draw(texts), observed=draw(texts))
    step = a_step(
        outcome=Outcome.FAILED,
        failure=failure,
        exchanges=tuple(seen),
        transitions=(Transition(from_status=draw(texts), to_status=draw(texts), documented=False),),
        findings=(Finding(kind=FindingKind.UNDOCUMENTED_FIELD, detail=draw(texts)),),
    )
    booking = Booking(
        run_id=run_id,
        target="acme",
        session_id=draw(texts),
        state=draw(st.sampled_from(BookingState)),
        booking_id=draw(st.none() | texts),
    )
    return a_run(Outcome.FAILED, run_id=run_id, detail=draw(texts), steps=(step,), bookings=(booking,))


async def _told(journal: Journal, run: Run) -> None:
    """All that a journal hears of a run, in order."""
    start = a_start(run_id=run.run_id)
    await journal.begin_run(start)
    for step in run.steps:
        for number, exchange in enumerate(step.exchanges):
            key = exchange.idempotency_key or ""
            await journal.intend(
                Intent(
                    run_id=run.run_id,
                    target=run.target,
                    session_id=f"{key}{number}",
                    idempotency_key=key,
                    body=exchange.request_body,
                )
            )
            journal.exchange_finished(start, step.name, exchange)
    for booking in run.bookings:
        await journal.book(booking)
    journal.run_finished(run)


async def _kept(url: str, told: list[Run]) -> tuple[dict[str, KeptRun], Heard]:
    """These runs as they are read again, and what was told meanwhile."""
    heard = Heard()
    journal = Journal(url, command="test", scrub=lambda text: text, listener=heard)
    await journal.start()
    for run in told:
        await _told(journal, run)
    await journal.aclose()
    reader = Reader(url)
    try:
        rows = [summary.run_id for summary in reader.runs(RunFilter())]
        whole = {run.run_id: reader.run(run.run_id) for run in told if rows.count(run.run_id) == 1}
        return {run_id: run for run_id, run in whole.items() if run is not None}, heard
    finally:
        reader.close()


def _texts_of(kept: KeptRun) -> list[str]:
    """All that others had a say in."""
    found = [repr(kept.run.detail)]
    for step in kept.run.steps:
        found += [change.from_status + change.to_status for change in step.transitions]
        found += [finding.detail for finding in step.findings]
        if step.failure is not None:
            found += [step.failure.expected, step.failure.observed]
    for each in kept.exchanges:
        exchange = each.exchange
        found += [exchange.path, exchange.idempotency_key or "", exchange.request_body.decode()]
        if exchange.answer is not None:
            found += [exchange.answer.content.decode(), *map(repr, exchange.answer.headers.items())]
    return [*found, *(f"{booking.session_id}{booking.booking_id}" for booking in kept.bookings)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(told=st.lists(runs(), min_size=1, max_size=4))
async def test_any_run_is_kept_whole_and_once(journal_url: str, told: list[Run]) -> None:
    kept, heard = await _kept(journal_url, told)

    assert heard.faults == []
    assert kept.keys() == {run.run_id for run in told}
    for run in told:
        same = kept[run.run_id]
        assert (same.under_way, same.run.outcome) == (False, Outcome.FAILED)
        assert len(same.exchanges) == len(run.steps[0].exchanges)
        assert [booking.state for booking in same.bookings] == [booking.state for booking in run.bookings]
        for text in _texts_of(same):
            assert "\x00" not in text
            assert text.encode().decode() == text
