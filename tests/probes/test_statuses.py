"""A server that goes another way at each turn, well-formed: what the guide doesn't allow is caught, the rest passes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.guide import STATUSES, GuideServer
from support.playing import Heard, play, scenario_of, target_for

from probes.model import Exchange, Run, Target
from probes.redaction import Secret
from probes.scenario import CreateSession, Expect, Say, Step
from probes.scenario_files import shipped
from probes.words import BookingState, FailureKind, FindingKind, Leaves, Operation, OtherSession, Outcome

NEXT = {  # the guide's golden path and "Additional scenarios", written down a second time
    "none": {"shortlist", "error"},
    "shortlist": {"guest_name_required", "error"},
    "guest_name_required": {"payment_setup_required", "payment_confirmation_required", "error"},
    "payment_setup_required": {"payment_setup_required", "payment_confirmation_required", "error"},
    "payment_confirmation_required": {"booked", "error"},
    "booked": {"error"},
    "error": {"error"},
}
KEY_ARTIFACTS = {  # the guide's table of statuses
    "shortlist": ("shortlist",),
    "payment_setup_required": ("payment.setupUrl",),
    "payment_confirmation_required": ("payment",),
    "booked": ("booking.confirmationUrl",),
}
INVENTED = "on_hold"
SERVERS = {
    "to_the_letter": {},
    "created_201": {"created": 201},
    "gateway_400": {"gateway_400": True},
}


def target_of(server: GuideServer) -> Target:
    return target_for(server, other_api_key=Secret(server.other_api_key))


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("server", SERVERS)
async def test_every_shipped_scenario_passes_on_a_server_that_keeps_to_the_guide(name: str, server: str) -> None:
    async with GuideServer(**SERVERS[server]) as guide:  # type: ignore[arg-type]
        run = await play(name, target_of(guide))

    assert (run.outcome, run.detail, run.findings) == (Outcome.PASSED, None, ())
    assert set(guide.bookings.values()) <= {"cancelled"}


async def told_at(name: str, turn: int, status: str) -> tuple[Run, GuideServer]:
    """A run in which the server answers that turn with this status, and is in it from then on."""

    def says(number: int, right: str | None) -> str | None:
        return status if number == turn else right

    heard = Heard()
    async with GuideServer(says=says) as server:
        run = await play(name, target_of(server), listener=heard)

    assert heard.faults == []
    return run, server


async def turns_of(name: str) -> list[tuple[Step, str, str | None]]:
    """The turns of a scenario where all is well: the step, the status before it, and the one that it was answered."""
    async with GuideServer() as server:
        run = await play(name, target_of(server))
    steps = {step.name: step for step in shipped()[name].steps}
    status_of: dict[str | None, str] = {}
    turns = []
    for result in run.steps:
        exchange = result.own_exchange
        if exchange is not None and exchange.operation is Operation.SEND_EVENT and exchange.answer is not None:
            session_id = named_session(exchange)
            right = exchange.answer.chat_status
            turns.append((steps[result.name], status_of.get(session_id, "none"), right))
            status_of[session_id] = right or status_of.get(session_id, "none")
    return turns


def named_session(exchange: Exchange) -> str | None:
    return None if exchange.answer is None else exchange.answer.session_id


def kind_of(step: Step, status: str) -> FailureKind | None:
    """What a turn's answer with this status must be, by the guide; None where the step allows it."""
    if step.expect.status_codes and 200 not in step.expect.status_codes:
        return FailureKind.STATUS_CODE
    if status in step.expect.chat_statuses:
        return None
    return FailureKind.UNEXPECTED_BOOKING if status == "booked" else FailureKind.CHAT_STATUS


@pytest.mark.parametrize("name", shipped())
async def test_every_other_status_at_every_turn_fails_that_turn_and_leaves_no_booking(name: str) -> None:
    expected, seen = {}, {}
    for number, (step, _, right) in enumerate(await turns_of(name), start=1):
        for status in (*STATUSES, INVENTED):
            kind = kind_of(step, status)
            if status == right or kind is None:
                continue
            run, server = await told_at(name, number, status)
            failed = run.failed_step
            elsewhere = status == "booked" and step.session is OtherSession.UNKNOWN  # where nobody can take it back
            expected[number, status] = (Outcome.FAILED, step.name, kind, {"made"} if elsewhere else set())
            left = set(server.bookings.values()) - {"cancelled"}
            seen[number, status] = (run.outcome, failed and failed.name, run.reason, left)

    assert seen == expected


@pytest.mark.parametrize("name", shipped())
async def test_every_transition_is_told_as_documented_or_not(name: str) -> None:
    expected, seen = {}, {}
    for number, (step, before, right) in enumerate(await turns_of(name), start=1):
        if right is None:
            continue
        for status in (*STATUSES, INVENTED):
            run, _ = await told_at(name, number, status)
            result = next(each for each in run.steps if each.name == step.name)
            documented = status in NEXT[before]
            stays = status == before and not documented
            undocumented = set() if documented or stays else {FindingKind.UNDOCUMENTED_TRANSITION}
            invented = {FindingKind.UNDOCUMENTED_CHAT_STATUS} if status == INVENTED else set()
            expected[number, status] = ([] if stays else [(before, status, documented)], undocumented | invented)
            told = [(change.from_status, change.to_status, change.documented) for change in result.transitions]
            seen[number, status] = (told, {finding.kind for finding in result.findings})

    assert seen == expected


@pytest.mark.parametrize("name", shipped())
async def test_each_status_that_a_step_allows_passes_it(name: str) -> None:
    for number, (step, _, _) in enumerate(await turns_of(name), start=1):
        for status in step.expect.chat_statuses:
            run, _ = await told_at(name, number, status)
            result = next(each for each in run.steps if each.name == step.name)

            assert result.outcome is Outcome.PASSED, (step.name, status)


@pytest.mark.parametrize("name", shipped())
async def test_an_unexpected_booking_is_known_as_one_and_taken_back(name: str) -> None:
    for number, (step, _, _) in enumerate(await turns_of(name), start=1):
        if kind_of(step, "booked") is FailureKind.UNEXPECTED_BOOKING:
            run, server = await told_at(name, number, "booked")

            assert run.bookings[0].state is BookingState.UNEXPECTED, step.name
            assert server.bookings == {run.bookings[0].session_id: "cancelled"}


def legal_paths(path: tuple[str, ...] = ("none",)) -> Iterator[tuple[str, ...]]:
    """All ways through the guide's states of at most six turns that end where no turn follows, or there."""
    yield path[1:]
    if len(path) <= 6 and path[-1] != "error":
        for status in sorted(NEXT[path[-1]]):
            yield from legal_paths((*path, status))


@pytest.mark.parametrize("path", list(legal_paths())[1:], ids="-".join)
async def test_every_legal_path_of_the_guide_passes(path: tuple[str, ...]) -> None:
    turns = (
        Step(
            name=f"turn_{number}",
            action=Say(text="whatever leads there"),
            expect=Expect(chat_statuses=(status,), artifacts=KEY_ARTIFACTS.get(status, ())),
        )
        for number, status in enumerate(path)
    )
    scenario = scenario_of(Step(name="create_session", action=CreateSession()), *turns, leaves=Leaves.BOOKING)
    async with GuideServer(says=lambda turn, right: path[turn - 1] if turn <= len(path) else right) as server:
        run = await play(scenario, target_for(server))

    assert (run.outcome, run.detail, run.findings) == (Outcome.PASSED, None, ())
    assert [change.to_status for change in run.transitions] == list(path)
    assert all(change.documented for change in run.transitions)
