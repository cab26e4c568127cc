"""`brekwatch audit …`: does a partner's own integration keep the rules of Brek's guide?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from exporter.audit_names import SeveralSituations, apart
from exporter.command_parts import EXIT_CANNOT_TELL, ended_by_ctrl_c
from exporter.event_loop import run_loop

audit_app = typer.Typer(
    help="Does your own integration keep the rules of Brek's guide?", no_args_is_help=True, rich_markup_mode=None
)

JsonOption = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write the judgement as JSON; - is stdout.", show_default=False),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write it as one HTML page; - is stdout.", show_default=False),
]
BuildOption = Annotated[
    str | None,
    typer.Option("--build", metavar="TEXT", help="Which build of yours it is, for the report.", show_default=False),
]
LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Your integration's log file: are the ids in it that it must log, and no key? Only what is added is read.",
        show_default=False,
    ),
]
AttestOption = Annotated[
    Path | None,
    typer.Option(
        "--attest", metavar="FILE", help="A YAML file of what people stand for, by name and date.", show_default=False
    ),
]
CompareOption = Annotated[
    Path | None,
    typer.Option(
        "--compare", metavar="FILE", help="An earlier audit's JSON: the report says what changed.", show_default=False
    ),
]
PortOption = Annotated[int, typer.Option(help="Where to listen; 0 takes any free port.", min=0, max=65535)]
CommandArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- COMMAND",
        help="What starts your integration. It is run once for each situation.",
        show_default=False,
    ),
]
SituationOption = Annotated[
    list[str] | None,
    typer.Option(
        "--situation",
        metavar="NAME",
        help="Play this one only (see: brekwatch audit situations); several names may follow, or it may be repeated.",
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    float, typer.Option(metavar="SECONDS", help="How long the command may take in one situation.")
]
ShowOutputOption = Annotated[bool, typer.Option("--show-output", help="Show what the command says, on stderr.")]
ToOption = Annotated[str, typer.Option("--to", metavar="URL", help="Brek's sandbox: what your BREK_BASE_URL says now.")]
HostOption = Annotated[str, typer.Option(help="Where to listen; another than loopback needs TLS.")]
CertificateOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Serve over TLS: the certificate, PEM.", show_default=False)
]
PrivateKeyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Its private key, PEM.", show_default=False)
]
AuthorityOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="An authority that the URL's certificate may be of, PEM.", show_default=False),
]
IsSandboxOption = Annotated[
    bool, typer.Option("--sandbox", help="The URL is a sandbox (as BREK_ENVIRONMENT=sandbox says).")
]


@audit_app.command("sandbox", cls=SeveralSituations, context_settings={"allow_interspersed_args": False})
def audit_sandbox(
    command: CommandArgument = None,
    *,
    situation: SituationOption = None,
    json: JsonOption = None,
    html: HtmlOption = None,
    build: BuildOption = None,
    log: LogOption = None,
    attest: AttestOption = None,
    compare: CompareOption = None,
    timeout: TimeoutOption = 60.0,
    port: PortOption = 0,
    show_output: ShowOutputOption = False,
) -> None:
    """Play a course of situations to your integration, and judge what it sends.

    With a command: it is run once for each situation, against a stand-in for the API in a clean state. Its environment
    has BREK_BASE_URL, BREK_PARTNER_API_KEY, BREK_PORTAL_ATTACH_URL, and BREKWATCH_SITUATION, the situation's name: a
    client that can act a part, such as a guest who declines, reads it there. How the command ends is noted; it is
    judged by what it sent.

    Without one: export lines for a shell are printed, and the stand-in serves until Ctrl-C. Each new session meets
    the next situation.

    Exit code 0: no rule is broken. 1: one is. 2: usage. 3: it can't be told: nothing was sent, or it was broken off.

    To try it, then for one situation, and for a report:

    brekwatch audit sandbox -- python my_client.py

    brekwatch audit sandbox --situation decline --show-output -- ./client

    brekwatch audit sandbox --json a.json --html a.html --log my.log -- ./client
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter.audit_ending import Asked
        from exporter.audit_sandbox import SandboxRequest
        from exporter.audit_sandbox import audit_sandbox as audit

        request = SandboxRequest(
            command=tuple(command or ()),
            environment=os.environ,
            names=apart(situation or ()),
            port=port,
            timeout_seconds=timeout,
            show_output=show_output,
            asked=Asked(json=json, html=html, build=build, log=log, attest=attest, compare=compare),
        )
        raise typer.Exit(run_loop(audit(request)))


@audit_app.command("proxy")
def audit_proxy(
    to: ToOption,
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 0,
    json: JsonOption = None,
    html: HtmlOption = None,
    build: BuildOption = None,
    log: LogOption = None,
    attest: AttestOption = None,
    compare: CompareOption = None,
    certificate: CertificateOption = None,
    private_key: PrivateKeyOption = None,
    authority: AuthorityOption = None,
    sandbox: IsSandboxOption = False,
) -> None:
    """Record your integration at work with Brek's sandbox, and judge what it sends.

    It passes everything on, byte for byte, as it comes, and keeps it without keys, tokens and card numbers. Point your
    integration at the address that it prints, and work as you do. Ctrl-C ends it.

    It never stands before production: there, a test is somebody's money.

    Exit code 0: no rule is broken. 1: one is. 2: usage. 3: it can't be told, since nothing was sent.

    For instance:

    brekwatch audit proxy --to https://sandbox.example --sandbox --json a.json
    """
    with ended_by_ctrl_c(EXIT_CANNOT_TELL):
        from exporter.audit_ending import Asked
        from exporter.audit_proxy import ProxyRequest
        from exporter.audit_proxy import audit_proxy as audit
        from probes.redaction import Secret

        request = ProxyRequest(
            to=to,
            host=host,
            port=port,
            environment=_declared(sandbox=sandbox),
            certificate=certificate,
            private_key=private_key,
            authority=authority,
            key=Secret(os.environ.get("BREK_PARTNER_API_KEY", "")) or None,
            asked=Asked(json=json, html=html, build=build, log=log, attest=attest, compare=compare),
        )
        raise typer.Exit(run_loop(audit(request)))


@audit_app.command("situations")
def list_situations() -> None:
    """The situations that `audit sandbox` plays, in their order."""
    from exporter.audit_listing import situation_lines

    for line in situation_lines():
        typer.echo(line)


@audit_app.command("rules")
def list_rules() -> None:
    """The rules that both audits judge by, each with the guide's own sentence."""
    from exporter.audit_listing import rule_lines

    for line in rule_lines():
        typer.echo(line)


def _declared(*, sandbox: bool) -> Any:
    """What the operator says that the URL is; None: nothing. Raises UsageError for a word that is none."""
    from probes.errors import UsageError
    from probes.words import Environment

    word = "sandbox" if sandbox else os.environ.get("BREK_ENVIRONMENT", "")
    if word and word not in set(Environment):
        raise UsageError(f"BREK_ENVIRONMENT must be sandbox or production, not {word[:40]!r}")
    return Environment(word) if word else None
