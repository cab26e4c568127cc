"""`brekwatch resume`, as people and scripts use it; and a stop that outlives kill -9 and ends while a service runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import brekwatch, variables_of
from support.keeping import keeping, rows
from support.lives import PLENTY, Serving
from support.onlooker import held
from support.stopping import BOOKED, a_run_that_booked

from probes.sandbox.server import SandboxServer
from probes.unasked import STOPPED


async def stop(url: str, target: str = "default") -> None:
    async with keeping(url) as journal:
        journal.run_finished(a_run_that_booked(target=target))


async def test_a_stop_outlives_kill_9_and_is_resumed_while_the_service_runs(tmp_path: Path, sqlite_url: str) -> None:
    async with SandboxServer(minute_quota=PLENTY) as sandbox:
        serving = Serving(
            tmp_path,
            sandbox,
            sqlite_url,
            books=["golden_path", "quick_search"],
            looks=["golden_path_to_payment"],
        )
        sandbox.set_faults(["early_booked@search"])
        await serving.start()
        known = await serving.until(lambda: bool(rows_of(sqlite_url)))
        await serving.kill()
        sandbox.set_faults([])
        await serving.start()
        await serving.until_started()
        stopped = await serving.until(lambda: skipped(serving, "golden_path"))
        booked = len(sandbox.bookings)
        await serving.rest(1.0)
        booked_since = len(sandbox.bookings) - booked
        config = str(tmp_path / "brekwatch.yaml")
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": sqlite_url}
        ended = await brekwatch("resume", "looks_a", "-c", config, "--yes", environment=environment)
        resumed = await serving.until(lambda: bool(serving.events("bookings_resumed")), 10.0)
        again = await serving.until(lambda: len(sandbox.bookings) > booked)
        exit_code = await serving.stop()

    assert (ended.exit_code, ended.err) == (0, "")
    assert (known, stopped, resumed, again) == (True, True, True, True)
    assert booked_since == 0
    assert (ended.exit_code, ended.err) == (0, "")
    assert "booked unasked" in ended.out
    assert exit_code == 0


def rows_of(url: str) -> list[object]:
    try:
        return list(rows(url, "SELECT key FROM states WHERE kind = 'stop'"))
    except Exception:  # noqa: BLE001 - it is only being made
        return []


def skipped(serving: Serving, scenario: str) -> bool:
    played = [event for event in serving.events("run_finished") if event["scenario"] == scenario]
    return bool(played) and played[-1]["reason"] == "safety"


async def test_run_stops_and_obeys_by_the_journal_that_it_shares(sqlite_url: str) -> None:
    async with SandboxServer(faults=["early_booked@search"]) as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": sqlite_url}
        first = await brekwatch("run", "quick_search", environment=environment)
        sandbox.set_faults([])
        second = await brekwatch("run", "golden_path", environment=environment)
        kept = str(rows(sqlite_url, "SELECT value FROM states WHERE kind = 'stop'"))
        resumed = await brekwatch("resume", "default", "--yes", environment=environment)
        third = await brekwatch("run", "golden_path", environment=environment)
        nothing = await brekwatch("resume", "default", environment=environment)

    assert first.exit_code == 1
    assert "brekwatch resume default" in first.out
    assert second.exit_code == 3
    assert "brekwatch resume default" in " ".join(second.out.split())
    assert '"mark": "' in kept
    assert resumed.exit_code == 0
    assert third.exit_code == 0
    assert (nothing.exit_code, nothing.out) == (0, "nothing is stopped on default\n")
    assert sandbox.api_key not in kept + resumed.out + resumed.err


async def test_nothing_is_resumed_unless_somebody_says_so(sqlite_url: str) -> None:
    async with SandboxServer() as sandbox:
        await stop(sqlite_url)
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": sqlite_url}
        ended = await brekwatch("resume", "default", environment=environment)

    assert ended.exit_code == 2
    assert f"brekwatch runs show {BOOKED}" in ended.out
    assert ended.err == "brekwatch: nobody is there to ask: if it is seen to, say brekwatch resume default --yes\n"
    assert [row["kind"] for row in rows(sqlite_url, "SELECT kind FROM states")] == [STOPPED]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        pytest.param(["default", "--yes"], 0, "nothing is stopped on default", id="no journal yet"),
        pytest.param(["elsewhere", "--yes"], 2, "no target 'elsewhere'; there are: default", id="unknown target"),
    ],
)
async def test_where_there_is_nothing_to_resume_a_sentence_says_so(
    sqlite_url: str, arguments: list[str], exit_code: int, said: str
) -> None:
    async with SandboxServer() as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": sqlite_url}
        ended = await brekwatch("resume", *arguments, environment=environment)

    assert ended.exit_code == exit_code
    assert said in ended.out + ended.err


async def test_a_journal_that_can_not_be_written_keeps_it_stopped_and_says_so(sqlite_url: str) -> None:
    await stop(sqlite_url)
    async with SandboxServer() as sandbox:
        environment = {**variables_of(sandbox), "BREKWATCH_JOURNAL": sqlite_url}
        with held(sqlite_url):
            ended = await brekwatch("resume", "default", "--yes", environment=environment)
        again = await brekwatch("resume", "default", environment=environment)

    assert ended.exit_code == 3
    assert "it stays stopped" in ended.err
    assert "booked unasked" in again.out
