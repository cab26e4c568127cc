"""`brekwatch resume`: a person lets go on what was stopped since a run booked unasked."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from exporter.command_parts import EXIT_CANNOT_TELL, ConfigOption, ended_by_ctrl_c


def resume(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Which target.", show_default=False)],
    config: ConfigOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: for scripts.")] = False,
) -> None:
    """Let a target book again, after a run booked there though nothing had asked it to.

    Since then, whatever may book with that target's key is skipped, on every target that has the same key. Look first
    what happened, with the command that this one prints, and see to the booking. Then a running service goes on by
    itself, within seconds. Who resumed and when stays in the journal.

    For example: brekwatch resume sandbox -c brekwatch.yaml

    Exit code 0: it may book again, if only since nothing was stopped. 2: no such target, or wrong use.
    3: you said no, or the journal can't be read or written.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        import asyncio

        from exporter import resume_command
        from probes import settings

        found = settings.find(config, os.environ)
        stopped = resume_command.stopped(found, target)
        for line in stopped.lines():
            typer.echo(line)
        if not stopped.stops:
            return
        if not yes and not _confirmed(target):
            typer.echo("nothing is changed: it stays stopped")
            raise typer.Exit(EXIT_CANNOT_TELL)
        asyncio.run(resume_command.let_go_on(found, stopped))
        typer.echo(f"{' and '.join(stopped.names)} may book again; a service that runs notices within seconds")


def _confirmed(target: str) -> bool:
    if not sys.stdin.isatty():
        from probes.errors import UsageError

        raise UsageError(f"nobody is there to ask: if it is seen to, say brekwatch resume {target} --yes")
    return typer.confirm("Is it seen to, and may it book again?")
