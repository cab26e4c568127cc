"""A journal that is locked, full, read-only, broken or away: probing goes on, the fault is ours, it mends itself."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import pytest
from support import troubles
from support.lives import PLENTY, Serving
from support.onlooker import Onlooker, file_of, held
from support.postgres import Cluster

from probes.sandbox.server import SandboxServer

BOOKING, HARMLESS = "golden_path", "quick_search"
_TOLD = "brek_monitor_faults_total"
_LONGER_THAN_ANY_WAIT = 4.0  # promises are waited for 2 s: after that, the journal is known to be down
_HALF_A_MINUTE = 30.0
_TOO_SMALL = 100_000  # bytes: the log of the service is smaller, its journal isn't


@asynccontextmanager
async def _serving(folder: Path, url: str, *wrapper: str) -> AsyncIterator[Serving]:
    """A service that probes several times a second."""
    async with SandboxServer(minute_quota=PLENTY) as sandbox:
        serving = Serving(folder, sandbox, url, books=(BOOKING,), looks=(HARMLESS,))
        await serving.start(*wrapper)
        try:
            await serving.until_started()
            yield serving
        finally:
            await serving.kill()


def _ended(serving: Serving, scenario: str, outcome: str) -> int:
    """How many runs of a scenario have ended so, as far as the log tells."""
    return sum((run["scenario"], run["outcome"]) == (scenario, outcome) for run in serving.events("run_finished"))


async def _more(serving: Serving, scenario: str, outcome: str, by: int = 1) -> None:
    """Waits for more runs that end so."""
    before = _ended(serving, scenario, outcome)
    reached = await serving.until(lambda: _ended(serving, scenario, outcome) >= before + by, _HALF_A_MINUTE + 5)
    assert reached, f"no {scenario} {outcome}:\n{serving.tail()}"


async def _endures(serving: Serving, trouble: AbstractContextManager[None], seconds: float) -> None:
    """Trouble comes and goes: meanwhile the harmless is probed and bookings are skipped, afterwards both are probed."""
    await _more(serving, BOOKING, "passed")
    await _more(serving, HARMLESS, "passed")
    with trouble:
        began = len(serving.events())
        await _more(serving, BOOKING, "skipped", by=2)
        await _more(serving, HARMLESS, "passed", by=2)
        await serving.rest(seconds)
    await _more(serving, BOOKING, "passed", by=2)
    faults = [event for event in serving.events("monitor_fault") if event["kind"] == "journal"]

    assert began
    assert faults, serving.tail()
    assert await serving.metric(f'{_TOLD}{{kind="journal"}}') >= 1


def _skip_reasons(serving: Serving) -> set[str]:
    return {run["reason"] for run in serving.events("run_finished") if run["outcome"] == "skipped"}


def _harmless_outcomes(serving: Serving) -> set[str]:
    return {run["outcome"] for run in serving.events("run_finished") if run["scenario"] == HARMLESS}


def _failed(serving: Serving) -> list[tuple[str, str, str]]:
    failed = (run for run in serving.events("run_finished") if run["outcome"] == "failed")
    return [(run["scenario"], run["reason"], run["detail"]) for run in failed]


def _told_and_not_kept(serving: Serving, *urls: str) -> dict[str, tuple[str, str | None]]:
    """Runs whose verdict in these journals isn't the one that was told."""
    kept: dict[str, str | None] = {}
    for url in urls:
        with Onlooker(url) as look:
            kept |= dict(look.rows("SELECT run_id, outcome FROM runs"))
    told = {run["run_id"]: run["outcome"] for run in serving.events("run_finished")}
    return {run_id: (outcome, kept.get(run_id)) for run_id, outcome in told.items() if kept.get(run_id) != outcome}


async def _complaints(serving: Serving, *urls: str) -> list[object]:
    """Asked to end, it ends; the API was blamed for nothing, and every verdict is kept: else what is wrong."""
    exit_code = await serving.stop()
    wrong: dict[str, object] = {
        "exit code": exit_code,
        "failed": _failed(serving),
        "harmless": _harmless_outcomes(serving) - {"passed"},
        "skipped": _skip_reasons(serving) ^ {"journal"},
        "not kept": _told_and_not_kept(serving, *urls),
    }
    return [(what, found, serving.tail()) for what, found in wrong.items() if found]


async def test_a_journal_that_another_process_has_locked_costs_no_verdict(journal_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, journal_url) as serving:
        await _endures(serving, held(journal_url), _LONGER_THAN_ANY_WAIT)
        assert await _complaints(serving, journal_url) == []


@pytest.mark.crash
async def test_a_journal_that_is_locked_for_half_a_minute_costs_no_verdict(journal_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, journal_url) as serving:
        await _endures(serving, held(journal_url), _HALF_A_MINUTE)
        assert await _complaints(serving, journal_url) == []


