"""`brekwatch incident`: reports of incidents, of runs, of stretches of time; their bundles; a list of incidents."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exporter.command_parts import EXIT_CANNOT_TELL, ConfigOption, JournalOption, ended_by_ctrl_c, told_on_stdout
from exporter.journal_cli import SinceOption, TableFormat, moment_of, note, opened

incident_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


class ReportFormat(StrEnum):
    """How a report is written."""

    HTML = "html"
    JSON = "json"
    MARKDOWN = "markdown"
    EMAIL = "email"


IncidentOption = Annotated[
    str | None,
    typer.Option("--incident", metavar="ID", help="Of this incident (or the beginning of its id).", show_default=False),
]
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="ID", help="Of this run, and those around it.", show_default=False)
]
UntilOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="With --since: begun no later than that.", show_default=False)
]
TargetOption = Annotated[
    str | None, typer.Option("-t", "--target", help="With --since: against it alone.", show_default=False)
]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to; else stdout.", show_default=False)
]
BundleOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the report with its evidence, a .tar.gz, too.", show_default=False),
]
FormatOption = Annotated[
    ReportFormat | None,
    typer.Option("--format", help="Else what FILE ends in says it: .html, .json, .md, .eml.", show_default=False),
]


@incident_app.callback()
def report(  # noqa: PLR0917 - typer gives them by name
    context: typer.Context,
    config: ConfigOption = None,
    incident: IncidentOption = None,
    run: RunOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    target: TargetOption = None,
    output: OutputOption = None,
    bundle: BundleOption = None,
    *,
    format: FormatOption = None,  # noqa: A002 - the option is called so
) -> None:
    """Write a report: of an incident, of a run, or of a stretch of time; else of the newest incident.

    For example: brekwatch incident --since 1h -o report.html

    The newest open incident comes first. A report tells what broke, since when, for whom and how sure that is; the
    timeline; the failing exchange beside the last good one; the ids for Brek's support; what to do; what isn't known.
    `--format email` is a message to support, ready to send. `--bundle` adds the evidence, for `incident verify`.

    Exit code 0: written, if only that nothing failed. 1: there is nothing to report of. 2: wrong use.
    3: the journal can't be read, or the file not be written.
    """
    if context.invoked_subcommand is not None:
        return
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter import incident_command

        wanted = incident_command.Wanted(
            incident=incident,
            run=run,
            since=moment_of(since),
            until=moment_of(until),
            target=target,
            format=str(format) if format else None,
            output=output,
            bundle=bundle,
        )
        with opened(config) as (reader, shown):
            exit_code, said = incident_command.write_report(reader, shown, wanted, config)
        note(*said)
        raise typer.Exit(exit_code)


@incident_app.command("list")
def list_incidents(
    config: JournalOption = None,
    *,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that nobody has seen end.")] = False,
    output: Annotated[TableFormat, typer.Option("--format", help="JSON goes to stdout alone.")] = TableFormat.TABLE,
) -> None:
    """List incidents, newest first.

    For example: brekwatch incident list --open

    Exit code 0: told, if only that there are none. 2: wrong use. 3: the journal can't be read.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL), opened(config) as (reader, shown):
        from datetime import UTC, datetime

        from exporter import incident_listing

        found = incident_listing.incidents_of(reader, open_only=open_only)
        with told_on_stdout() as out:
            if output is TableFormat.JSON:
                out.write(incident_listing.as_json(found))
            else:
                for line in incident_listing.lines(found, datetime.now(UTC)):
                    typer.echo(line)
        if not found:
            note(f"no {'open ' if open_only else ''}incident is in {shown}")


@incident_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The .tar.gz, or its folder.", show_default=False)],
) -> None:
    """Check a bundle: its sums, and every number of its report, reckoned anew from the evidence beside it.

    For example: brekwatch incident verify evidence.tar.gz

    Exit code 0: the report says what its evidence says. 1: it differs, and the lines tell where. 2: it is no bundle.
    3: it can't be read.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter import incident_command

        exit_code, told = incident_command.verify_bundle(path)
        for line in told:
            typer.echo(line, err=exit_code > 1)
        raise typer.Exit(exit_code)
