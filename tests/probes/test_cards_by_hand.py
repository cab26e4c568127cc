"""Where no portal is configured, a person may add the card, in their own time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx
import pytest
from support.playing import Heard, scenario_of, target_for
from support.sandbox import VISA

from probes import by_hand
from probes.by_hand import CardsByHand
from probes.errors import RefusedError
from probes.ledger import MemoryLedger
from probes.model import Run
from probes.requests import ApiRequest
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario import AttachCard, CreateSession, Scenario, Step
from probes.scenario_files import shipped
from probes.words import Environment, FailureKind, Outcome, SkipReason


@dataclass
class Person:
    """Adds the card as a portal's page would, after a while; or never does."""

    sandbox: SandboxServer
    takes_seconds: float = 0.0
    never: str | None = None
    asked: list[str] = field(default_factory=list)

    async def added(self, scenario: str, setup_url: str) -> str | None:
        self.asked.append(scenario)
        await asyncio.sleep(self.takes_seconds)
        if self.never is None:
            body = {"portalToken": setup_url.rpartition("/")[2], **VISA, "setAsDefault": True}
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.post(self.sandbox.attach_url, json=body)
        return self.never


async def play_by_hand(
    sandbox: SandboxServer, person: CardsByHand, *, seconds: float = 10.0, scenario: Scenario | None = None
) -> Run:
    runner = Runner(ledger=MemoryLedger(), listener=Heard(), cards=person, uniform=lambda *_: 0.0)
    return await runner.play(
        scenario or shipped()["golden_path"],
        target_for(sandbox, portal=None),
        deadline_seconds=seconds,
        step_deadline_seconds=seconds,
    )


async def test_a_person_adds_the_card_and_the_conversation_goes_on_to_booked() -> None:
    async with SandboxServer() as sandbox:
        person = Person(sandbox)
        run = await play_by_hand(sandbox, person)

    assert (run.outcome, run.detail) == (Outcome.PASSED, None)
    assert person.asked == ["golden_path"]


async def test_the_wait_for_a_person_is_no_latency_and_takes_nothing_from_the_deadlines() -> None:
    async with SandboxServer() as sandbox:
        run = await play_by_hand(sandbox, Person(sandbox, takes_seconds=1.6), seconds=1.2)

    assert run.outcome is Outcome.PASSED, run.detail
    assert run.duration_seconds < 1.2
    assert all(step.duration_seconds < 1.2 for step in run.steps)


async def test_a_card_that_nobody_adds_says_nothing_of_the_api() -> None:
    async with SandboxServer() as sandbox:
        run = await play_by_hand(sandbox, Person(sandbox, never="nobody added the card"))
        booked = len(sandbox.bookings)

    assert (run.outcome, run.reason, run.detail) == (Outcome.SKIPPED, SkipReason.PORTAL, "nobody added the card")
    assert booked == 0


async def test_nobody_is_asked_where_no_answer_gave_a_setup_url() -> None:
    steps = (Step(name="open", action=CreateSession()), Step(name="card", action=AttachCard()))
    async with SandboxServer() as sandbox:
        person = Person(sandbox)
        run = await play_by_hand(sandbox, person, scenario=scenario_of(*steps))

    assert (run.outcome, run.reason) == (Outcome.FAILED, FailureKind.PORTAL)
    assert not person.asked


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://brek.example\\@elsewhere.example/psu_1", "ftp://x/psu_1"]
)
async def test_a_setup_url_that_no_browser_should_open_is_shown_to_nobody(url: str) -> None:
    async with SandboxServer() as sandbox:
        person = Person(sandbox)
        result, in_vain = await by_hand.attach(Step(name="card", action=AttachCard()), "own", url, person)

    assert result.failure is not None
    assert result.failure.kind is FailureKind.PORTAL
    assert url not in result.failure.observed
    assert in_vain is None
    assert not person.asked


async def test_in_production_no_person_is_asked_for_a_card_either() -> None:
    async with SandboxServer() as sandbox:
        person = Person(sandbox)
        runner = Runner(ledger=MemoryLedger(), listener=Heard(), cards=person)
        target = target_for(sandbox, portal=None, environment=Environment.PRODUCTION)
        run = await runner.play(shipped()["golden_path"], target)
        sent = len(sandbox.requests)

    assert (run.outcome, run.reason) == (Outcome.SKIPPED, SkipReason.SAFETY)
    assert not person.asked
    assert sent == 0


async def test_what_is_not_permitted_is_not_sent_retries_too() -> None:
    asked: list[ApiRequest] = []

    def permit(request: ApiRequest) -> None:
        asked.append(request)
        if len(asked) > 2:
            raise RefusedError("enough")

    async with SandboxServer(faults=["server_error@search"]) as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=Heard(), permit=permit, uniform=lambda *_: 0.0)
        run = await runner.play(shipped()["quick_search"], target_for(sandbox))
        sent = len(sandbox.requests)

    assert sent == 2
    assert (run.outcome, run.reason, run.detail) == (Outcome.SKIPPED, SkipReason.SAFETY, "enough")
