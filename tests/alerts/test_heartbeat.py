"""The dead man's switch: it pings while this monitor can be trusted, and stops for each reason why it can't."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.clocks import Hand
from support.facts import a_probe, a_run
from support.hostile import Hostile, redirects
from support.receivers import Ear, settings_for, takes

from alerts.delivery.heartbeat import Heartbeat
from alerts.delivery.posting import send
from probes.model import JournalState
from probes.redaction import Secret
from probes.settings import Settings
from probes.words import Channel, Outcome, Telling

URL = Secret("https://hc.example/ping/canary-of-the-path")


def a_plan(url: Secret = URL) -> Settings:
    return replace(settings_for(heartbeat_url=url), probes=(a_probe(every_seconds=60.0), a_probe(every_seconds=3600.0)))


class Rig:
    def __init__(self) -> None:
        self.clock, self.ear, self.trouble = Hand(), Ear(), [None, None]
        self.heartbeat = Heartbeat(
            a_plan(),
            problems=(lambda: self.trouble[0], lambda: self.trouble[1]),
            listener=self.ear,
            send=lambda request: send(request, seconds=1),
            clock=self.clock,
        )


async def test_it_pings_once_a_verdict_is_committed() -> None:
    rig = Rig()
    async with Hostile(takes()) as server:
        early = await rig.heartbeat.ping(Secret(server.url))
        rig.heartbeat.run_kept(a_run())
        again = await rig.heartbeat.ping(Secret(f"{server.url}/ping/x"))

    assert (early, again) == (10.0, 60.0)
    assert [wire.split(b"\r\n")[0] for wire in server.received] == [b"GET /ping/x HTTP/1.1"]
    assert rig.ear.told == [(Channel.HEARTBEAT, Telling.DELIVERED, 1)]
    assert rig.ear.faults == []


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.DEGRADED, Outcome.FAILED])
def test_a_verdict_of_any_kind_shows_that_the_monitor_works(outcome: Outcome) -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run(outcome))

    assert rig.heartbeat.problem() is None


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.UNKNOWN])
def test_what_is_no_verdict_shows_nothing(outcome: Outcome) -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run(outcome))

    assert rig.heartbeat.problem() == "no verdict is committed yet"


def test_it_stops_two_of_the_shortest_intervals_and_a_minute_after_the_last_verdict() -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run())
    rig.clock.now = 180.0
    before = rig.heartbeat.problem()
    rig.clock.now = 181.0

    assert before is None
    assert rig.heartbeat.problem() == "no verdict was committed for 181 s"


def test_after_a_restart_the_last_verdict_before_it_counts() -> None:
    rig = Rig()
    rig.clock.now = 5_000.0
    rig.heartbeat.remember(179.0)
    before = rig.heartbeat.problem()
    rig.clock.now = 5_002.0

    assert before is None
    assert rig.heartbeat.problem() == "no verdict was committed for 181 s"


def test_it_stops_while_the_journal_can_t_commit() -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run())
    rig.heartbeat.journal_changed(JournalState(problem="the disk is full"))
    broken = rig.heartbeat.problem()
    rig.heartbeat.journal_changed(JournalState())

    assert broken == "the journal can't commit: the disk is full"
    assert rig.heartbeat.problem() is None


@pytest.mark.parametrize("number", [0, 1], ids=["a slot is overdue", "a receiver is not reached"])
def test_it_stops_while_anything_else_is_in_trouble(number: int) -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run())
    rig.trouble[number] = "in trouble"  # type: ignore[call-overload]

    assert rig.heartbeat.problem() == "in trouble"


async def test_that_it_is_held_back_or_not_taken_is_told_once_and_without_its_address() -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run())
    async with Hostile(redirects("http://127.0.0.2:9/")) as server:
        for _ in range(3):
            await rig.heartbeat.ping(Secret(f"{server.url}/canary-of-the-path"))

    assert rig.ear.faults == ["the heartbeat can't be sent: it answered 307: it redirects, which is never followed"]
    assert rig.ear.told == [(Channel.HEARTBEAT, Telling.FAILED, 1)] * 3


async def test_a_new_address_is_pinged_from_a_reload_on() -> None:
    rig = Rig()
    rig.heartbeat.run_kept(a_run())
    async with Hostile(takes()) as server:
        rig.heartbeat.start()
        rig.heartbeat.reload(a_plan(Secret(f"{server.url}/new")))
        while not rig.ear.told:
            await asyncio.sleep(0.01)
        await rig.heartbeat.aclose()

    assert server.received[0].startswith(b"GET /new ")
