"""Each golden answer with one part dropped, emptied or of another type: none is judged a success."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from support.facts import TRACE_ID
from support.guide import GuideServer
from support.lying import DROP, put
from support.playing import play, target_for
from support.wire import Received, Reply

from probes.model import Run
from probes.redaction import Secret
from probes.scenario import Step
from probes.scenario_files import shipped
from probes.words import FindingKind, Operation, Outcome

SWAPS: tuple[Any, ...] = (DROP, None, 7, True, [], {}, "")
REQUIRED = {
    Operation.CREATE_SESSION: ("data", "data.sessionId"),
    Operation.SEND_EVENT: ("data", "data.sessionId", "data.result", "data.result.status"),
    Operation.GET_SESSION: ("data", "data.sessionId"),
}
REPORTED = {  # the rest of the published examples: parsed defensively, and told
    Operation.CREATE_SESSION: (),
    Operation.SEND_EVENT: (
        *("data.event", "data.event.id", "data.event.kind"),
        *("data.result.traceId", "data.result.message", "data.result.message.text"),
    ),
    Operation.GET_SESSION: ("data.tenantId", "data.actor", "data.actor.actorId", "data.events"),
}


class Spoiling(GuideServer):
    """Changes one place in the answer to the request of that number."""

    def __init__(self, number: int, path: str, value: object) -> None:
        super().__init__()
        self._number = number
        self._change = put(path, value)

    def answer(self, received: Received) -> Reply:
        reply = super().answer(received)
        if len(self.received) != self._number:
            return reply
        body = deepcopy(reply.body)
        self._change(body)
        return Reply(status_code=reply.status_code, body=body, headers=reply.headers)


async def spoilt(name: str, number: int, path: str, value: object) -> Run:
    async with Spoiling(number, path, value) as server:
        return await play(name, target_for(server, other_api_key=Secret(server.other_api_key)))


async def successes_of(name: str) -> list[tuple[int, Step]]:
    """The steps that the API answers with a success, each with the number of its request."""
    async with GuideServer() as server:
        run = await play(name, target_for(server, other_api_key=Secret(server.other_api_key)))
    steps = {step.name: step for step in shipped()[name].steps}
    numbered = enumerate(((result, exchange) for result in run.steps for exchange in result.exchanges), start=1)
    return [
        (number, steps[result.name])
        for number, (result, exchange) in numbered
        if exchange in result.own_exchanges
        if exchange.operation in REQUIRED and exchange.status_code in {200, 201}
    ]


def required_of(step: Step) -> Iterator[str]:
    """What the answer to this step can't be without: by the documents, and by what the step itself expects."""
    yield from REQUIRED[step.action.operation]
    for path in step.expect.artifacts:
        parts = path.split(".")
        yield from (".".join(("data.result.artifacts", *parts[: length + 1])) for length in range(len(parts)))
    if step.expect.events:
        yield "data.events"


@pytest.mark.parametrize("name", shipped())
async def test_no_answer_without_a_required_part_passes(name: str) -> None:
    survivors = [
        (step.name, path, value)
        for number, step in await successes_of(name)
        for path in required_of(step)
        for value in SWAPS
        if (await spoilt(name, number, path, value)).outcome is not Outcome.FAILED
    ]

    assert survivors == []


ALLOWED = [("data.result.message.text", ""), ("data.events", [])]  # a message may be empty, a history too


@pytest.mark.parametrize("name", ["golden_path", "quick_search"])
async def test_no_change_to_a_published_part_goes_unnoticed(name: str) -> None:
    unnoticed = []
    for number, step in await successes_of(name):
        for path in REPORTED[step.action.operation]:
            for value in SWAPS:
                run = await spoilt(name, number, path, value)
                noticed = run.outcome is Outcome.FAILED or bool(run.findings)
                if not noticed and (path, value) not in ALLOWED:
                    unnoticed.append((step.name, path, value))

    assert unnoticed == []


async def test_ids_of_another_conversation_are_noticed() -> None:
    for path, value in (("data.event.id", "evt_other"), ("data.result.traceId", TRACE_ID)):
        run = await spoilt("quick_search", 2, path, value)

        assert FindingKind.CORRELATION_MISMATCH in {finding.kind for finding in run.findings}
