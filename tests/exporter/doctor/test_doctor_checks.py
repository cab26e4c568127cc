"""What doctor finds on this machine: in what is installed, in files, at the port, in the clock."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Iterable
from importlib.metadata import requires
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.facts import a_run

from exporter.doctor import install, machine, places
from exporter.doctor.findings import Finding, Level, Whose, exit_code, fail, ok, warn
from probes.journal.journal import Journal
from probes.listening import Listener
from probes.redaction import Secret
from probes.settings import Service

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL
KEY = "sk_test_51H8xQz"


def only(findings: Iterable[Finding]) -> Finding:
    (found,) = findings
    return found


def as_nobody(work: Callable[[], str]) -> str:
    """What `work` gives a user who owns nothing: the superuser is refused nowhere."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setuid(65_534)
            os.write(writer, work().encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        return told.read()


def test_every_library_that_is_asked_for_is_told_with_its_version() -> None:
    ours, libraries = install.versions()
    asked = [needed for needed in requires("brekwatch") or [] if "extra" not in needed]

    assert ours.told.startswith("0.")
    assert "Python 3." in ours.told
    assert libraries.level is OK
    assert libraries.told.count(", ") == len(asked) - 1


def test_the_shipped_scenarios_are_read() -> None:
    assert only(install.shipped()).level is OK


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 6, 23), OK),
        ((3, 7, 0), WARN),
        ((3, 40, 1), WARN),
        ((3, 51, 2), WARN),
        ((3, 51, 3), OK),
        ((3, 53, 0), OK),
    ],
)
def test_a_sqlite_with_the_wal_reset_bug_is_named(version: tuple[int, ...], level: Level) -> None:
    found = only(install.sqlite(version))

    assert found.level is level
    assert ".".join(map(str, version)) in found.told


@pytest.mark.parametrize(("limit", "level"), [(499, WARN), (500, OK), (-1, OK)], ids=["few", "enough", "any"])
def test_too_few_open_files_for_the_runs_at_once_are_a_warning(limit: int, level: Level) -> None:
    assert only(machine.open_files(200, lambda: limit)).level is level


def test_the_limit_of_open_files_is_this_process_s() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        found = only(machine.open_files(200))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert found.level is WARN
    assert found.told.startswith("200 may be open")


def test_a_proxy_is_named_and_its_address_is_not() -> None:
    found = only(machine.proxies({"HTTPS_PROXY": f"http://me:{KEY}@proxy.example", "no_proxy": "x", "http_proxy": ""}))

    assert found.level is WARN
    assert found.told == "HTTPS_PROXY is set, and brekwatch ignores it"
    assert list(machine.proxies({"NO_PROXY": "localhost"})) == []


NOON = 4_000_000_000.0  # later than any install


def clock_of(*wall: float) -> Finding:
    """What is found where the wall clock says this before and after half a second."""
    readings, ticks = iter([wall[0], *[wall[-1]] * 9]), iter([0.0, *[0.5] * 9])
    return only(machine.clock(wall=lambda: next(readings), monotonic=lambda: next(ticks), sleep=lambda _seconds: None))


def test_a_clock_that_runs_evenly_is_fine() -> None:
    assert clock_of(NOON, NOON + 0.5).level is OK


@pytest.mark.parametrize(("jump", "told"), [(3600.0, "+3600.0 s"), (-2.0, "-2.0 s")])
def test_a_clock_that_jumps_is_a_warning(jump: float, told: str) -> None:
    found = clock_of(NOON, NOON + 0.5 + jump)

    assert found.level is WARN
    assert f"jumped by {told}" in found.told


def test_a_clock_from_before_the_install_is_wrong() -> None:
    found = clock_of(60.0, 60.5)

    assert found.level is FAIL
    assert "1970-01-01" in found.told


def test_a_configuration_with_a_key_that_others_may_read_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.write_text(f"api_key: {KEY}")
    path.chmod(0o640)
    found = only(places.config_file(path, [Secret(KEY)]))

    assert (found.level, found.whose) == (FAIL, Whose.OURS)
    assert "chmod 600" in (found.advice or "")
    assert KEY not in f"{found}"


