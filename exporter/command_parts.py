"""What the commands share: exit codes, the option that names a configuration, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from exporter import streams

EXIT_USAGE = 2
EXIT_CANNOT_TELL = 3

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        help="Configuration file; else $BREKWATCH_CONFIG; else BREK_BASE_URL and BREK_PARTNER_API_KEY make one target.",
        show_default=False,
    ),
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        help="Configuration file, of which the journal's place is read and nothing else; else $BREKWATCH_CONFIG; "
        "else $BREKWATCH_JOURNAL; else the file in your state folder.",
        show_default=False,
    ),
]


@contextmanager
def ended_by_ctrl_c(exit_code: int = 0) -> Iterator[None]:
    """Ctrl-C before anything began is no error, and typer's exit code for it is none of ours."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(exit_code) from None


@contextmanager
def told_on_stdout() -> Iterator[BinaryIO]:
    """stdout, for text or for bytes; a disk that is full ends the command with a sentence, since nothing was told."""
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except OSError as problem:
        print(f"brekwatch: stdout can't be written: {problem.strerror}", file=sys.stderr)  # noqa: T201
        raise typer.Exit(EXIT_CANNOT_TELL) from None


def still_read() -> bool:
    """Whether anybody still reads stdout."""
    return streams.is_read(sys.stdout)
