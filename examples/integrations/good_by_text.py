"""Books a hotel through Brek's Core Chat API with text turns, and keeps the rules of Brek's partner guide.

    BREK_BASE_URL=… BREK_PARTNER_API_KEY=… BREK_PORTAL_ATTACH_URL=… python good_by_text.py [--log FILE]

Python 3.11 and nothing else. It plays a guest who wants option 1, and says "no" to the payment where
BREKWATCH_SITUATION is `decline`. Exit code 0: booked, declined, or stopped politely; 1: an error was shown to it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from brek_api import AnswerLostError, Api, RefusedError, SessionGoneError, exchange, log, part

SEARCH = "find me a las vegas hotel from 5/15 to 5/16 that is cheap and refundable"
CARD = {"paymentMethodId": "pm_card_visa", "cardBrand": "visa", "cardLast4": "4242", "expMonth": 12}
MOST_TURNS = 12


@dataclass(frozen=True, slots=True)
class Result:
    """What a turn led to: `data.result`, of which every part may be missing."""

    status: str | None
    artifacts: dict[str, Any] = field(default_factory=dict)


class Integration(Api):
    """One guest's conversation."""

    actor = "partner_user_001"

    def __init__(self, *, base_url: str, api_key: str, attach_url: str, declines: bool) -> None:
        super().__init__(base_url=base_url, api_key=api_key)
        self.attach_url = attach_url
        self.declines = declines
        self.sessions: dict[str, str] = {}
        self.sequence = 0

    def run(self) -> int:
        """The conversation, once more from its start if the session is lost."""
        try:
            return self.converse()
        except SessionGoneError:
            log.warning("the session is gone: a new one for the same guest")
            self.sessions.pop(self.actor, None)
            return self.converse()

    def converse(self) -> int:
        """Turn by turn, until a status that ends it."""
        result = self.say("search", SEARCH)
        for _ in range(MOST_TURNS):
            following = self.react(result)
            if following is None:
                return self.finish(result)
            result = following
        raise RefusedError("the conversation leads nowhere")

    def react(self, result: Result) -> Result | None:
        """The next turn. It depends on the status, and on nothing else."""
        match result.status:
            case "shortlist":
                found = result.artifacts.get("shortlist")
                return self.say("book", "can you help me book option 1") if found else self.say("search", SEARCH)
            case "guest_name_required":
                return self.say("name", "guest name is John Doe")
            case "payment_setup_required":
                return self.set_up_card(result)
            case "payment_confirmation_required":
                return self.say("decline", "no") if self.declines else self.say("confirm", "yes, use this card")
            case _:
                return None

    def finish(self, result: Result) -> int:
        """Tells the guest how it ended."""
        if result.status == "booked":
            print("booked", link_in(result, "booking", "confirmationUrl"))
        elif result.status == "error":
            print("Nothing was booked.")
        else:
            log.warning("unknown status %r, last known: %r", result.status, self.last_status())
            print("This needs a person: please ask our support.")
        return 0 if result.status != "error" or self.declines else 1

    def set_up_card(self, result: Result) -> Result:
        """The guest attaches a card in the portal, and says so. Without a link, "Done" asks for a new one."""
        setup_url = link_in(result, "payment", "setupUrl")
        if setup_url:
            body = {"portalToken": setup_url.rpartition("/")[2], **CARD, "setAsDefault": True}
            body["expYear"] = datetime.now(UTC).year + 3
            try:
                exchange("POST", self.attach_url, body, {"content-type": "application/json"})
            except AnswerLostError:
                log.warning("the portal's answer was lost")
        return self.say("done", "Done")

    def session(self) -> str:
        """The guest's session; a new one only if there is none."""
        if self.actor not in self.sessions:
            actor = {"actorId": self.actor, "timezoneOffsetMinutes": -420}
            created = part(self.call("POST", "/sessions", {"actor": actor}), "data").get("sessionId")
            if not created:
                raise RefusedError("no session was given")
            self.sessions[self.actor] = str(created)
        return self.sessions[self.actor]

    def say(self, action: str, text: str) -> Result:
        """One turn of the guest."""
        return self.turn(action, {"text": text})

    def turn(self, action: str, said: dict[str, object]) -> Result:
        """Sends a turn with a key of its own. If its answer is lost, the snapshot tells whether it booked."""
        session = self.session()
        self.sequence += 1
        body = {"sessionId": session, "actor": {"actorId": self.actor}, **said, "idempotencyKey": self.key(action)}
        return result_of(self.call("POST", "/events", body, when_lost=self.known_instead))

    def key(self, action: str) -> str:
        """The key of a new action."""
        return f"demo:{self.sessions[self.actor]}:{action}:{self.sequence:03}"

    def known_instead(self) -> dict[str, Any] | None:
        """Before a turn is sent again whose answer was lost: the snapshot tells whether it has booked already."""
        return {"data": {"result": {"status": "booked"}}} if self.last_status() == "booked" else None

    def last_status(self) -> str | None:
        """The newest status that the session's snapshot holds."""
        events = part(self.call("GET", f"/sessions/{self.session()}"), "data").get("events") or [{}]
        return part(events[-1]).get("resultStatus")


def result_of(body: dict[str, Any]) -> Result:
    """`data.result` of a turn's answer."""
    result = part(body, "data", "result")
    return Result(status=result.get("status"), artifacts=part(result, "artifacts"))


def link_in(result: Result, artifact: str, name: str) -> str:
    """A link in an artifact, if both are there."""
    return str(part(result.artifacts, artifact).get(name) or "")


def main(integration: type[Integration]) -> None:
    """Runs the conversation, and ends with the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", help="a file for the log; without it, the log goes to stderr")
    logging.basicConfig(filename=parser.parse_args().log, level=logging.INFO, format="%(asctime)s %(message)s")
    client = integration(
        base_url=os.environ["BREK_BASE_URL"],
        api_key=os.environ["BREK_PARTNER_API_KEY"],
        attach_url=os.environ["BREK_PORTAL_ATTACH_URL"],
        declines=os.environ.get("BREKWATCH_SITUATION") == "decline",
    )
    try:
        sys.exit(client.run())
    except (RefusedError, SessionGoneError) as error:
        log.error("gave up: %s", error)
        sys.exit(1)


if __name__ == "__main__":
    main(Integration)
