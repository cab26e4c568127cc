"""`brekwatch runs`: what the journal holds, as a table, or as the JSON that `run` prints, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from exporter.run_json import kept_as_json
from exporter.terminal import STYLES, Terminal
from exporter.unfinished import UNDER_WAY
from probes.journal.kept import KeptRun, RunFilter, RunSummary
from probes.redaction import printable

if TYPE_CHECKING:
    from probes.journal.reading import Reader

ROWS = 50
_ROWS_AT_ONCE = 500
_HEADINGS = ("started (UTC)", "run", "target", "scenario", "outcome", "took", "what")


def tell(reader: Reader, wanted: RunFilter, view: Terminal, still_read: Callable[[], bool]) -> tuple[int, bool]:
    """The table, newest first: how many runs it has, and whether there are more. Without a limit, the newest 50."""
    limit = ROWS if wanted.limit is None else wanted.limit
    found = reader.runs(replace(wanted, limit=limit + 1))
    rows = islice(found, limit)
    count, widths = 0, [len(heading) for heading in _HEADINGS]
    while still_read() and (some := list(islice(rows, _ROWS_AT_ONCE))):
        cells = [_cells(run) for run in some]
        widths = [max(width, *map(len, column)) for width, column in zip(widths, zip(*cells, strict=True), strict=True)]
        if count == 0:
            view.say((_padded(_HEADINGS, widths).rstrip(), "dim"))
        for run, row in zip(some, cells, strict=True):
            view.say(*_row(run, row, widths))
        count += len(some)
    return count, next(found, None) is not None


def write_json(runs: Iterable[KeptRun], file: BinaryIO, still_read: Callable[[], bool]) -> None:
    """The published document, one run a line, written as it is read; no further than somebody reads it."""
    file.write(b'{"runs": [')
    for number, kept in enumerate(runs):
        file.write((b",\n" if number else b"\n") + run_line(kept))
        if not still_read():
            return
    file.write(b"\n]}\n")


def write_lines(runs: Iterable[KeptRun], file: BinaryIO, still_read: Callable[[], bool]) -> None:
    """JSON Lines, each an element of that document; no further than somebody reads them."""
    for kept in runs:
        file.write(run_line(kept) + b"\n")
        if not still_read():
            return


def run_line(kept: KeptRun) -> bytes:
    """A run as an element of that document, on one line. What the journal gives back is redacted already."""
    import orjson

    return orjson.dumps(kept_as_json(kept))


def _cells(run: RunSummary) -> tuple[str, ...]:
    return (
        f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        run.run_id,
        run.target,
        run.scenario,
        run.outcome or UNDER_WAY,
        "" if run.duration_seconds is None else f"{run.duration_seconds:.2f} s",
        _what(run),
    )


def _what(run: RunSummary) -> str:
    """`confirm: server_error`, or why it was skipped or can't be told; `recheck` beside it."""
    kind = run.failure_kind or run.reason
    told = f"{run.failed_step}: {kind}" if run.failed_step else kind or ""
    return printable(", ".join(filter(None, (told, "recheck" if run.recheck else ""))))


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))


def _row(run: RunSummary, cells: Sequence[str], widths: Sequence[int]) -> Iterator[str | tuple[str, str]]:
    place = _HEADINGS.index("outcome")
    yield _padded(cells[:place], widths[:place])
    yield (f"{cells[place]:<{widths[place]}}  ", "dim" if run.outcome is None else STYLES.get(run.outcome, ""))
    yield _padded(cells[place + 1 :], widths[place + 1 :]).rstrip()
