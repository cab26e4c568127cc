"""The commands that read the journal: `find`, `runs`, `journal`. None of them needs a key, or a service that runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exporter.command_parts import (
    EXIT_CANNOT_TELL,
    ConfigOption,
    JournalOption,
    ended_by_ctrl_c,
    still_read,
    told_on_stdout,
)
from probes.words import FailureKind, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from exporter.terminal import Terminal
    from probes.journal.kept import RunFilter
    from probes.journal.reading import Reader

runs_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
journal_app = typer.Typer(help="The journal itself.", no_args_is_help=True, rich_markup_mode=None)


class TableFormat(StrEnum):
    """How a list is told."""

    TABLE = "table"
    JSON = "json"


class TextFormat(StrEnum):
    """How one run is told."""

    TEXT = "text"
    JSON = "json"


SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Begun since then: 30m, 1h, 7d, or a moment such as 2026-12-01T02:00Z (in UTC if it has no offset).",
        show_default=False,
    ),
]


def find(
    text: Annotated[str, typer.Argument(metavar="ID", help="The id, or the beginning of it.", show_default=False)],
    config: JournalOption = None,
    *,
    output: Annotated[TableFormat, typer.Option("--format", help="JSON goes to stdout alone.")] = TableFormat.TABLE,
) -> None:
    """Find a request again by its requestId, traceId, sessionId, eventId, run id or idempotency key.

    Tells the run, the step and the exchange that it belongs to, the ids beside it, and the command that shows the
    run whole. For example: brekwatch find 8f6f7d9d-74d5-4f37-8ef8-9c77d4f4ec2b

    Exit code 0: found. 1: nothing is known of it. 2: several ids begin so (they are listed), or wrong use.
    3: the journal can't be read.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL), opened(config) as (reader, shown):
        from exporter import find_command

        request = find_command.FindRequest(text=text, journal=shown, config=config)
        found = find_command.look_up(reader, request)
        with told_on_stdout() as out:
            if output is TableFormat.JSON:
                out.write(find_command.as_json(found, request))
            else:
                find_command.tell(found, request, _view())
        exit_code, said = find_command.verdict(found, request, None if found.sightings else reader.oldest())
        note(*said)
        raise typer.Exit(exit_code)


@runs_app.callback()
def runs(  # noqa: PLR0917 - typer gives them by name
    context: typer.Context,
    config: JournalOption = None,
    since: SinceOption = None,
    outcome: Annotated[Outcome | None, typer.Option(help="With this outcome.", show_default=False)] = None,
    scenario: Annotated[str | None, typer.Option(help="Of this scenario.", show_default=False)] = None,
    target: Annotated[str | None, typer.Option("-t", "--target", help="Against it.", show_default=False)] = None,
    failure_kind: Annotated[
        FailureKind | None, typer.Option(metavar="KIND", help="Failed so, e.g. server_error.", show_default=False)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="The newest so many; else 50 in a table, all in JSON.", min=1, show_default=False)
    ] = None,
    *,
    output: Annotated[
        TableFormat, typer.Option("--format", help="JSON: whole runs, on stdout alone.")
    ] = TableFormat.TABLE,
) -> None:
    """List runs, newest first.

    For example: brekwatch runs --since 1h --outcome failed

    `brekwatch runs show RUN` shows one as a conversation. JSON keeps to the schema that `run --format json` keeps to.

    Exit code 0: told, if only that there are none. 2: wrong use. 3: the journal can't be read.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    from probes.journal.kept import RunFilter

    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        wanted = RunFilter(
            since=moment_of(since),
            outcome=outcome,
            scenario=scenario,
            target=target,
            failure_kind=failure_kind,
            limit=limit,
        )
        with opened(config) as (reader, shown):
            if output is TableFormat.JSON:
                _write_runs(reader, wanted)
            else:
                _tell_runs(reader, wanted, shown)


@runs_app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the beginning of it.", show_default=False)],
    config: JournalOption = None,
    *,
    bodies: Annotated[bool, typer.Option("--bodies", help="With headers and bodies, as they were kept.")] = False,
    output: Annotated[TextFormat, typer.Option("--format", help="JSON goes to stdout alone.")] = TextFormat.TEXT,
) -> None:
    """Show a run like a chat.

    What the guest said stands on one side, what the assistant answered on the other, ids and timings at the margin.

    For example: brekwatch runs show 3tq6zj --bodies

    Exit code 0: shown, whatever its outcome. 1: there is no such run. 2: several begin so, or wrong use.
    3: the journal can't be read.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL), opened(config) as (reader, shown):
        from exporter import runs_command
        from exporter.found import quoted, reach

        kept = reader.run(run_id)
        if kept is None:
            note(f"there is no run {quoted(run_id)} in {shown}, {reach(reader.oldest())}")
            raise typer.Exit(1)
        with told_on_stdout() as out:
            if output is TextFormat.JSON:
                runs_command.write_json([kept], out, still_read)
                return
            from rich.console import Console

            from exporter.conversation import Conversation

            Conversation(Console(), bodies=bodies).show(kept)


