"""Which run code belongs to that nobody told: right while many are interleaved, and nobody's once a run is over."""

from __future__ import annotations

import asyncio

from support.facts import REQUEST_ID, RUN_ID, a_start, an_answer, an_exchange
from support.playing import Heard, play, target_for

from probes.ledger import MemoryLedger
from probes.listening import Listener, Listeners
from probes.model import Exchange, Ledger, MonitorFault, Run, RunStart, StepResult
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.under_way import UnderWay, current, placed, run_under_way
from probes.words import FaultKind, Outcome


class Looks(Listener):
    """Notes what is under way whenever it hears of something, and who said so."""

    def __init__(self) -> None:
        self.wrong: list[object] = []
        self.steps: dict[str, list[str | None]] = {}
        self.left_behind: list[UnderWay | None] = []

    def _look(self, run_id: str, step: str | None) -> None:
        here = current()
        if here is None or here.start.run_id != run_id or here.step != step:
            self.wrong.append((run_id, step, here))
        self.steps.setdefault(run_id, []).append(step)

    def run_started(self, start: RunStart) -> None:
        self._look(start.run_id, None)

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        self._look(start.run_id, step)

    def step_finished(self, start: RunStart, step: StepResult) -> None:
        self._look(start.run_id, step.name)

    def run_finished(self, run: Run) -> None:
        self._look(run.run_id, None)
        asyncio.get_running_loop().call_later(0.01, lambda: self.left_behind.append(current()))


async def test_interleaved_runs_are_each_known_by_their_own_step() -> None:
    looks = Looks()
    async with SandboxServer() as sandbox:
        runner = Runner(ledger=MemoryLedger(), listener=looks)
        target = target_for(sandbox)
        runs = await asyncio.gather(*(runner.play(shipped()["golden_path"], target) for _ in range(20)))
        await asyncio.sleep(0.05)

    assert {run.outcome for run in runs} == {Outcome.PASSED}
    assert looks.wrong == []
    assert all(len(set(steps)) > 5 for steps in looks.steps.values())
    assert looks.left_behind == [None] * 20
    assert current() is None


async def test_what_a_run_does_on_a_thread_belongs_to_it() -> None:
    with run_under_way(a_start()) as under_way:
        found = await asyncio.to_thread(current)

    assert found is under_way
    assert await asyncio.to_thread(current) is None


class Breaks(Listener):
    def step_finished(self, start: RunStart, step: StepResult) -> None:
        if step.name == "search":
            raise KeyError("of a listener")


async def test_a_listener_that_fails_is_a_fault_with_the_run_and_its_last_request() -> None:
    heard = Heard()
    async with SandboxServer() as sandbox:
        run = await play("quick_search", target_for(sandbox), listener=Listeners(Breaks(), heard))

    (fault,) = heard.faults
    turn = heard.exchanges[1].answer
    assert turn is not None
    assert (fault.kind, fault.run_id, fault.target) == (FaultKind.LISTENER, run.run_id, "sandbox")
    assert (fault.scenario, fault.request_id) == ("quick_search", turn.request_id)


async def test_a_bug_of_ours_names_the_last_request_before_it() -> None:
    class Buggy(MemoryLedger):
        async def intend(self, intent: object) -> None:
            raise KeyError("of the ledger")

    heard = Heard()
    ledger: Ledger = Buggy()
    async with SandboxServer() as sandbox:
        await play("quick_search", target_for(sandbox), ledger=ledger, listener=heard)

    (fault,) = heard.faults
    created = heard.exchanges[0].answer
    assert created is not None
    assert (fault.kind, fault.request_id) == (FaultKind.BUG, created.request_id)


def test_a_fault_outside_of_runs_or_of_another_run_is_left_as_it_is() -> None:
    lost = MonitorFault(kind=FaultKind.CLOCK, detail="the wall clock jumped")
    other = MonitorFault(kind=FaultKind.JOURNAL, detail="cut off", run_id="another")
    with run_under_way(a_start()) as under_way:
        under_way.saw(an_exchange())
        inside = placed(other), placed(lost)

    assert placed(lost) == lost
    assert inside[0] == other
    assert (inside[1].run_id, inside[1].request_id) == (RUN_ID, REQUEST_ID)


def test_an_answer_without_an_id_leaves_the_last_one_known() -> None:
    under_way = UnderWay(a_start())
    under_way.saw(an_exchange())
    under_way.saw(an_exchange(answer=an_answer(502, header_request_id=None)))

    assert under_way.request_id == REQUEST_ID
