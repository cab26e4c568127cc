"""`brekwatch audit proxy`: an integration works with the sandbox through a recording proxy, and is judged by that."""

from __future__ import annotations

import shlex
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path

from exporter import audit_ending
from exporter.audit_counter import Counter
from exporter.audit_ending import Asked
from exporter.signals import stop_signals
from probes import safety
from probes.errors import UsageError
from probes.origin import Origin
from probes.readiness.evidence import Evidence
from probes.readiness.proxy.recorder import MOST_EXCHANGES, Recorder
from probes.readiness.proxy.server import RecordingProxy, upstream_of
from probes.readiness.rules.telling import counted
from probes.readiness.words import AuditKind
from probes.redaction import Secret
from probes.words import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRequest:
    """What was asked for. `environment` is what the operator declares `to` to be; None: nothing was said.

    `certificate` and `private_key` are PEM files for the proxy's own clients; `authority` one of those that an https
    upstream may be signed by, beside the system's. `key` is the partner key, if it is known beforehand.
    """

    to: str
    host: str = "127.0.0.1"
    port: int = 0
    environment: Environment | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    authority: Path | None = None
    key: Secret | None = None
    asked: Asked = field(default_factory=Asked)


async def audit_proxy(request: ProxyRequest) -> int:
    """Serves until SIGINT or SIGTERM, then judges and tells; the exit code.

    Raises UsageError for production, for an address that may not be listened on, and for files that can't be used.
    """
    _check_upstream(request)
    served_with = _server_context(request)
    ending = audit_ending.prepare(request.asked)
    counter = Counter()
    recorder = Recorder(secrets=[] if request.key is None else [request.key], on_seen=counter.saw)
    proxy = RecordingProxy(
        request.to,
        recorder,
        host=request.host,
        port=request.port,
        ssl=served_with,
        upstream_ssl=_client_context(request.authority),
    )
    async with stop_signals() as stop, proxy:
        _greet(proxy, request)
        with counter:
            await stop.wait()
            recorder.stop()
            recorder.catch_up()
    exchanges = recorder.exchanges
    log = None if ending.log is None else ending.log.facts(exchanges, recorder.keys)
    evidence = Evidence(kind=AuditKind.PROXY, exchanges=exchanges, log=log, attestations=ending.attestations)
    return audit_ending.end(
        evidence,
        ending,
        duration_seconds=recorder.clock(),
        scrub=recorder.scrub,
        notes=tuple(notes_of(recorder, proxy)),
    )


def notes_of(recorder: Recorder, proxy: RecordingProxy) -> list[str]:
    """What of the evidence is missing, for the report."""
    told = (
        (recorder.unreachable, "could not be passed on, since the API was not to be reached: they are not judged."),
        (recorder.dropped, f"came after the {MOST_EXCHANGES:,} exchanges, or the memory, that are kept: not judged."),
        (recorder.unread, "had answers packed in a way that can't be read here: let your client accept gzip, no more."),
        (proxy.refused, "found no connection free: a thousand at once were open."),
    )
    return [f"{counted(count, 'request')} {what}" for count, what in told if count]


def _check_upstream(request: ProxyRequest) -> None:
    where = upstream_of(request.to)
    if safety.classify(request.to, request.environment) is Environment.SANDBOX:
        return
    if safety.classify(request.to, Environment.SANDBOX) is Environment.SANDBOX and request.environment is None:
        raise UsageError(
            f"{where.host} counts as production, since nobody said otherwise, and production is somebody's money: "
            "an audit goes to Brek's sandbox only. If it is one, say so: --sandbox, or BREK_ENVIRONMENT=sandbox"
        )
    raise UsageError(
        f"{where.host} is production, and production is somebody's money: an audit goes to Brek's sandbox only"
    )


def _server_context(request: ProxyRequest) -> ssl.SSLContext | None:
    if (request.certificate is None) != (request.private_key is None):
        raise UsageError("a certificate needs its private key: give --certificate and --private-key")
    if request.certificate is None or request.private_key is None:
        if not _is_loopback(request.host):
            raise UsageError(
                f"{request.host} is reachable from elsewhere, and partner keys would cross the network in the clear: "
                "give --certificate and --private-key, or listen on 127.0.0.1"
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(request.certificate, request.private_key, password="")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "they are no PEM files that belong together"
        raise UsageError(f"{request.certificate} and {request.private_key} can't be used: {reason}") from None
    return context


def _client_context(authority: Path | None) -> ssl.SSLContext | None:
    if authority is None:
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(authority)
    except OSError as problem:
        reason = problem.strerror or "it is no PEM file of a certificate"
        raise UsageError(f"{authority} can't be used: {reason}") from None
    return context


def _is_loopback(host: str) -> bool:
    try:
        return Origin("http", host.strip("[]"), 80).is_loopback
    except ValueError:
        return False


def _greet(proxy: RecordingProxy, request: ProxyRequest) -> None:
    """The line for a shell on stdout, unless a document is to go there; what to do on stderr."""
    out = sys.stderr if request.asked.takes_stdout else sys.stdout
    print(f"export BREK_BASE_URL={shlex.quote(proxy.base_url)}", file=out, flush=True)
    print(  # noqa: T201 - a command tells
        f"Recording at {proxy.base_url}, passing everything on to {Origin.of(request.to)}.\n"
        "Start your integration with the line above and your sandbox key, and work as you do.\n"
        "Ctrl-C ends the recording, judges it and tells the verdict.",
        file=sys.stderr,
        flush=True,
    )
