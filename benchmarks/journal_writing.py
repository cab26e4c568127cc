"""What the journal costs a golden path: CPU and time with it, beside the same without it in the same process and run.

    make benchmark-journal

The server runs in a process of its own. CPU is that of the whole process, the writer thread's included. Promises are
what a run waits for before it begins and before each turn; each is an fsync, so the disk matters there.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.golden_path import UNDER_WAY, Play, cpu_milliseconds, monitor, server
from probes.journal.journal import Journal
from probes.listening import Listener
from probes.model import Answer, Exchange, Intent, Phases, RunStart
from probes.redaction import Scrubber, Secret
from probes.words import Leaves, Operation

PROMISES = 500
EXCHANGES = 10_000
AT_ONCE = 500
BODY = b'{"data": {"result": {"status": "shortlist"}}}' * 40


def a_journal(folder: str) -> Journal:
    """In a file that is not there yet, with a scrubber that knows a few secrets, as a service's does."""
    scrubber = Scrubber([Secret(f"brek_live_{number:032d}") for number in range(4)])
    path = Path(folder) / "journal.db"
    return Journal(f"sqlite:///{path}", command="benchmark", scrub=scrubber.text, listener=Listener())


async def wall_milliseconds(play: Play, at_once: int) -> float:
    """How long one play takes, the best of a few rounds."""
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        await asyncio.gather(*(play(number) for number in range(at_once)))
        rounds.append((time.perf_counter() - began) / at_once * 1000)
    return min(rounds)


async def measure_golden_path(address: dict[str, str], journal: Journal) -> None:
    """CPU and time of a golden path, with and without."""
    sides = {"without": monitor(address), "with": monitor(address, journal)}
    for play in sides.values():
        await play(0)
    for at_once in (1, UNDER_WAY):
        cpu = {name: await cpu_milliseconds(play, at_once) for name, play in sides.items()}
        wall = {name: await wall_milliseconds(play, at_once) for name, play in sides.items()}
        told = ", ".join(f"{name} a journal {cpu[name]:.2f} ms CPU and {wall[name]:.2f} ms" for name in sides)
        print(f"golden path, {at_once:>2} under way: {told}; CPU ratio {cpu['with'] / cpu['without']:.2f}")


async def measure_promises(journal: Journal, at_once: int) -> None:
    """How long an intent takes to be on the disk."""
    waits: list[float] = []

    async def promise(number: int) -> None:
        key = f"{at_once}:{number}"
        began = time.perf_counter()
        await journal.intend(Intent(run_id="r", target="t", session_id="s", idempotency_key=key, body=b"{}"))
        waits.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    for first in range(0, PROMISES, at_once):
        await asyncio.gather(*(promise(first + number) for number in range(at_once)))
    rate = PROMISES / (time.perf_counter() - began)
    hundredths = statistics.quantiles(waits, n=100)
    spread = f"median {hundredths[49]:.1f} ms, slowest hundredth {hundredths[98]:.1f} ms"
    print(f"promises, {at_once:>2} at once: {rate:,.0f} a second, {spread}")


async def measure_exchanges(journal: Journal) -> None:
    """How many exchanges of two kilobytes are scrubbed and committed in a second."""
    now = datetime.now(UTC)
    start = RunStart(run_id="e", target="t", scenario="s", leaves=Leaves.NOTHING, started_at=now, location="here")
    telling = 0.0
    began = time.perf_counter()
    for first in range(0, EXCHANGES, AT_ONCE):
        told = time.perf_counter()
        for number in range(first, first + AT_ONCE):
            journal.exchange_finished(replace(start, run_id=f"run{number // 8}"), "step", an_exchange(now, number))
        telling += time.perf_counter() - told
        await journal.keep_state("benchmark", "end", first)
    seconds = time.perf_counter() - began
    each = telling / EXCHANGES * 1_000_000
    print(f"exchanges: {EXCHANGES / seconds:,.0f} a second; the event loop spends {each:.0f} us on each")


def an_exchange(at: datetime, number: int) -> Exchange:
    """One turn, answered."""
    answer = Answer(status_code=200, headers={"content-type": "application/json"}, content=BODY, trace_id=f"t{number}")
    return Exchange(
        operation=Operation.SEND_EVENT,
        attempt=1,
        method="POST",
        path="/api/partner/v1/core-chat/events",
        started_at=at,
        duration_seconds=0.1,
        phases=Phases(send=0.001, wait=0.1),
        expected=True,
        request_body=b'{"text": "find me a hotel"}',
        answer=answer,
    )


async def measure(address: dict[str, str]) -> None:
    """All of it, in one journal."""
    with tempfile.TemporaryDirectory() as folder:
        journal = a_journal(folder)
        await journal.start()
        await measure_golden_path(address, journal)
        for at_once in (1, UNDER_WAY):
            await measure_promises(journal, at_once)
        await measure_exchanges(journal)
        await journal.aclose()


def main() -> None:
    """On uvloop, as a service has it."""
    from uvloop import new_event_loop

    with server() as address, asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(measure(address))


if __name__ == "__main__":
    main()
