"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePath

from probes.errors import JournalError, UsageError

_OPEN_ALREADY = PurePath("/dev/fd"), PurePath("/dev/stdout"), PurePath("/dev/stderr"), PurePath("/proc")


class UnwrittenError(JournalError):
    """A file could not be written: the sentence says which, and why."""


def is_stream(path: Path) -> bool:
    """Whether it is a device, a pipe or an open descriptor: written into, and never put aside for a file of ours."""
    if any(path.absolute().is_relative_to(folder) for folder in _OPEN_ALREADY):
        return path.exists() and not path.is_dir()
    return path.exists() and not path.is_file() and not path.is_dir()


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write the file beside its place first, then put it there; `private` is for its owner's eyes alone.

    A stream, such as /dev/stdout or a pipe, is written into.
    Raises UsageError for what is no place for a file, UnwrittenError where the disk refuses.
    """
    if path.is_dir() or not path.name:
        raise UsageError(f"{path} is a folder: name a file in it")
    try:
        if is_stream(path):
            _write_into(path, content)
        else:
            _write_beside(path, content, 0o600 if private else 0o666 & ~_umask())
    except FileNotFoundError:
        raise UsageError(f"{path.parent} is no folder: make it first") from None
    except OSError as error:
        raise UnwrittenError(f"{path} can't be written: {error.strerror}") from None


def _write_into(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # else a pipe that nobody reads is waited for without end
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


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