async def test_a_disk_that_is_full_and_freed_costs_no_verdict(tmp_path: Path) -> None:
    """Where no disk can be mounted, as in most containers, the limit of the next test has to do."""
    folder = tmp_path / "disk"
    folder.mkdir()
    wrapper = troubles.tiny_disk(folder, 2048) if troubles.disks_can_be_made() else ()
    async with _serving(tmp_path, f"sqlite:///{folder / 'journal.db'}", *wrapper) as serving:
        disk = troubles.seen_by(serving.pid, folder) if wrapper else folder
        trouble = troubles.full(disk) if wrapper else troubles.no_file_larger(serving.pid, _TOO_SMALL)
        await _endures(serving, trouble, 0.0)
        told = {run["run_id"]: run["outcome"] for run in serving.events("run_finished")}
        kept = await serving.until(lambda: told.items() <= troubles.kept_in_copy(disk, tmp_path).items())

        assert kept, serving.tail()
        assert (_failed(serving), _harmless_outcomes(serving)) == ([], {"passed"})


async def test_a_limit_on_the_size_of_files_costs_no_verdict(sqlite_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, sqlite_url) as serving:
        await _endures(serving, troubles.no_file_larger(serving.pid, _TOO_SMALL), 0.0)
        assert await _complaints(serving, sqlite_url) == []


async def test_a_folder_that_can_t_be_written_costs_no_verdict(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    url = f"sqlite:///{folder / 'journal.db'}"
    with troubles.read_only(folder):
        async with _serving(tmp_path, url, *troubles.obeying_modes()) as serving:
            await _more(serving, BOOKING, "skipped", by=2)
            await _more(serving, HARMLESS, "passed", by=2)
            folder.chmod(0o700)
            await _more(serving, BOOKING, "passed", by=2)
            assert await _complaints(serving, url) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_a_database_that_is_away_for_a_while_costs_no_verdict(
    postgres: Cluster, postgresql_url: str, tmp_path: Path, how: signal.Signals
) -> None:
    async with _serving(tmp_path, postgresql_url) as serving:
        await _endures(serving, troubles.stopped(postgres, how), 0.0)
        assert await _complaints(serving, postgresql_url) == []


@pytest.mark.parametrize("harm", [troubles.truncate, troubles.swap, troubles.scribble])
async def test_a_file_that_is_broken_is_set_aside_and_a_fresh_one_takes_what_follows(
    sqlite_url: str, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """Other bytes in the same place are only found when they are read: until then, they are what was committed."""
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, BOOKING, "passed")
        await serving.until_kept(sqlite_url)
        before = {run["run_id"] for run in serving.events("run_finished")}
        harm(file_of(sqlite_url))
        assert await serving.until(lambda: bool(_set_aside(sqlite_url)), _HALF_A_MINUTE), serving.tail()
        if harm is troubles.scribble:
            before = {run["run_id"] for run in serving.events("run_finished")}
        await _more(serving, BOOKING, "passed", by=2)
        await _more(serving, HARMLESS, "passed", by=2)
        assert await serving.metric(f'{_TOLD}{{kind="journal"}}') >= 1
        await serving.stop()

    assert (_failed(serving), _harmless_outcomes(serving)) == ([], {"passed"})
    assert set(_told_and_not_kept(serving, sqlite_url)) <= before


async def test_a_file_that_is_removed_is_made_anew(sqlite_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, BOOKING, "passed")
        await serving.until_kept(sqlite_url)
        before = {run["run_id"] for run in serving.events("run_finished")}
        troubles.remove(file_of(sqlite_url))
        assert await serving.until(file_of(sqlite_url).exists, _HALF_A_MINUTE), serving.tail()
        await _more(serving, BOOKING, "passed", by=2)
        assert await serving.metric(f'{_TOLD}{{kind="journal"}}') >= 1
        await serving.stop()

    assert (_failed(serving), _harmless_outcomes(serving)) == ([], {"passed"})
    assert set(_told_and_not_kept(serving, sqlite_url)) <= before


async def test_a_journal_of_a_later_release_is_left_alone(sqlite_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, HARMLESS, "passed")
        await serving.stop()
    troubles.make_newer(sqlite_url)
    content = file_of(sqlite_url).read_bytes()
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, BOOKING, "skipped", by=2)
        await _more(serving, HARMLESS, "passed", by=2)
        exit_code = await serving.stop()

    assert exit_code == 0
    assert _skip_reasons(serving) == {"journal"}
    assert file_of(sqlite_url).read_bytes() == content


@pytest.mark.crash
async def test_a_journal_that_was_of_a_later_release_is_used_once_it_is_not(sqlite_url: str, tmp_path: Path) -> None:
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, HARMLESS, "passed")
        await serving.stop()
    version = troubles.make_newer(sqlite_url)
    async with _serving(tmp_path, sqlite_url) as serving:
        await _more(serving, BOOKING, "skipped", by=2)
        troubles.set_version(sqlite_url, version)
        await _more(serving, BOOKING, "passed", by=2)
        assert await _complaints(serving, sqlite_url) == []


def _set_aside(url: str) -> list[Path]:
    return list(file_of(url).parent.glob("journal.db.corrupt-*"))
