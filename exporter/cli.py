"""The command line. Libraries are imported inside the commands, so that `--help` stays quick.

Exit codes: 0 good; 1 the API falls short; 2 usage or configuration; 3 the monitor could not tell.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from exporter import (
    audit_cli,
    core_dumps,
    dashboards_cli,
    incident_cli,
    journal_cli,
    notify_cli,
    ready_cli,
    resume_cli,
    streams,
)
from exporter.command_parts import EXIT_CANNOT_TELL, EXIT_USAGE, ConfigOption, ended_by_ctrl_c
from exporter.event_loop import run_loop
from exporter.log_options import LogFormat, LogLevel, LogOptions
from exporter.run_request import MOST_REPEATS, RunFormat, RunRequest
from probes.errors import JournalError, UsageError

app = typer.Typer(
    name="brekwatch",
    help="Synthetic monitor of the Brek Partner Core Chat API: plays booking conversations and judges them.",
    epilog="Start with: brekwatch demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
scenarios_app = typer.Typer(help="The conversations that can be played.", no_args_is_help=True, rich_markup_mode=None)
config_app = typer.Typer(help="The configuration file.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(config_app, name="config")
rules_app = typer.Typer(help="The alert rules for Prometheus.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")
app.command("find")(journal_cli.find)
app.command("resume")(resume_cli.resume)
app.command("ready")(ready_cli.ready)
app.add_typer(audit_cli.audit_app, name="audit")
app.add_typer(journal_cli.runs_app, name="runs")
app.add_typer(journal_cli.journal_app, name="journal")
app.add_typer(incident_cli.incident_app, name="incident")
app.add_typer(notify_cli.notify_app, name="notify")
app.add_typer(dashboards_cli.dashboards_app, name="dashboards")


def main() -> None:
    """The entry point: every problem ends in one clear line and its exit code, never in a traceback."""
    streams.prepare()
    core_dumps.forbid()
    try:
        app()
    except UsageError as problem:
        print(f"brekwatch: {problem}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_USAGE)
    except JournalError as problem:
        print(f"brekwatch: {problem}", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_CANNOT_TELL)
    except KeyboardInterrupt:
        sys.exit(EXIT_CANNOT_TELL)
    except Exception as error:  # noqa: BLE001 - a traceback shown to a user is a bug
        if os.environ.get("BREKWATCH_DEBUG"):
            import traceback

            # Where it happened, without its words: no scrubber is at hand here, and they may hold a key.
            print("".join(traceback.format_tb(error.__traceback__)), file=sys.stderr, end="")  # noqa: T201
        print(f"brekwatch: a fault of its own: {type(error).__name__}. BREKWATCH_DEBUG=1 shows more.", file=sys.stderr)  # noqa: T201
        sys.exit(EXIT_CANNOT_TELL)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"brekwatch {version('brekwatch')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Which to play; without one, all; in production two that do no harm.", show_default=False),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("-t", "--target", help="Which target, if the configuration has several.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    *,
    output: Annotated[
        RunFormat, typer.Option("--format", help="A document goes to stdout alone, and all else to stderr.")
    ] = RunFormat.TABLE,
    repeat: Annotated[
        int,
        typer.Option(help="Play each so many times, in turns, and tell how often it passed.", min=1, max=MOST_REPEATS),
    ] = 1,
    least: Annotated[
        str,
        typer.Option(
            "--min-pass", metavar="SHARE", help="How many of a scenario's runs must be good, such as 0.8 or 80%."
        ),
    ] = "100%",
) -> None:
    """Play scenarios now, and show each step live.

    Exit code 0: all passed (degraded too). 1: one failed. 2: usage or configuration.
    3: none failed, but one was skipped, or its verdict is unknown.

    With --min-pass, 1: a scenario stays below that share of its runs, whatever those that were skipped, unknown or not
    played might have shown. 3: those could tip it either way, or the playing was broken off. 0: enough were good,
    whatever they might have shown. In JUnit each run is a test case, and a failed one a failure, enough or not.

    A run may take 2 minutes, and a step of it 30 seconds, whatever a configuration gives its probes. One that would
    leave others less than the reserve of the key's quota waits first, a minute at most, and says so.

    To try it: start `brekwatch sandbox` in one shell, paste the three export lines that it prints into another, and
    there: brekwatch run golden_path
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter.repeat import share_of
        from exporter.run import play_now
        from probes import settings

        names = tuple(scenarios or ())
        request = RunRequest(names=names, target=target, output=output, repeat=repeat, least=share_of(least))
        raise typer.Exit(run_loop(play_now(settings.find(config, os.environ), request)))


