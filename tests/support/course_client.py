"""A small integration for the tests of the course: run as a program, it talks as BREKWATCH_SITUATION asks it to."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

BASE = os.environ.get("BREK_BASE_URL", "") + "/api/partner/v1/core-chat"
CARD = {"paymentMethodId": "pm_card_visa", "cardBrand": "visa", "cardLast4": "4242", "expMonth": 12, "expYear": 2030}


def post(url: str, body: object) -> Any:
    headers = {"content-type": "application/json", "x-partner-api-key": os.environ["BREK_PARTNER_API_KEY"]}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - a test's own address
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return json.load(answer)["data"]


def main() -> int:
    """The golden path once; each error ends it."""
    session = post(f"{BASE}/sessions", {"actor": {"actorId": "guest-1"}})["sessionId"]
    turns = ["find me a seattle hotel from 5/15 to 5/16", "book option 1", "guest name is John Doe", "Done"]
    agrees = os.environ["BREKWATCH_SITUATION"] != "decline"
    for number, text in enumerate([*turns, "yes, use this card" if agrees else "no"]):
        body = {"sessionId": session, "text": text, "idempotencyKey": f"test:{session}:turn:{number:03d}"}
        result = post(f"{BASE}/events", body)["result"]
        sys.stdout.write(f"{result['status']}\n")
        setup_url = result.get("artifacts", {}).get("payment", {}).get("setupUrl", "")
        if setup_url:
            post(os.environ["BREK_PORTAL_ATTACH_URL"], {"portalToken": setup_url.rpartition("/")[2], **CARD})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (urllib.error.URLError, ConnectionError) as problem:
        sys.stderr.write(f"ended by {problem}, key {os.environ['BREK_PARTNER_API_KEY']}\n")
        sys.exit(1)
