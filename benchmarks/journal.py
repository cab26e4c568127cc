"""A journal of a million exchanges: how fast an id is found, and how long writes wait while it is pruned.

    make benchmark-journal

`find` is measured beside a full scan of the same file, writes with pruning beside writes without, so that the machine
matters little. It needs about 2 GB in the folder for temporary files, and a few minutes.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import or_, select

from benchmarks.journal_seed import EXCHANGES_A_RUN, REPEATED, ids_of, run_id_of, seed
from probes.errors import LedgerUnavailableError
from probes.journal.journal import Journal
from probes.journal.opening import place_of, reading_engine
from probes.journal.reading import Reader
from probes.journal.tables import exchanges
from probes.listening import Listener
from probes.model import MonitorFault, Run, RunStart
from probes.settings import Retention
from probes.words import Leaves, Outcome

EXCHANGES = 1_000_000
RUNS = EXCHANGES // EXCHANGES_A_RUN
ROUNDS = 15
SOUGHT = RUNS // 3
WRITE_SECONDS = 20.0
BETWEEN_WRITES_SECONDS = 0.01
FIND_SECONDS = 0.1


class Faults(Listener):
    """Makes trouble with the journal end the benchmark."""

    def monitor_fault(self, fault: MonitorFault) -> None:
        """A fault is a defect here."""
        raise AssertionError(fault.detail)


def median_seconds(act: Callable[[], object]) -> tuple[float, float]:
    """The median of some rounds, and the slowest."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times), max(times)


def find_once(url: str, text: str) -> int:
    """As a command does: with a connection of its own."""
    reader = Reader(url)
    found = reader.find(text)
    reader.close()
    return len(found.sightings) or len(found.candidates)


def full_scan_seconds(url: str, text: str) -> float:
    """What it takes without the index of ids."""
    named = ("header_request_id", "trace_id", "session_id", "event_id", "idempotency_key")
    query = select(exchanges.c.run_id).where(or_(*(exchanges.c[name] == text for name in named)))
    engine = reading_engine(place_of(url))
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        connection.begin()
        driver.set_progress_handler(None, 0)  # type: ignore[union-attr]
        began = time.perf_counter()
        connection.execute(query).all()
        return time.perf_counter() - began


def measure_finding(url: str) -> None:
    """Each kind of id, whole and by its beginning."""
    known = ids_of(SOUGHT, 3)
    scan = full_scan_seconds(url, known["request_id"])  # type: ignore[index]
    print(f"full scan: {scan * 1000:.0f} ms")
    sought = {
        **{str(kind): value for kind, value in known.items()},
        "run_id": run_id_of(SOUGHT),
        **{f"beginning of a {kind}": value[:-3] for kind, value in known.items()},
        "beginning of a run_id": run_id_of(SOUGHT)[:12],
        "beginning of 900,000 ids": "demo",
        "never seen": "00000000-no-such-id",
        f"told in {RUNS:,} runs": REPEATED,
    }
    for name, text in sought.items():
        median, slowest = median_seconds(lambda text=text: find_once(url, text))  # type: ignore[misc]
        verdict = "" if slowest < FIND_SECONDS else "  TOO SLOW"
        print(
            f"find, {name}: {median * 1000:.1f} ms, at most {slowest * 1000:.1f}; 1/{scan / median:.0f} of it{verdict}"
        )


async def write(journal: Journal, tag: str) -> list[float]:
    """Promises and verdicts at a steady rate; how long each promise took, in seconds."""
    waits = []
    ends_at = time.monotonic() + WRITE_SECONDS
    while time.monotonic() < ends_at:
        now = datetime.now(UTC)
        common = {"run_id": f"{tag}{len(waits)}", "target": "bench", "scenario": "bench", "started_at": now}
        began = time.perf_counter()
        await journal.begin_run(RunStart(**common, leaves=Leaves.NOTHING, location="here"))  # type: ignore[arg-type]
        waits.append(time.perf_counter() - began)
        run = Run(**common, outcome=Outcome.PASSED, duration_seconds=0.1, location="here")  # type: ignore[arg-type]
        journal.run_finished(run)
        await asyncio.sleep(BETWEEN_WRITES_SECONDS)
    return waits


async def measure_pruning(url: str) -> None:
    """The same writes twice: without pruning, and while runs of more than two weeks go."""
    for name, retention in (("without pruning", None), ("with pruning", Retention())):
        before = _count(url)
        journal = Journal(url, command="benchmark", scrub=str, listener=Faults(), retention=retention)
        await journal.start()
        await _until_open(journal)
        waits = sorted(await write(journal, name.replace(" ", "_")))
        await journal.aclose()
        gone = before + len(waits) - _count(url)
        p50, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        told = f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, at most {waits[-1] * 1000:.1f} ms"
        print(f"writes {name}: {told}; {gone:,} runs pruned in {WRITE_SECONDS:.0f} s")


async def _until_open(journal: Journal) -> None:
    """A big file is looked over first."""
    while True:
        try:
            return await journal.keep_state("benchmark", "began", True)
        except LedgerUnavailableError:
            await asyncio.sleep(0.1)


def _count(url: str) -> int:
    engine = reading_engine(place_of(url))
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one())


def main() -> None:
    """Seed, find, write."""
    with tempfile.TemporaryDirectory(prefix="brekwatch-benchmark-") as folder:
        path = Path(folder) / "journal.db"
        began = time.monotonic()
        seed(path, RUNS, datetime.now(UTC))
        size = path.stat().st_size / 1024**3
        print(f"{EXCHANGES:,} exchanges of {RUNS:,} runs, {size:.1f} GiB, seeded in {time.monotonic() - began:.0f} s")
        measure_finding(f"sqlite:///{path}")
        asyncio.run(measure_pruning(f"sqlite:///{path}"))


if __name__ == "__main__":
    main()
