"""What can befall a journal's file, disk or server while a service writes to it, from outside and for real."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from support.onlooker import file_of
from support.postgres import Cluster

_PIECES = (64 * 1024, 4096, 512, 1)


def tiny_disk(folder: Path, kilobytes: int) -> tuple[str, ...]:
    """The wrapper of a command that sees this folder on a disk of its own, as root or as an ordinary user.

    From outside, the disk is below `seen_by`.
    """
    unshare = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "$0" && exec "$@"'
    return (*unshare, "sh", "-c", mount, str(folder))


def disks_can_be_made() -> bool:
    """Whether this machine lets its user mount a disk: containers often don't."""
    probe = (*tiny_disk(Path("/mnt"), 64), "true")
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0  # noqa: S603 - nothing foreign


def seen_by(pid: int, path: Path) -> Path:
    """A path as that process sees it."""
    return Path(f"/proc/{pid}/root{path}")


def kept_in_copy(disk: Path, folder: Path) -> dict[str, str | None]:
    """The verdicts in a copy of a journal that is in use: SQLite can't look into a disk that only others see.

    Nothing, where the copy was made in the middle of a write.
    """
    for name in ("journal.db", "journal.db-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(disk / name, folder / f"copy-of-{name}")
    try:
        with closing(sqlite3.connect(folder / "copy-of-journal.db")) as file:
            return dict(file.execute("SELECT run_id, outcome FROM runs").fetchall())
    except sqlite3.DatabaseError:
        return {}


def obeying_modes() -> tuple[str, ...]:
    """The wrapper of a command that may do what files' modes let their owner do: root may do anything, else."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left on this folder's disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for piece in _PIECES:
            try:
                while True:
                    file.write(bytes(piece))
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def no_file_larger(pid: int, size: int) -> Iterator[None]:
    """That process can make no file larger than this."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made, changed or removed in this folder by whoever obeys modes."""
    paths = (*folder.iterdir(), folder)
    before = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, before, strict=True):
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in reversed(list(zip(paths, before, strict=True))):
            path.chmod(mode)


@contextmanager
def stopped(cluster: Cluster, by: signal.Signals) -> Iterator[None]:
    """No server meanwhile, and soon again one afterwards: to wait for it would keep the test's own servers waiting."""
    cluster.stop(by)
    try:
        yield
    finally:
        cluster.launch()


def truncate(path: Path) -> None:
    """Half of it is gone."""
    os.truncate(path, path.stat().st_size // 2)


def scribble(path: Path) -> None:
    """Other bytes everywhere, as many as there were."""
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        file.write(os.urandom(size))


def remove(path: Path) -> None:
    """Gone with what belongs to it."""
    for each in path.parent.glob(f"{path.name}*"):
        if not each.name.endswith("lock"):
            each.unlink()


def swap(path: Path) -> None:
    """Another file stands there, which is no database at all."""
    other = path.with_name("other")
    other.write_bytes(b"this is a diary\n" * 4096)
    other.replace(path)


def make_newer(url: str) -> str:
    """As a later release would have left it; gives the version that it had."""
    with closing(sqlite3.connect(file_of(url))) as file, file:
        (before,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    set_version(url, "9999_of_tomorrow")
    return str(before)


def set_version(url: str, version: str) -> None:
    """Says which release's tables these are."""
    with closing(sqlite3.connect(file_of(url))) as file, file:
        file.execute("UPDATE alembic_version SET version_num = ?", (version,))
