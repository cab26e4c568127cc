"""`brekwatch notify …`: whether receivers are reached."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from exporter.command_parts import ConfigOption, ended_by_ctrl_c

notify_app = typer.Typer(help="Whom brekwatch itself tells of incidents.", no_args_is_help=True, rich_markup_mode=None)


@notify_app.callback()
def _root() -> None:
    pass


@notify_app.command("test")
def send_test(
    receiver: Annotated[str | None, typer.Argument(help="Which of them; without one, all.", show_default=False)] = None,
    config: ConfigOption = None,
) -> None:
    """Send each receiver a test, and say what came back.

    Exit code 0: all took it. 1: one did not. 2: there is no such receiver, or the configuration is wrong.
    """
    import asyncio

    from alerts.delivery.posting import send
    from exporter.notify_command import tried, wanted
    from probes import settings

    receivers = wanted(settings.find(config, os.environ), receiver)
    with ended_by_ctrl_c():
        good = asyncio.run(tried(receivers, send, typer.echo))
    raise typer.Exit(0 if good else 1)
