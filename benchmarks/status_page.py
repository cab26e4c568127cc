"""The status page of 500 targets with 12 scenarios each, beside an empty one; and what a restart asks the journal.

    make benchmark

The page is measured in the thread that makes it, with how late the event loop wakes meanwhile. The journal is asked the
same of one day of history and of thirty with the same day at their end: what grows with history shows.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from exporter.recorder import Recorder
from exporter.recorder.strips import CELL_SECONDS
from exporter.web.pages.page import Frame, Page
from exporter.web.pages.status_view import MOST_FAILURES, Question, sentence_of, view_of
from exporter.web.renderings import Renderings
from probes.journal.kept import TallyFilter, VerdictFilter
from probes.journal.migrating import HEAD, VERSION_TABLE
from probes.journal.moments import microseconds_of
from probes.journal.opening import make_file, place_of, writing_engine
from probes.journal.reading import Reader
from probes.journal.tables import metadata
from probes.model import Probe, Run, StepResult, Target
from probes.redaction import Secret
from probes.words import Environment, Outcome

TARGETS, SCENARIOS, CELLS = 500, 12, 48
RUNS_A_DAY = 6_600
DAYS = 30
ROUNDS = 9
NOW = datetime.now(UTC)


def names() -> Iterator[tuple[str, str]]:
    """All probes, by target and scenario."""
    for target in range(TARGETS):
        for scenario in range(SCENARIOS):
            yield f"target{target:03}", f"scenario{scenario:02}"


def seen() -> Recorder:
    """A recorder that has seen a day of all of them, one run of a hundred failed."""
    at = NOW

    def clock() -> float:
        return at.timestamp()

    recorder = Recorder(now=clock, monotonic=clock)
    targets = [
        Target(
            name=name,
            base_url="http://127.0.0.1:1",
            environment=Environment.SANDBOX,
            api_key=Secret("a-key-of-a-bench"),
        )
        for name in sorted({target for target, _ in names()})
    ]
    recorder.expect(targets, [Probe(scenario=b, target=a, every_seconds=CELL_SECONDS) for a, b in names()], {}, "eu-1")
    for cell in range(CELLS):
        at = NOW - timedelta(seconds=CELL_SECONDS) * (CELLS - 1 - cell)
        for number, (target, scenario) in enumerate(names()):
            failed = (number * CELLS + cell) % 101 == 0
            run = Run(
                run_id=f"{number}-{cell}",
                target=target,
                scenario=scenario,
                outcome=Outcome.FAILED if failed else Outcome.PASSED,
                started_at=at,
                duration_seconds=1.0,
                location="eu-1",
                steps=(StepResult(name="search", outcome=Outcome.PASSED),),
            )
            recorder.board.saw(run, counted=True)
    return recorder


def rendering(recorder: Recorder) -> Callable[[], str]:
    """What makes the page of it."""
    page = Page("status.html", Frame(version="0"), here="/", refresh_seconds=10)

    def render() -> str:
        view = view_of(recorder.board, Question(), problem=None)
        told = {"view": view, "sentence": sentence_of(view.overall), "most_failures": MOST_FAILURES}
        return page.render(**told, scrub=str, kept=True, places=set())

    return render


def median_seconds(act: Callable[[], object]) -> float:
    """The median of some rounds, after one that warms up."""
    act()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def lag_seconds(render: Callable[[], str]) -> tuple[float, float]:
    """How late the event loop wakes at worst: left alone, and while pages are made without a pause."""
    renderings: Renderings[int, str] = Renderings(lambda _: render())

    async def worst(seconds: float) -> float:
        late, until = 0.0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - due)
        return late

    async def readers() -> None:
        while True:
            await asyncio.gather(*(renderings.get(page) for page in (1, 1, 2)))

    alone = await worst(2.0)
    reading = asyncio.create_task(readers())
    busy = await worst(2.0)
    reading.cancel()
    await asyncio.wait([reading])
    return alone, busy


def seed(path: Path, days: int) -> str:
    """A journal of so many days, as many runs in each, the newest now."""
    url = f"sqlite:///{path}"
    make_file(path)
    engine = writing_engine(place_of(url))
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES ('{HEAD}')")  # noqa: S608 - a name of ours
    engine.dispose()
    probes, newest, apart = list(names()), microseconds_of(NOW), 86_400_000_000 // RUNS_A_DAY
    columns = (
        "run_id, instance_id, target, scenario, leaves, location, "
        "recheck, started_at, finished_at, outcome, stored_bytes"
    )
    rows = (
        (
            f"{n:026}",
            "seed",
            *probes[n % len(probes)],
            "session",
            "eu-1",
            0,
            at,
            at,
            "passed" if n % 97 else "failed",
            0,
        )
        for n in range(days * RUNS_A_DAY)
        for at in (newest - n * apart,)
    )
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO instances VALUES ('seed', 'serve', 'h', 1, 0, NULL, 0)")
        connection.executemany(f"INSERT INTO runs ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)  # noqa: S608 - ours
    return url


def main() -> None:
    """Measure, and print."""
    render, empty = rendering(seen()), rendering(Recorder())
    gc.collect()
    gc.freeze()  # as `serve` does
    page, bare = median_seconds(render), median_seconds(empty)
    alone, busy = asyncio.run(lag_seconds(render))
    print(f"status page of {TARGETS} x {SCENARIOS} x 24 h: {page * 1000:.1f} ms, {len(render()):,} characters")
    print(f"empty page: {bare * 1000:.2f} ms; ratio {page / bare:.0f}")
    print(
        f"event loop late at worst: {alone * 1000:.1f} ms alone, {busy * 1000:.1f} ms while pages are made all the time"
    )
    with tempfile.TemporaryDirectory(prefix="brekwatch-status-") as folder:
        for days in (1, DAYS):
            reader = Reader(seed(Path(folder) / f"{days}.db", days))
            wanted = TallyFilter(
                since=NOW - timedelta(days=1), location="eu-1", commands=("serve",), cell_seconds=CELL_SECONDS
            )
            day = median_seconds(partial(reader.tallies, wanted))
            last = median_seconds(partial(reader.last_verdicts, VerdictFilter(location="eu-1", commands=("serve",))))
            took = f"last day {day * 1000:.0f} ms, verdicts {last * 1000:.0f} ms"
            print(f"journal of {days * RUNS_A_DAY:,} runs in {days} d: {took}")
            reader.close()


if __name__ == "__main__":
    main()
