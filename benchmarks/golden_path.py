"""CPU of a golden path beside bare asyncio streams in the same process and run: a ratio, so the machine matters little.

    make benchmark

The server runs in a process of its own. Both sides send the same eight requests, the last cancels the booking; the
monitor has its metrics on.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from benchmarks import bare
from exporter.recorder import Recorder
from probes.journal.journal import Journal
from probes.ledger import MemoryLedger
from probes.listening import Listeners
from probes.model import Portal, Probe, Target
from probes.redaction import Scrubber, Secret
from probes.runner import Runner
from probes.scenario_files import shipped
from probes.words import Environment, Outcome

RUNS = 200
ROUNDS = 5
UNDER_WAY = 50
LAUNCH = (sys.executable, "-c", "from exporter.cli import main; main()")

Play = Callable[[int], Awaitable[None]]


async def cpu_milliseconds(play: Play, at_once: int) -> float:
    """CPU of this process for one play, in milliseconds, the best of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for first in range(0, RUNS, at_once):
            await asyncio.gather(*(play(first + number) for number in range(at_once)))
        rounds.append((time.process_time() - began) / RUNS * 1000)
    return min(rounds)


def baseline(address: dict[str, str]) -> Play:
    """The bare streams."""

    async def play(number: int) -> None:
        actor = f"bare_{time.monotonic_ns()}_{number}"
        status = await bare.golden_path(
            address["BREK_BASE_URL"], address["BREK_PARTNER_API_KEY"], address["BREK_PORTAL_ATTACH_URL"], actor
        )
        assert status == "booked"

    return play


def monitor(address: dict[str, str], journal: Journal | None = None) -> Play:
    """Runner, client, transport, judgement, contract and metrics; and the journal, if one is given."""
    target = Target(
        name="sandbox",
        base_url=address["BREK_BASE_URL"],
        environment=Environment.SANDBOX,
        api_key=Secret(address["BREK_PARTNER_API_KEY"]),
        portal=Portal(attach_url=address["BREK_PORTAL_ATTACH_URL"]),
    )
    golden = shipped()["golden_path"]
    recorder = Recorder(scrub=Scrubber([target.api_key]).text)
    probe = Probe(scenario=golden.name, target=target.name, every_seconds=60)
    recorder.expect(targets=[target], probes=[probe], scenarios={golden.name: golden}, location="benchmark")
    listener = Listeners(recorder, *([] if journal is None else [journal]))
    runner = Runner(ledger=journal or MemoryLedger(), listener=listener)

    async def play(_: int) -> None:
        run = await runner.play(golden, target)
        assert run.outcome is Outcome.PASSED, run.detail

    return play


async def measure(address: dict[str, str]) -> None:
    """Warm up, measure both sides in turn, print the ratios."""
    sides = {"bare streams": baseline(address), "brekwatch": monitor(address)}
    for play in sides.values():
        await play(0)
    for at_once in (1, UNDER_WAY):
        cost = {name: await cpu_milliseconds(play, at_once) for name, play in sides.items()}
        ratio = cost["brekwatch"] / cost["bare streams"]
        told = ", ".join(f"{name} {value:.2f} ms" for name, value in cost.items())
        print(f"golden path, {at_once:>2} under way: {told}; ratio {ratio:.1f} (to be below 6)")


def wall_seconds(*command: str, environment: dict[str, str] | None = None) -> float:
    """The median of five cold starts of a command."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603
        times.append(time.monotonic() - began)
    return statistics.median(times)


def cold_starts(address: dict[str, str]) -> None:
    """What a person waits for, beside Python's own start."""
    python = wall_seconds(sys.executable, "-c", "pass")
    shown = wall_seconds(*LAUNCH, "--help")
    played = wall_seconds(*LAUNCH, "run", "quick_search", environment={"PATH": "/usr/bin:/bin", **address})
    print(f"cold start: bare python {python:.2f} s, --help {shown:.2f} s (to be below 0.3)")
    print(f"cold start: run quick_search {played:.2f} s (to be below 1.5)")


@contextmanager
def server() -> Iterator[dict[str, str]]:
    """The sandbox in a process of its own, and how it is reached."""
    command = [*LAUNCH, "sandbox", "--port", "0", "--quota", "100000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = dict(re.fullmatch(r"export (\w+)=(\S+)\n", line).groups() for line in lines)  # type: ignore[union-attr]
        try:
            yield address
        finally:
            process.terminate()


def main() -> None:
    """On both loops."""
    from uvloop import new_event_loop

    with server() as address:
        for loop_factory in (asyncio.new_event_loop, new_event_loop):
            print(f"-- {loop_factory.__module__}")
            with asyncio.Runner(loop_factory=loop_factory) as runner:
                runner.run(measure(address))
        cold_starts(address)


if __name__ == "__main__":
    main()
