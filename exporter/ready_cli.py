"""`brekwatch ready` on the command line. Libraries are imported inside, so that `--help` stays quick."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from exporter.command_parts import EXIT_CANNOT_TELL, ConfigOption, ended_by_ctrl_c
from exporter.event_loop import run_loop
from exporter.ready_request import CardWay, Places, ReadyRequest
from exporter.run_request import MOST_REPEATS

TargetOption = Annotated[
    str | None,
    typer.Option("-t", "--target", help="Which target, if the configuration has several.", show_default=False),
]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scenario",
        metavar="NAME",
        help="Play this one alone; may be repeated. What isn't played is not exercised.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the whole answer; - is stdout.", show_default=False)
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page to show around.", show_default=False)
]
JunitOption = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write it for a CI system, a test a check.", show_default=False),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be sent and what it costs; send nothing.")
]
MaxRequestsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Send no more than so many with this key, retries included.", show_default=False
    ),
]
PeakOption = Annotated[
    float | None,
    typer.Option(
        metavar="X", min=0.01, help="The traffic that you expect: is the quota enough for it?", show_default=False
    ),
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        metavar="30s",
        help="How long a conversation may take; else a probe's objective, else 30s.",
        show_default=False,
    ),
]
RepeatOption = Annotated[
    int, typer.Option(help="Play each so many times, in turns, against chance.", min=1, max=MOST_REPEATS)
]
LeastOption = Annotated[
    str,
    typer.Option("--min-pass", metavar="SHARE", help="How many of a scenario's runs must be good, as 0.8 or 80%."),
]
WaiversOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Checks that may fail, with reason and expiry; see docs/readiness.md.", show_default=False
    ),
]
CardOption = Annotated[
    CardWay,
    typer.Option(help="manual: each setup URL is shown on this terminal, and waits until you have added a card."),
]
CardWaitOption = Annotated[str, typer.Option(metavar="10m", help="How long to wait for you.")]


def ready(
    target: TargetOption = None,
    config: ConfigOption = None,
    *,
    scenario: ScenarioOption = None,
    json: JsonOption = None,
    html: HtmlOption = None,
    junit: JunitOption = None,
    dry_run: DryRunOption = False,
    max_requests: MaxRequestsOption = None,
    peak_sessions_per_minute: PeakOption = None,
    latency_budget: BudgetOption = None,
    repeat: RepeatOption = 1,
    least: LeastOption = "100%",
    waivers: WaiversOption = None,
    card: CardOption = CardWay.PORTAL,
    card_wait: CardWaitOption = "10m",
) -> None:
    """May we go live? Checks the API and the key before launch: ready, not ready because…, can't tell because….

    It says first what it will send, and what quota that takes. It plays every scenario that the environment allows;
    in production it only reads. Each check has the guide's sentence, what was seen, the ids, and what to do.

    Exit code 0: ready. 1: not ready. 2: usage or configuration; nothing was sent. 3: it can't be told: something was
    skipped or broken off, the fault was our own, or another check with this key is under way.

    To try it, paste the lines that `brekwatch sandbox` prints into another shell, and there: brekwatch ready --dry-run,
    and then: brekwatch ready --html ready.html --peak-sessions-per-minute 2
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter.ready_command import check_readiness
        from exporter.repeat import share_of
        from probes import settings

        request = ReadyRequest(
            names=tuple(scenario or ()),
            target=target,
            places=Places(json=json, html=html, junit=junit),
            dry_run=dry_run,
            max_requests=max_requests,
            peak_sessions_per_minute=peak_sessions_per_minute,
            latency_budget=latency_budget,
            repeat=repeat,
            least=share_of(least),
            waivers=waivers,
            card=card,
            card_wait=card_wait,
        )
        found = settings.find(config, os.environ)
        raise typer.Exit(run_loop(check_readiness(found, request, settings.state_folder(os.environ))))
