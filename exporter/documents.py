"""The documents of a check or an audit: their places are looked at before anything is sent, and written whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from exporter.whole_files import UnwrittenError, is_stream, write_whole
from probes.errors import UsageError

STDOUT = Path("-")

Named = Iterable[tuple[str, Path]]
"""Each option that was given, with its path; `-` is stdout."""


def refuse_bad_places(named: Named) -> None:
    """Raises UsageError where a document could not be written."""
    taken: dict[Path, str] = {}
    for option, path in named:
        if path in taken:
            raise UsageError(f"{taken[path]} and {option} name the same place, {path}: give each document its own")
        taken[path] = option
        try:
            problem = None if path == STDOUT else _problem(path)
        except OSError as error:
            problem = f"it can't be written: {error.strerror}"
        if problem is not None:
            raise UsageError(f"{option} {path}: {problem}")


def _problem(path: Path) -> str | None:
    if path.is_dir() or not path.name:
        return "it is a folder: name a file in it"
    if is_stream(path):
        return None if os.access(path, os.W_OK) else "it can't be written: check its owner and its permissions"
    if not path.parent.is_dir():
        return f"{path.parent} is no folder: make it first"
    if not os.access(path.parent, os.W_OK):
        return f"{path.parent} can't be written: check its owner and its permissions"
    return None


def write(named: Named, made: Callable[[str], bytes]) -> Iterator[str]:
    """Writes what is made for each option; a sentence for each that could not be written."""
    for option, path in named:
        try:
            _put(path, made(option))
        except (UnwrittenError, UsageError) as problem:
            yield str(problem)
        except OSError as problem:
            yield f"stdout can't be written: {problem.strerror}"


def _put(path: Path, content: bytes) -> None:
    if path != STDOUT:
        write_whole(path, content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.flush()