@app.command()
def serve(
    config: ConfigOption = None,
    *,
    log_level: Annotated[LogLevel, typer.Option(help="debug shows each exchange that went well, too.")] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat, typer.Option(help="auto: for people on a terminal, else one JSON object a line.")
    ] = LogFormat.AUTO,
) -> None:
    """Play the configured probes on schedule, until SIGTERM; metrics, health and pages on `service.listen`.

    SIGHUP reads the configuration again: whole if it is sound, else the one before stays in force.
    """
    with ended_by_ctrl_c():
        from functools import partial

        from exporter.serve import serve_settings
        from probes import settings

        log_options = LogOptions(level=log_level, format=log_format)
        run_loop(serve_settings(partial(settings.find, config, os.environ), log_options))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the pages are; 0 takes any free port.", min=0, max=65535)] = 9464,
    *,
    faults: Annotated[bool, typer.Option(help="Spice the sandbox with a few faults after a while.")] = True,
) -> None:
    """Run the whole service on loopback against an embedded sandbox, until Ctrl-C.

    Look at the lines here, one a run: its outcome, and the statuses that the conversation went through. Then open the
    addresses that it prints: the status page, and /metrics, where brek_probe_success and brek_probe_failures_total
    tell what each fault did. Within a minute the first fault comes: it is announced here, with what it means.
    """
    with ended_by_ctrl_c():
        from rich.console import Console

        from exporter.demo import demo as run_demo

        run_loop(run_demo(Console(), port=port, faults=faults))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="0 takes any free port.", min=0, max=65535)] = 3000,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="A misbehaviour to show, NAME or NAME@STEP (see --list-faults); may be repeated.", show_default=False
        ),
    ] = None,
    quota: Annotated[int, typer.Option(help="Requests a minute for each key.", min=1)] = 600,
    *,
    list_faults: Annotated[
        bool,
        typer.Option("--list-faults", help="List the faults and the steps, and exit."),
    ] = False,
) -> None:
    """Serve the stand-in for the Brek API on loopback, until Ctrl-C.

    Prints `export` lines for a shell on stdout first. Faults can be switched at run time: GET, PUT and DELETE
    /sandbox/faults, from this machine only.
    """
    with ended_by_ctrl_c():
        from exporter.sandbox_command import fault_lines, serve_sandbox

        if list_faults:
            for line in fault_lines():
                typer.echo(line)
            return
        run_loop(serve_sandbox(port=port, faults=tuple(fault or ()), minute_quota=quota))


@app.command()
def doctor(config: ConfigOption = None) -> None:
    """Is this install sound: versions, configuration, paths, permissions, clock, and can it reach its targets?

    It sends no key. Each target is asked for its public /llms.txt alone, for the time on its clock.

    Exit code 0: nothing failed (what is worth a warning is said). 2: something here must be put right. 1: all is sound
    here, and a target or its portal can't be reached. 3: it can't be told, since we are offline (no address of
    service.reference answers), or since a check came to nothing.
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from rich.console import Console

        from exporter.doctor.examination import examine

        raise typer.Exit(run_loop(examine(config, os.environ, Console())))


@scenarios_app.command("list")
def list_scenarios(config: ConfigOption = None) -> None:
    """The scenarios there are: shipped ones, and your own of a configuration."""
    from exporter.listing import scenario_lines

    for line in scenario_lines(_known_scenarios(config)):
        typer.echo(line)


@scenarios_app.command("show")
def show_scenario(name: str, config: ConfigOption = None) -> None:
    """A scenario's YAML: the pattern for one of your own."""
    from exporter.listing import scenario_named, scenario_text

    typer.echo(scenario_text(scenario_named(_known_scenarios(config), name)), nl=False)


@scenarios_app.command("check")
def check_scenarios(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of *.yaml.", show_default=False)],
) -> None:
    """Check scenario files; each problem names file, line, and the way out.

    Exit code 0: all are sound. 2: one is not, or has a name that is taken by a shipped scenario or by one before it.
    """
    from exporter.listing import check_lines

    for line in check_lines(paths):
        typer.echo(line)


@scenarios_app.command("schema")
def scenario_schema() -> None:
    """Print the JSON Schema of a scenario file, for editors."""
    from probes import scenario_files

    typer.echo(scenario_files.schema_text(), nl=False)


@config_app.command("init")
def init_config(
    path: Annotated[Path, typer.Argument(help="Where to write it; - prints it.")] = Path("brekwatch.yaml"),
) -> None:
    """Write an annotated configuration to start from, and its schema beside it. Nothing is overwritten."""
    from exporter.config_command import example_text, init

    if str(path) == "-":
        typer.echo(example_text(), nl=False)
        return
    for line in init(path):
        typer.echo(line)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from probes.files.settings_schema import schema_text

    typer.echo(schema_text(), nl=False)


@config_app.command("check")
def check_config(config: ConfigOption = None) -> None:
    """Check a configuration and show what it would do, without sending anything.

    Exit code 0: it is sound (what is worth a warning is said). 2: it is not, or plans more than its key's quota allows.
    """
    from exporter.listing import settings_lines
    from probes import settings

    for line in settings_lines(settings.find(config, os.environ)):
        typer.echo(line)


@rules_app.command("export")
def export_rules(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write them; made if need be.")],
    config: ConfigOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over what you changed, or what others made.")] = False,
) -> None:
    """Write alert rules, an example for Alertmanager, and runbooks, with a configuration's thresholds and links.

    Without a configuration, those of the defaults. Rule files that it made are written anew; what you may have changed
    stays: alertmanager.yml, the runbooks.
    """
    from exporter.rules_command import export

    for line in export(folder, config, os.environ, force=force):
        typer.echo(line)


def _known_scenarios(config: Path | None) -> Any:
    from probes import scenario_files, settings

    if config is None and not os.environ.get("BREKWATCH_CONFIG"):
        return scenario_files.shipped()
    return settings.find(config, os.environ).scenarios