@pytest.mark.parametrize(
    ("text", "mode"),
    [(f"api_key: {KEY}", 0o600), ("api_key: ${BREK_PARTNER_API_KEY}", 0o644)],
    ids=["closed", "without-a-key"],
)
def test_a_configuration_that_gives_nothing_away_is_fine(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.write_text(text)
    path.chmod(mode)

    assert list(places.config_file(path, [Secret(KEY), Secret("")])) == []


def test_a_configuration_that_others_may_write_to_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.yaml"
    path.write_text("")
    path.chmod(0o622)

    assert only(places.config_file(path, [])).level is WARN


def journal_of(path: Path) -> Finding:
    found, disk = places.journal(f"sqlite:///{path}")
    assert disk.about == "disk"
    return found


def test_a_journal_that_can_be_made_or_written_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "brekwatch.db"
    before = journal_of(path)
    path.parent.mkdir(parents=True)
    path.touch()
    after = journal_of(path)

    assert (before.level, before.told) == (OK, f"{path} can be made")
    assert (after.level, after.told) == (OK, f"{path} can be written")


def test_a_journal_that_is_a_folder_or_under_a_file_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert journal_of(tmp_path).level is FAIL
    assert f"{tmp_path / 'file'} is no folder" in journal_of(tmp_path / "file" / "brekwatch.db").told


@pytest.mark.parametrize("closed", ["folder", "file"])
def test_a_journal_that_this_user_may_not_write_is_a_failure(closed: str) -> None:
    with TemporaryDirectory() as folder:  # pytest's own folders are closed to others altogether
        place = Path(folder) / "folder"
        place.mkdir()
        path = place / "brekwatch.db"
        path.touch()
        path.chmod(0o444 if closed == "file" else 0o666)
        place.chmod(0o555 if closed == "folder" else 0o777)
        Path(folder).chmod(0o755)
        told = as_nobody(lambda: f"{journal_of(path).level} {journal_of(path).told}")

    assert told == f"fail {path} can't be written: {path if closed == 'file' else place} is closed to this user"


def test_a_journal_in_a_database_server_that_does_not_answer_is_a_failure_and_its_password_is_not_told() -> None:
    found = only(places.journal(f"postgresql://me:{KEY}@127.0.0.1:1/x"))

    assert found.level is FAIL
    assert "can't be reached" in found.told
    assert KEY not in found.told


async def test_a_journal_with_runs_can_be_read_and_one_without_is_fine(journal_url: str) -> None:
    before = next(iter(places.journal(journal_url)))
    journal = Journal(journal_url, command="test", scrub=str, listener=Listener())
    await journal.start()
    journal.run_finished(a_run())
    await journal.aclose()
    after = next(iter(places.journal(journal_url)))

    assert before.level is OK
    assert (after.level, after.told) == (OK, "it can be read, and runs were kept")


def test_a_journal_that_is_no_database_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "brekwatch.db"
    path.write_text("a letter to a friend, and certainly no database of any kind\n" * 100)

    assert journal_of(path).level is FAIL


def test_a_full_disk_is_a_failure() -> None:
    (_, disk) = places.journal("sqlite:////proc/brekwatch.db")  # a file system that has no room at all

    assert disk.level is FAIL


def test_a_free_port_is_fine_and_free_afterwards() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = [only(places.port(Service(journal="", listen_port=port))) for _ in range(2)]

    assert [each.level for each in found] == [OK, OK]


def test_a_port_in_use_is_a_warning_for_it_may_be_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = only(places.port(Service(journal="", listen_port=listener.getsockname()[1])))

    assert found.level is WARN
    assert "running brekwatch" in (found.advice or "")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])  # noqa: S104 - it is refused
def test_where_the_service_may_not_or_cannot_listen_is_a_failure(host: str) -> None:
    found = only(places.port(Service(journal="", listen_host=host, listen_port=0)))

    assert found.level is FAIL


def test_what_must_be_put_right_here_goes_before_what_must_be_elsewhere() -> None:
    ours, theirs, nobody = fail("a", "b"), fail("a", "b", whose=Whose.TARGET), fail("a", "b", whose=Whose.NOBODY_KNOWS)

    assert exit_code([]) == exit_code([ok("a", "b"), warn("a", "b", "c")]) == 0
    assert exit_code([nobody]) == 3
    assert exit_code([nobody, theirs]) == 1
    assert exit_code([theirs, ours, nobody]) == 2
