"""Books a hotel through Brek's Core Chat API with explicit actions (`kind` and `payload`), in one file.

    BREK_BASE_URL=… BREK_PARTNER_API_KEY=… BREK_PORTAL_ATTACH_URL=… python good_by_kind.py [--log FILE]

Python 3.11 and nothing else. Where the guide publishes no kind, such as for the guest's name, it sends a text. Exit
code 0: booked, declined, or stopped politely; 1: an error was shown to it.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

API = os.environ["BREK_BASE_URL"].rstrip("/") + "/api/partner/v1/core-chat"
KEY = os.environ["BREK_PARTNER_API_KEY"]
ATTACH_URL = os.environ["BREK_PORTAL_ATTACH_URL"]
DECLINES = os.environ.get("BREKWATCH_SITUATION") == "decline"
ACTOR = {"actorId": "partner_user_007", "timezoneOffsetMinutes": 120}
TRIES = 4
CARD = {"paymentMethodId": "pm_card_visa", "cardBrand": "visa", "cardLast4": "4242", "setAsDefault": True}


class GaveUpError(Exception):
    """An error was shown that another try does not mend."""


class LostSessionError(Exception):
    """404: the session is not there any more."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The key goes to nobody else."""


OPENER = urllib.request.build_opener(_NoRedirect)


def write_log(line: str) -> None:
    """One line more, in the file of `--log`, else on stderr."""
    line = f"{datetime.now(UTC).isoformat()} {line}\n"
    if len(sys.argv) > 2 and sys.argv[1] == "--log":
        with Path(sys.argv[2]).open("a", encoding="utf-8") as file:
            file.write(line)
    else:
        sys.stderr.write(line)


def inside(value: Any, *path: str) -> dict[str, Any]:
    """The object at a path, an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def exchange(url: str, body: object, headers: dict[str, str]) -> tuple[int, Any, dict[str, Any]]:
    """One HTTP exchange: status, headers, body. Raises OSError or HTTPException where no whole answer came."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"})  # noqa: S310 - configured
    try:
        answer = OPENER.open(request, timeout=30)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        content = answer.read()
    try:
        return answer.status, answer.headers, inside(json.loads(content))
    except ValueError:
        return answer.status, answer.headers, {}


def ask_once(path: str, body: dict[str, Any] | None) -> tuple[dict[str, Any] | None, float]:
    """`data` of a good answer, else None and how many seconds were asked for. Raises where another try is no use."""
    code, headers, answer = exchange(API + path, body, {"Authorization": f"Bearer {KEY}"})
    data = inside(answer, "data")
    write_log(f"{code} requestId={headers.get('x-request-id')} traceId={inside(data, 'result').get('traceId')}")
    if code == 429 or code >= 500:
        asked = headers.get("retry-after", "0")
        return None, float(asked) if asked.isdecimal() else 0.0
    if code == 404:
        raise LostSessionError
    if code >= 300:
        raise GaveUpError(f"{code} {answer.get('error', '')}")
    return data, 0.0


def ask(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """`data` of the answer: 429, 5xx and a lost answer are asked again, after a longer time each, with the same key."""
    asked = 0.0
    for attempt in range(TRIES):
        if attempt:
            time.sleep(max(asked * 1.05, 0.2 * 2**attempt) + secrets.randbelow(300) / 1000)
        try:
            data, asked = ask_once(path, body)
            if data is not None:
                return data
        except (OSError, HTTPException) as lost:
            write_log(f"no whole answer: {type(lost).__name__}")
            if body and "sessionId" in body and newest_status(body["sessionId"]) == "booked":
                return {"result": {"status": "booked"}}
            asked = 0.0
    raise GaveUpError(f"no good answer in {TRIES} tries")


def newest_status(session: str) -> object:
    """What the snapshot says of the session's last event."""
    events = ask(f"/sessions/{session}").get("events") or [{}]
    return inside(events[-1]).get("resultStatus")


def attach_card(artifacts: dict[str, Any]) -> None:
    """What the guest does in the portal. Without a link there is nothing to open: "Done" will bring a new one."""
    link = inside(artifacts, "payment").get("setupUrl")
    if not link:
        return
    expiry = {"expMonth": 12, "expYear": datetime.now(UTC).year + 3}
    try:
        exchange(ATTACH_URL, {"portalToken": str(link).rpartition("/")[2], **CARD, **expiry}, {})
    except (OSError, HTTPException) as lost:
        write_log(f"the portal did not answer: {type(lost).__name__}")


def booking_turn(artifacts: dict[str, Any]) -> dict[str, Any]:
    """The first option by its id; in words where the list, or the id, is missing."""
    options = artifacts.get("shortlist") or [{}]
    option = inside(options[0]).get("optionId")
    if option is None:
        return {"text": "can you help me book option 1"}
    return {"kind": "action_book_option", "payload": {"optionId": option}}


def next_turn(status: object, artifacts: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The turn that a status asks for, with a name for its key; None where the conversation is over."""
    match status:
        case None:
            return "search", {"kind": "search_query", "text": "Seattle Mar 20-23 1 room refundable"}
        case "shortlist":
            return "book", booking_turn(artifacts)
        case "guest_name_required":
            return "name", {"text": "guest name is John Doe"}
        case "payment_setup_required":
            attach_card(artifacts)
            return "done", {"text": "Done"}
        case "payment_confirmation_required":
            confirmation = {"kind": "action_confirm_payment_card", "payload": {}}
            return ("decline", {"text": "no"}) if DECLINES else ("confirm", confirmation)
        case _:
            return None


def turns(session: str) -> Iterator[object]:
    """Plays the conversation, turn by turn, and yields the status after each."""
    status: object = None
    artifacts: dict[str, Any] = {}
    for sequence in range(1, 13):
        following = next_turn(status, artifacts)
        if following is None:
            return
        action, turn = following
        key = f"demo:{session}:{action}:{sequence:03}"
        result = inside(ask("/events", {"sessionId": session, **turn, "idempotencyKey": key}), "result")
        status, artifacts = result.get("status", "none at all"), inside(result, "artifacts")
        yield status


def book_hotel() -> int:
    """One conversation in a session of its own, to its end."""
    session = ask("/sessions", {"actor": ACTOR, "conversation": {"channelId": "partner-chat"}}).get("sessionId")
    *_, last = turns(str(session))
    print({"booked": "booked", "error": "nothing was booked"}.get(str(last), "this needs a person"))
    return 1 if last == "error" and not DECLINES else 0


def main() -> int:
    """The exit code."""
    try:
        try:
            return book_hotel()
        except LostSessionError:
            write_log("the session is gone: once more, for the same guest")
            return book_hotel()
    except (GaveUpError, LostSessionError) as error:
        write_log(f"gave up: {error!r}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
