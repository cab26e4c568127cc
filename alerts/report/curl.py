"""The failing request as a command that sends it again: redacted, quoted for a shell, the key in a variable. Pure.

What may cost money is not given as a command: in production a person would paste it at 3 a.m.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote

from alerts.report.evidence import Evidence
from alerts.report.sides import Side
from probes.answers import decode_json
from probes.model import Exchange
from probes.redaction import MASK
from probes.words import WRITE_KINDS, AuthHeader, ChatStatus, Environment, Operation

_PATH = re.compile(r"/(?:api/partner/v1/core-chat|openapi|llms\.txt).*", re.DOTALL)
_KEYLESS = frozenset({Operation.GET_OPENAPI, Operation.GET_LLMS, Operation.ATTACH_CARD})
_AUTH = {
    AuthHeader.PARTNER_API_KEY: '"x-partner-api-key: $BREK_PARTNER_API_KEY"',
    AuthHeader.AUTHORIZATION: '"authorization: Bearer $BREK_PARTNER_API_KEY"',
    AuthHeader.API_KEY: '"api-key: $BREK_PARTNER_API_KEY"',
}
_BODY_CHARACTERS = 16 * 1024


def curl_of(evidence: Evidence, side: Side) -> str:
    """The command, with what to know of it as comments above; only comments where it must not be run."""
    if why := _why_not(evidence, side):
        return "\n".join(f"# {line}" for line in why)
    exchange = side.exchange
    body, notes = _body(exchange)
    lines = [f"curl -sS -i -X {shlex.quote(exchange.method)} {_url(exchange)}"]
    if exchange.operation not in _KEYLESS and exchange.own_key:
        lines.append(f"-H {_AUTH.get(evidence.surroundings.auth_header, _AUTH[AuthHeader.PARTNER_API_KEY])}")
    if body:
        lines += ["-H 'content-type: application/json'", f"--data-raw {shlex.quote(body)}"]
    return "\n".join((*(f"# {note}" for note in (*_notes(exchange), *notes)), " \\\n  ".join(lines)))


def _url(exchange: Exchange) -> str:
    """The base is the reader's own; the path is percent-encoded, so that no shell and no terminal reads it."""
    variable = "BREK_PORTAL_ATTACH_URL" if exchange.operation is Operation.ATTACH_CARD else "BREK_BASE_URL"
    if exchange.operation is Operation.ATTACH_CARD:
        return f'"${variable}"'
    found = _PATH.search(exchange.path)
    path = found.group() if found else exchange.path
    return f'"${variable}"{shlex.quote(quote(path, safe="/%?=&:-._~", errors="replace"))}'


def _notes(exchange: Exchange) -> Iterator[str]:
    if exchange.operation not in _KEYLESS and not exchange.own_key:
        yield "This step sent another key than the target's own, or none, on purpose: the command sends none."
    elif exchange.operation not in _KEYLESS and not exchange.own_style:
        yield "This step sent the key in another header style, on purpose: the command uses the configured one."
    if exchange.operation is Operation.SEND_EVENT:
        yield "It speaks to the session of the failed run, which may have gone on or ended since."


def _body(exchange: Exchange) -> tuple[str, tuple[str, ...]]:
    """The body in printable ASCII, with a fresh idempotency key; and what was changed in it."""
    if not exchange.request_body:
        return "", ()
    notes = []
    value, problem = decode_json(exchange.request_body)
    if problem is not None:
        text = exchange.request_body.decode("utf-8", "replace")[:_BODY_CHARACTERS]
        body = re.sub(r"[^ -~]", "?", text)
        notes.append("The body is no JSON; characters beyond ASCII, and control characters, are replaced by '?'.")
    else:
        if isinstance(value, dict) and isinstance(value.get("idempotencyKey"), str):
            value = {**value, "idempotencyKey": f"{value['idempotencyKey']}-repro"}
            notes.append("The idempotency key is a new one: the API may answer the old one from what it remembers.")
        body = json.dumps(value)
    if MASK in body:
        notes.append(f"{MASK} stands for a secret that was masked: put your own in its place.")
    return body, tuple(notes)


def _why_not(evidence: Evidence, side: Side) -> tuple[str, ...]:
    """Why the request must not be sent again; empty where it may."""
    if evidence.surroundings.environment is Environment.SANDBOX or not _may_book(side):
        return ()
    return (
        "Not given as a command: this target is production, or nobody says that it is a sandbox, and this request",
        "could book, cancel or pay. Ask Brek's support to look at the ids of this report instead.",
    )


def _may_book(side: Side) -> bool:
    """Whether sending it again could cost money: a write, a card, or any turn once consent was asked for."""
    exchange = side.exchange
    if exchange.operation is Operation.ATTACH_CARD:
        return True
    if exchange.operation is not Operation.SEND_EVENT:
        return False
    body, problem = decode_json(exchange.request_body)
    if problem is not None or not isinstance(body, dict):
        return True
    kind = body.get("kind")
    return (kind is not None and (not isinstance(kind, str) or kind in WRITE_KINDS)) or _consent_was_asked(side)


def _consent_was_asked(side: Side) -> bool:
    consent = ChatStatus.PAYMENT_CONFIRMATION_REQUIRED
    sent = (each for step in side.witness.run.steps for each in step.exchanges)
    return any(each.answer is not None and each.answer.chat_status == consent for each in sent)
