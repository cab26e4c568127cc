"""The documents of a readiness check: their places are looked at before anything is sent, and written whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from exporter.ready_request import STDOUT, Places
from exporter.whole_files import UnwrittenError, write_whole
from probes.errors import UsageError
from probes.readiness.model import ReadyReport

Scrub = Callable[[str], str]


def refuse_bad_places(places: Places) -> None:
    """Raises UsageError where a document could not be written."""
    taken: dict[Path, str] = {}
    for option, path in places.named():
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
    if not path.parent.is_dir():
        return f"{path.parent} is no folder: make it first"
    if not os.access(path.parent, os.W_OK):
        return f"{path.parent} can't be written: check its owner and its permissions"
    return None


def write(report: ReadyReport, places: Places, scrub: Scrub) -> Iterator[str]:
    """Writes each; a sentence for each that could not be written."""
    for option, path in places.named():
        try:
            _put(path, _document(option, report, scrub))
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


def _document(option: str, report: ReadyReport, scrub: Scrub) -> bytes:
    if option == "--json":
        from exporter.ready_json import ready_as_json

        return orjson.dumps(ready_as_json(report, scrub), option=orjson.OPT_INDENT_2) + b"\n"
    if option == "--junit":
        from exporter.ready_junit import ready_as_junit

        return ready_as_junit(report, scrub)
    from alerts.readiness.ready_page import ready_page

    return ready_page(report, scrub).encode()
