"""The page of a run whose every text a hostile server wrote: it stays text, and the page stays small."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.archive import Archive, app_of, asked
from support.facts import NOON, RUN_ID, a_failure, a_run, a_step, an_answer, an_exchange
from support.kept import as_kept
from support.markup import Parsed, kinds
from support.payloads import PAYLOADS, name_of
from support.web import served

from probes.answers import read
from probes.journal.kept import KeptRun, Unanswered
from probes.model import Booking, Exchange, Finding, Run, Transition
from probes.words import BookingState, CorrelationState, FailureKind, FindingKind, Outcome

HARMLESS = "harmless"
MANY, BODY_BYTES = 60, 64 * 1024
MOST_BYTES = 3_000_000


def an_exchange_of(text: str, **changes: object) -> Exchange:
    """One whose server put this text wherever it may."""
    body = {"success": True, "data": {"result": {"status": text, "message": {"text": text}, "shortlist": [text]}}}
    said = read(200, {"server": text, "location": text}.items(), json.dumps(body).encode(), now=NOON)
    answer = replace(
        said,
        chat_status=text,
        code=text,
        error=text,
        artifacts={text: text},
        header_request_id=text,
        body_request_id=text + "2",
        trace_id=text,
        session_id=text,
        event_id=text,
    )
    facts = {"answer": answer, "path": text, "idempotency_key": text, "trace_id_state": CorrelationState.MISSING}
    return an_exchange(request_body=json.dumps({"text": text}).encode(), **(facts | changes))


def a_run_of(text: str, run_id: str = RUN_ID) -> KeptRun:
    failure = a_failure(FailureKind.CHAT_STATUS, expected=text, observed=text)
    lost = an_exchange(failure=a_failure(observed=text), path=text)
    step = a_step(
        name=text,
        outcome=Outcome.FAILED,
        failure=failure,
        exchanges=(an_exchange_of(text), lost),
        findings=(Finding(kind=FindingKind.MISSING_FIELD, detail=text),),
        transitions=(Transition(from_status=text, to_status=text, documented=False),),
    )
    skipped = a_step(name=text, outcome=Outcome.SKIPPED, exchanges=(), gap=text)
    booking = Booking(run_id=RUN_ID, target="acme", session_id=text, state=BookingState.MADE, booking_id=text)
    facts: dict[str, Any] = dict.fromkeys(("reason", "detail", "location", "scenario", "target"), text)
    run = a_run(Outcome.FAILED, run_id=run_id, steps=(step, skipped), cleanup=(step,), bookings=(booking,), **facts)
    turn = Unanswered(idempotency_key=text, session_id=text, intended_at=NOON, body=text, settlement=None)
    return as_kept(run, unanswered=(turn,))


async def page_of(kept: KeptRun) -> str:
    return (await asked(lambda: Archive([kept]), f"/runs/{kept.run.run_id}")).text


@pytest.mark.parametrize("payload", PAYLOADS, ids=name_of)
async def test_no_text_becomes_more_than_text(payload: str) -> None:
    hostile, harmless = a_run_of(payload), a_run_of(HARMLESS, run_id=RUN_ID[::-1])
    async with served(app_of(lambda: Archive([hostile, harmless]))) as (_, client):
        page, plain = [Parsed((await client.get(f"/runs/{kept.run.run_id}")).text) for kept in (hostile, harmless)]
    links = {link.attributes["href"] or "" for link in page.root.all("a")}

    assert page.complaints == []
    assert kinds(page.root) == kinds(plain.root)
    assert {link[0] for link in links} <= {"/", "#"}
    assert not any(link.startswith("//") for link in links)


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\x1b", "\x00", "\u200b"], ids=ascii)
async def test_nothing_turns_a_line_around_or_hides_in_it(hidden: str) -> None:
    assert hidden not in await page_of(a_run_of(f"a{hidden}b"))


def a_huge_run() -> Run:
    """Sixty attempts whose bodies are as large as the journal keeps them, and as dear to escape as can be."""
    body = (json.dumps({"data": {"a": '<"&>' * (BODY_BYTES // 6)}}) + " " * BODY_BYTES)[:BODY_BYTES].encode()
    steps = tuple(
        a_step(
            name=f"step_{number}",
            exchanges=(
                an_exchange(
                    request_body=body[: 16 * 1024],
                    answer=an_answer(content=body),
                    started_at=NOON + timedelta(seconds=number),
                ),
            ),
        )
        for number in range(MANY)
    )
    return a_run(steps=steps, duration_seconds=float(MANY))


async def test_a_huge_run_is_cut_to_fit_and_says_so() -> None:
    page = await page_of(as_kept(a_huge_run()))

    assert len(page.encode()) < MOST_BYTES
    assert page.count('class="exchange"') == MANY
    assert f"more characters are kept: brekwatch runs show {RUN_ID} --bodies" in page
    assert page.index("The conversation, beside its evidence") < page.index("Where the time went")


async def test_more_attempts_than_a_page_bears_are_left_out_and_counted() -> None:
    run = a_run(steps=(a_step(exchanges=(an_exchange(),) * 150), a_step(name="more", exchanges=(an_exchange(),) * 80)))
    page = await page_of(as_kept(run))

    assert page.count('class="exchange"') == 200
    assert "30 more attempts are kept than this page shows" in page


async def test_a_body_that_the_journal_cut_says_how_long_it_was() -> None:
    exchange = an_exchange(answer=an_answer(content=b"<html>" + "…".encode()))
    kept = as_kept(a_run(steps=(a_step(exchanges=(exchange,)),)))
    cut = replace(kept, exchanges=(replace(kept.exchanges[0], answer_bytes=1_048_576),))

    assert "The answer had 1,048,576 bytes; this is what was kept of it." in await page_of(cut)
    assert "this is what was kept of it" not in await page_of(kept)


async def test_lines_of_a_body_stay_lines_and_are_escaped() -> None:
    exchange = an_exchange(request_body=b'{"text": "<b>\\n</b>", "more": 1}')
    page = await page_of(as_kept(a_run(steps=(a_step(exchanges=(exchange,)),))))

    assert "{\n  &#34;text&#34;: &#34;&lt;b&gt;\\n&lt;/b&gt;&#34;,\n  &#34;more&#34;: 1\n}" in page
