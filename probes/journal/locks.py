"""Who may write now, and which processes are still there: locks that end with their process, whatever ends it.

Of a SQLite journal they are on small files beside it. Its write lock keeps processes from writing or checkpointing at
once, which SQLite 3.7.0 to 3.51.2 don't always survive (the WAL-reset bug).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from probes.errors import JournalInUseError
from probes.journal.opening import BUSY_SECONDS

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.0005, 0.02


class LockedError(Exception):
    """Another process has kept the write lock for longer than a write waits."""


class FileLock:
    """A lock on a file of its own, held by this process until it is released or the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether it is held, and its file still there for others to see."""
        if self._descriptor is None:
            return False
        return os.fstat(self._descriptor).st_nlink > 0

    def take(self, *, create: bool = True) -> bool:
        """Try once; whether it is held now. Raises OSError, FileNotFoundError where it may not make the file."""
        if self.held:
            return True
        self.release()
        descriptor = os.open(self._path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return self.held or self.take(create=create)  # or its file was removed just before

    def release(self, *, remove: bool = False) -> None:
        """Let others have it; or remove its file, if nobody will ask for it again."""
        if self._descriptor is None:
            return
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


class FileLocks:
    """The locks of a SQLite journal."""

    def __init__(self, journal: Path, instance_id: str) -> None:
        self._journal = journal
        self._write = FileLock(_beside(journal, "write-lock"))
        self._service = FileLock(_beside(journal, "serve-lock"))
        self._own = self._of(instance_id)

    def _of(self, instance_id: str) -> FileLock:
        return FileLock(_beside(self._journal, f"instance-{instance_id}"))

    def take_service(self) -> None:
        """Be the only service that writes here. Raises JournalInUseError if there is one."""
        if not self._service.take():
            raise JournalInUseError(
                f"another brekwatch serve writes the journal {self._journal}: stop it, or give this one a journal of "
                "its own (service.journal)"
            )

    @contextmanager
    def writing(self, seconds: float = BUSY_SECONDS) -> Iterator[None]:
        """Alone among processes. Raises LockedError if another one has it for so long."""
        ends_at, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
        while not self._write.take():
            if time.monotonic() > ends_at:
                raise LockedError
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        try:
            yield
        finally:
            self._write.release()

    def keep_instance(self) -> None:
        """Show that this instance is there; its file is made again if somebody removed it."""
        self._own.take()

    def gone(self, instance_ids: set[str]) -> set[str]:
        """Which of these instances have ended without saying so."""
        return {instance_id for instance_id in instance_ids if self._is_gone(instance_id)}

    def _is_gone(self, instance_id: str) -> bool:
        lock = self._of(instance_id)
        try:
            free = lock.take(create=False)
        except FileNotFoundError:
            return True
        lock.release(remove=True)
        return free

    def release(self) -> None:
        """This process is done with the journal."""
        self._own.release(remove=True)
        self._service.release()


def _beside(journal: Path, suffix: str) -> Path:
    return journal.with_name(f"{journal.name}.{suffix}")
