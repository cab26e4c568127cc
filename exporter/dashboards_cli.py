"""`brekwatch dashboards …`: what Grafana shows of brekwatch's metrics."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from exporter.command_parts import ConfigOption

dashboards_app = typer.Typer(help="The dashboards for Grafana.", no_args_is_help=True, rich_markup_mode=None)


@dashboards_app.callback()
def _root() -> None:
    pass


@dashboards_app.command("export")
def export_dashboards(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them; made if need be.")],
    config: ConfigOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over what you changed, or what others made.")] = False,
) -> None:
    """Write the dashboards as JSON files for Grafana, and provisioning files that make it read them.

    Links in them lead to service.external_url of the configuration; without one, to http://localhost:9464.

    DIR/*.json can be imported by hand: Dashboards > New > Import. For Grafana to read them by itself, lay
    DIR/provisioning/dashboards/brekwatch.yaml and DIR/provisioning/datasources/brekwatch.yaml into the folders of those
    names in its provisioning folder (often /etc/grafana/provisioning). The first names DIR, as Grafana has to see it;
    the second names your Prometheus, and leads from a point in a graph to the run it came from.

    Dashboards that it made are written anew; what you may have changed stays: the two provisioning files.

    For example: brekwatch dashboards export ./grafana -c brekwatch.yaml
    """
    from exporter.dashboards_command import export

    for line in export(folder, config, os.environ, force=force):
        typer.echo(line)
