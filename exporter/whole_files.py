"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from probes.errors import JournalError, UsageError


class UnwrittenError(JournalError):
    """A file could not be written: the sentence says which, and why."""


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write the file beside its place first, then put it there; `private` is for its owner's eyes alone.

    Raises UsageError for what is no place for a file, UnwrittenError where the disk refuses.
    """
    if path.is_dir() or not path.name:
        raise UsageError(f"{path} is a folder: name a file in it")
    try:
        _write_beside(path, content, 0o600 if private else 0o666 & ~_umask())
    except FileNotFoundError:
        raise UsageError(f"{path.parent} is no folder: make it first") from None
    except OSError as error:
        raise UnwrittenError(f"{path} can't be written: {error.strerror}") from None


def _write_beside(path: Path, content: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _umask() -> int:
    known = os.umask(0o077)
    os.umask(known)
    return known
