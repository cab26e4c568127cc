"""One readiness check at a time with one key: two would eat each other's quota, and judge what the other caused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from probes.errors import BrekwatchError
from probes.journal.locks import FileLock
from probes.model import Target
from probes.quota import key_of
from probes.redaction import printable

_COST, _BLOCK, _LANES = 2**14, 8, 1  # tens of milliseconds: a key that is short must not be guessed from a file's name
_NAME_BYTES = 8
_MOST_READ = 1000


class KeyInUseError(BrekwatchError):
    """Another process checks with this key; the text says which, and since when."""


class UnlockedError(BrekwatchError):
    """No lock can be kept here; the text says why."""


def lock_path(folder: Path, target: Target) -> Path:
    """The lock of a key at a deployment, by a name that doesn't tell the key."""
    origin, path, key = key_of(target)
    mark = hashlib.scrypt(
        key.reveal().encode(), salt=f"{origin}{path}".encode(), n=_COST, r=_BLOCK, p=_LANES, dklen=_NAME_BYTES
    )
    return folder / f"ready-{mark.hex()}.lock"


@contextmanager
def alone_with_key(folder: Path, target: Target, *, now: datetime) -> Iterator[None]:
    """Inside, no other process of this user checks with this key.

    Raises KeyInUseError if one does, UnlockedError if the folder takes no lock; both before anything else happens.
    """
    path = lock_path(folder, target)
    lock = FileLock(path)
    _take(lock, path, folder)
    try:
        path.write_text(json.dumps({"pid": os.getpid(), "since": now.isoformat(timespec="seconds")}), encoding="utf-8")
        yield
    finally:
        lock.release(remove=True)


def _take(lock: FileLock, path: Path, folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = lock.take()
    except OSError as problem:
        raise UnlockedError(f"{folder} takes no lock ({problem.strerror})") from None
    if not taken:
        raise KeyInUseError(
            f"another readiness check is under way with this key: {_holder(path)}. Wait for its end; two at once would "
            "take each other's quota"
        )


def _holder(path: Path) -> str:
    try:
        told = json.loads(path.read_bytes()[:_MOST_READ])
        return printable(f"process {int(told['pid'])}, since {told['since']!s}", 100)
    except (OSError, ValueError, TypeError, KeyError):
        return "which process isn't known yet"
