"""`POST /alerts`: what Alertmanager's webhook tells, tied to the incidents of our own journal.

It annotates and nothing else: no alert opens an incident or closes one. Whoever told it can tell it again; an alert is
known by its fingerprint and its start. Who may tell is `exporter.web.guard`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.tying import SLACK, ToldAlert, incident_of
from exporter.web.alert_messages import MessageError, alerts_in
from exporter.web.connections import MOST_BODY_BYTES
from exporter.web.credentials import Bearer
from exporter.web.incident_lookups import IncidentDesk, IncidentReader, Proof, proof_of, reading
from exporter.web.lookups import RETRY_SECONDS, Lookups, TooManyError
from probes.errors import JournalError, LedgerUnavailableError
from probes.incident import AlertSeen, Incident, IncidentFilter
from probes.redaction import Secret

ALERTS_PATH = "/alerts"
MOST_PROOFS = 50
_MOST_INCIDENTS = 5_000
_KEEP_SECONDS = 5.0
MOST_UNCOMMITTED = 8
_log = logging.getLogger("brekwatch.web")


def bearer_of(token: Callable[[], Secret | None]) -> Bearer:
    """What whoever tells of alerts must show."""
    return Bearer(token, way_in="set service.webhook_token, and give it to Alertmanager as its bearer token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """The alerts of one message as they will be kept, and the answer's entries."""

    seen: tuple[AlertSeen, ...]
    entries: tuple[Mapping[str, object], ...]


class Alerts:
    """Takes messages. Journal and answer know alerts' names and labels only without secrets (`scrub`) and bounded."""

    def __init__(self, desk: IncidentDesk, *, scrub: Callable[[str], str]) -> None:
        self._desk = desk
        self._scrub = scrub
        self._lookups = Lookups(self._tie)
        self._uncommitted: set[asyncio.Future[None]] = set()

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route(ALERTS_PATH, self._take, methods=["POST"])]

    async def _take(self, request: Request) -> Response:
        if (refusal := _refusal(request)) is not None:
            return refusal
        body = await _body(request)
        if body is None:
            return _problem(413, f"the message is longer than {MOST_BODY_BYTES} bytes: set max_alerts in the receiver")
        try:
            return self._told(await self._settled(body))
        except MessageError as problem:
            return _problem(400, str(problem))
        except (JournalError, LedgerUnavailableError) as problem:
            return _problem(503, self._scrub(str(problem)))
        except (TimeoutError, TooManyError):
            return _problem(503, "the journal is too busy to take it in: tell it again in a moment")

    async def _settled(self, body: bytes) -> Tied:
        """Once it is committed. While the journal can't commit, only so many messages may wait for it in memory."""
        tied = await self._lookups.get(body)
        if len(self._uncommitted) >= MOST_UNCOMMITTED:
            raise TooManyError
        kept = asyncio.ensure_future(self._desk.keep_alerts(tied.seen))
        self._uncommitted.add(kept)
        kept.add_done_callback(self._uncommitted.discard)
        await asyncio.wait([kept], timeout=_KEEP_SECONDS)
        if not kept.done():
            raise TimeoutError
        kept.result()
        return tied

    def _told(self, tied: Tied) -> Response:
        of_incidents = sum(seen.incident_id is not None for seen in tied.seen)
        _log.info("alerts_received: %d, of them about incidents: %d", len(tied.seen), of_incidents)
        return Response(orjson.dumps({"alerts": tied.entries}), media_type="application/json")

    def _tie(self, body: bytes) -> Tied:
        """In a thread: reading takes a while, and so does a message of ten thousand alerts."""
        told, now = alerts_in(body), self._desk.now()
        with reading(self._desk) as reader:
            known = _by_target(_incidents(reader, told))
            tied = [(alert, incident_of(alert, known.get(alert.target or "", ()), now)) for alert in told]
            proofs = _proofs(reader, [incident for _, incident in tied if incident is not None])
        seen = tuple(self._seen(alert, incident, now) for alert, incident in tied)
        return Tied(seen=seen, entries=tuple(self._entry(each, proofs) for each in seen))

    def _seen(self, alert: ToldAlert, incident: Incident | None, now: datetime) -> AlertSeen:
        return AlertSeen(
            fingerprint=alert.fingerprint,
            name=self._scrub(alert.name),
            status=alert.status,
            starts_at=alert.starts_at,
            ends_at=alert.ends_at,
            target=None if alert.target is None else self._scrub(alert.target),
            scenario=None if alert.scenario is None else self._scrub(alert.scenario),
            incident_id=None if incident is None else incident.incident_id,
            received_at=now,
        )

    def _entry(self, seen: AlertSeen, proofs: Mapping[str, Proof]) -> Mapping[str, object]:
        proof = proofs.get(seen.incident_id or "", Proof())
        base = (self._desk.external_url() or "").rstrip("/")
        return {
            "fingerprint": seen.fingerprint,
            "alertname": seen.name,
            "status": seen.status,
            "incident_id": seen.incident_id,
            "incident_url": None if seen.incident_id is None else f"{base}/incidents/{seen.incident_id}",
            "request_ids": proof.request_ids,
            "trace_ids": proof.trace_ids,
        }


def _incidents(reader: IncidentReader, told: Sequence[ToldAlert]) -> Iterable[Incident]:
    targets = {alert.target for alert in told if alert.target is not None}
    if not targets:
        return ()
    target = next(iter(targets)) if len(targets) == 1 else None
    since = min(alert.starts_at for alert in told) - SLACK
    return tuple(reader.incidents(IncidentFilter(since=since, target=target, limit=_MOST_INCIDENTS)))


def _by_target(incidents: Iterable[Incident]) -> Mapping[str, Sequence[Incident]]:
    found = defaultdict(list)
    for incident in incidents:
        found[incident.cause.target].append(incident)
    return found


def _proofs(reader: IncidentReader, incidents: Iterable[Incident]) -> Mapping[str, Proof]:
    wanted = list({incident.incident_id: incident for incident in incidents}.values())[:MOST_PROOFS]
    return {incident.incident_id: proof_of(reader, incident) for incident in wanted}


def _refusal(request: Request) -> Response | None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return _problem(415, "a body that is packed is not unpacked here")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _problem(415, "it must be application/json, as Alertmanager sends it")
    return None


async def _body(request: Request) -> bytes | None:
    """The whole body; None if it is too long, whatever its length was said to be."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > MOST_BODY_BYTES:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                return None
    except ClientDisconnect:  # nobody is left to answer, and a part of a message is none
        return b""
    return bytes(body)


def _problem(status_code: int, problem: str) -> Response:
    headers = {"retry-after": RETRY_SECONDS} if status_code == 503 else {}
    if status_code in {413, 415}:
        headers["connection"] = "close"  # the rest of the body is not wanted
    return Response(orjson.dumps({"problem": problem}), status_code, headers, media_type="application/json")