@journal_app.command()
def check(config: JournalOption = None) -> None:
    """Is the journal sound: its version, its integrity, and what it holds?

    For example: brekwatch journal check -c brekwatch.yaml

    Exit code 0: it is sound. 3: it is not, or can't be read; the sentence says why, and what to do.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL), told_on_stdout():
        from probes.journal import keeping

        for line in keeping.check(_address(config)):
            typer.echo(line)


@journal_app.command()
def backup(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file to make.", show_default=False)],
    config: JournalOption = None,
) -> None:
    """Copy a SQLite journal while it is written to. Nothing is overwritten.

    For example: brekwatch journal backup /var/backups/brekwatch.db

    Exit code 0: the copy is whole. 2: wrong use. 3: it could not be made, since the path is taken, say.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from probes.journal import keeping

        keeping.backup(_address(config), path)
        typer.echo(f"wrote {path}")


@journal_app.command()
def prune(config: ConfigOption = None) -> None:
    """Let go of runs that are older, or more, than service.retention says, as the service does by itself.

    Asks nothing, and tells what it removes. For example: brekwatch journal prune -c brekwatch.yaml

    Exit code 0: done, if only that there was nothing to remove. 2: wrong use. 3: the journal can't be written.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from rich.console import Console

        from exporter.prune_command import prune_now
        from probes import settings

        url, retention = settings.retention_of(config, os.environ)
        typer.echo(prune_now(url, retention, Console(stderr=True)))


@journal_app.command()
def export(config: JournalOption = None, since: SinceOption = None) -> None:
    """Print runs as JSON Lines, newest first: one run a line, as an element of what `runs --format json` prints.

    For example: brekwatch journal export --since 7d | gzip > runs.jsonl.gz

    Exit code 0: all told. 2: wrong use. 3: the journal can't be read.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL), opened(config) as (reader, _), told_on_stdout() as out:
        from exporter.runs_command import write_lines
        from probes.journal.kept import RunFilter

        write_lines(reader.whole_runs(RunFilter(since=moment_of(since))), out, still_read)


def _address(config: Path | None) -> str:
    from probes import settings

    return settings.journal_of(config, os.environ)


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[Reader, str]]:
    """The journal of this configuration, and what people call it."""
    from probes.journal.opening import place_of
    from probes.journal.reading import Reader

    url = _address(config)
    reader = Reader(url)
    try:
        yield reader, f"the journal at {place_of(url).shown}"
    finally:
        reader.close()


def moment_of(text: str | None) -> datetime | None:
    """The moment that such an option means; raises UsageError."""
    if text is None:
        return None
    from datetime import UTC, datetime

    from exporter.since import moment_since

    return moment_since(text, datetime.now(UTC))


def _write_runs(reader: Reader, wanted: RunFilter) -> None:
    from exporter.runs_command import write_json

    with told_on_stdout() as out:
        write_json(reader.whole_runs(wanted), out, still_read)


def _tell_runs(reader: Reader, wanted: RunFilter, shown: str) -> None:
    from exporter import runs_command
    from exporter.found import reach

    with told_on_stdout():
        count, more = runs_command.tell(reader, wanted, _view(), still_read)
    if count == 0:
        note(f"no such run is in {shown}, {reach(reader.oldest())}")
    elif more and still_read():
        note(f"and older ones: --limit {10 * count} shows more of them, --format json all")


def _refuse_options(context: typer.Context) -> None:
    """Options that stand before `show` would be overlooked."""
    from probes.errors import UsageError

    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(f"{parameter.opts[-1]} is for the list of runs: options of `show` stand behind it")


def _view() -> Terminal:
    from rich.console import Console

    from exporter.terminal import Terminal

    return Terminal(Console(), str)


def note(*lines: str) -> None:
    """Say it beside what goes to stdout."""
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201
