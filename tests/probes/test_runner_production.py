"""In production nothing is booked, paid or promised (decision 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from support.lying import Lying, Told
from support.playing import play, scenario_of, target_for

from probes.model import AllowBookings, Target
from probes.sandbox.server import SandboxServer
from probes.scenario import CreateSession, ReadSession, Say, Scenario, Step
from probes.scenario_files import shipped
from probes.words import Environment, Outcome, SkipReason

COSTLY = {  # a booking, a card or a write
    "book_by_action", "decline_payment", "done_before_card", "golden_path", "idempotent_replay", "saved_card",
}  # fmt: skip


def _costly(body: bytes) -> bool:
    """A write, a consent or a card; looked for in its own field, since an id may hold any letters."""
    said = orjson.loads(body) if body else {}
    kind, text = str(said.get("kind", "")), str(said.get("text", ""))
    return kind.startswith(("action_", "command_")) or text.startswith("yes") or "portalToken" in said


@pytest.mark.parametrize("name", shipped())
async def test_in_production_nothing_that_may_cost_money_is_sent(name: str) -> None:
    async with SandboxServer() as sandbox:
        run = await play(name, target_for(sandbox, environment=Environment.PRODUCTION))

    assert not any(_costly(request.body) for request in sandbox.requests)
    assert sandbox.bookings == ()
    if name in COSTLY:
        assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    else:
        assert run.outcome is Outcome.PASSED


async def test_once_confirmation_was_asked_production_hears_only_no() -> None:
    """A server that asks for consent early: even reading the session is refused then, and "no" is let through."""

    def ask_early(told: Told) -> None:
        if told.path.endswith("/events") and told.turn == 1:
            body = told.json
            body["data"]["result"]["status"] = "payment_confirmation_required"  # type: ignore[index]
            told.say(body)

    def scenario(*after: Step) -> Scenario:
        search = Step(name="search", action=Say(text="find me a las vegas hotel from 5/15 to 5/16"))
        return scenario_of(Step(name="create_session", action=CreateSession()), search, *after)

    async with SandboxServer() as sandbox, Lying(sandbox.base_url, ask_early) as server:
        target = target_for(sandbox, base_url=server.base_url, environment=Environment.PRODUCTION, portal=None)
        for text in ("yes, use this card", "No", "no ", "Done"):
            server._turns = 0
            refused = await play(scenario(Step(name="answer", action=Say(text=text))), target)
            assert (refused.outcome, refused.reason) == (Outcome.SKIPPED, SkipReason.SAFETY), text
        server._turns = 0
        reading = await play(scenario(Step(name="read", action=ReadSession())), target)
        server._turns = 0
        said_no = await play(scenario(Step(name="no", action=Say(text="no"))), target)
        told = [body for _, _, _, body in server.received if b'"text"' in body and b"find me" not in body]

    assert reading.outcome is Outcome.SKIPPED
    assert said_no.outcome is Outcome.PASSED
    assert len(told) == 1
    assert b'"text":"no"' in told[0]


async def test_an_acknowledgement_without_a_lasting_ledger_books_nothing_in_production() -> None:
    async with SandboxServer() as sandbox:
        allowed = AllowBookings(host="127.0.0.1", per_day=5, until=datetime.now(UTC) + timedelta(days=1))
        target: Target = target_for(sandbox, environment=Environment.PRODUCTION, allow_bookings=allowed)
        run = await play("golden_path", target)

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    assert len(sandbox.requests) == 0
