"""The labelled set: the API itself.

A label is who has to act, and was decided before the code was asked. `api`: whoever runs Brek's servers, its gateway
and its portal, or promised what the guide says.
"""

from __future__ import annotations

from typing import Any

import orjson
from support.blame_kit import (
    PATIENT,
    QUICK,
    Broken,
    Case,
    address,
    fault,
    gone_in_between,
    hostile,
    lie,
    on,
    page,
    portal_at,
    portal_elsewhere,
    refused,
)
from support.hostile import GARBAGE, flood_1xx, half_close, huge_header
from support.lying import DROP, Told, at, put

from probes.sandbox.words import FaultName
from probes.words import Blame

REFUSED = {"success": False, "error": "refused", "requestId": "2a5ea99c-9884-448f-a442-35a883b64b31"}
NOT_FOUND = {**REFUSED, "code": "session_not_found", "details": None}
LIMITED = {**REFUSED, "code": "rate_limited", "details": None}

ENDLESS = frozenset({FaultName.HANG, FaultName.DRIP})
AS_IT_IS: dict[str, str] = {
    FaultName.SERVER_ERROR: "500 is the server's own fault",
    FaultName.SERVER_ERROR_BEFORE: "the same, before anything was done",
    FaultName.SERVER_ERROR_VALIDATION: "504 by what stands before the API",
    FaultName.SERVER_ERROR_HTML: "502 as a page by what stands before the API",
    FaultName.HANG: "it took the request and never answered",
    FaultName.DRIP: "it never comes to an end",
    FaultName.RESET: "it took the request and hung up",
    FaultName.TRUNCATED: "it promised more than it sent",
    FaultName.HUGE_BODY: "it sends without end",
    FaultName.DECOMPRESSION_BOMB: "it sends what nobody asked for",
    FaultName.NOT_JSON: "a page of its own, with its own request id",
    FaultName.WRONG_CONTENT_TYPE: "its JSON says that it is none",
    FaultName.REDIRECT: "the guide knows no redirect, and its request id says that the API sent it",
    FaultName.OTHER_SESSION: "it confuses sessions",
    FaultName.EARLY_BOOKED: "it says booked where nobody agreed",
    FaultName.MISSING_ARTIFACT: "the guide's table promises an artifact with that status",
}


def _snapshot_without_events(told: Told) -> None:
    if told.method == "GET" and "/sessions/" in told.path:
        body: Any = told.json
        body["data"]["events"] = []
        told.say(body)


def _bearer_refused(told: Told) -> None:
    """The second session, which is asked for in another style."""
    if told.turn == 1:
        on("/sessions", 401, orjson.dumps(REFUSED))(told)


def _moved(told: Told) -> None:
    if told.path.endswith(".yaml"):
        told.status_code, told.body, told.headers = 301, b"", {"location": "/elsewhere"}


def _limited_without_key(told: Told) -> None:
    if told.status_code == 401:
        on("/sessions", 429, orjson.dumps(LIMITED))(told)


def _setup_url_of_before() -> Any:
    """Every setup URL is the first one."""
    first: list[str] = []

    def lie(told: Told) -> None:
        if told.path.endswith("/events") and b"setupUrl" in told.body:
            body: Any = told.json
            first.append(body["data"]["result"]["artifacts"]["payment"]["setupUrl"])
            body["data"]["result"]["artifacts"]["payment"]["setupUrl"] = first[0]
            told.say(body)

    return lie


API = (
    *(
        Case(
            name=f"{name} at a turn",
            label=Blame.API,
            why=why,
            play=fault(f"{name}@search", seconds=QUICK if name in ENDLESS else PATIENT),
        )
        for name, why in AS_IT_IS.items()
    ),
    Case(
        name="500 at the portal",
        label=Blame.API,
        why="the portal's own fault",
        play=fault("server_error@attach_card", "saved_card", seconds=1.0),
    ),
    Case(
        name="the portal limits our rate",
        label=Blame.API,
        why="it never gets the partner key, so no quota of ours is used up",
        play=fault("rate_limited_bare@attach_card", "saved_card", seconds=1.0),
    ),
    Case(
        name="the portal refuses a card",
        label=Blame.API,
        why="it got what the guide shows",
        play=fault("auth_rejected@attach_card", "saved_card", seconds=1.0),
    ),
    Case(
        name="the portal redirects",
        label=Blame.API,
        why="it got what the guide shows, and no document promises its answers a request id",
        play=portal_at("{server}/attach", "302 Found"),
    ),
    Case(
        name="the setup URL leads elsewhere",
        label=Blame.API,
        why="guests would be sent to a stranger",
        play=portal_elsewhere,
    ),
    Case(
        name="the key is refused in mid-conversation",
        label=Blame.API,
        why="the same key was accepted three turns before: a gateway that flaps",
        play=fault("auth_rejected@name", "golden_path_to_payment", seconds=1.0),
    ),
    Case(
        name="the key is not seen in mid-conversation",
        label=Blame.API,
        why="the same header was accepted a turn before",
        play=fault("auth_missing@search"),
    ),
    Case(
        name="a documented header style is not accepted",
        label=Blame.API,
        why="the key was accepted in another style, and the guide promises all three",
        play=lie(_bearer_refused, "auth_styles"),
    ),
    Case(
        name="a wrong key is told to be missing",
        label=Blame.API,
        why="the guide says 403 for it",
        play=fault("auth_missing@get_session", "error_catalog", seconds=1.0),
    ),
    Case(
        name="a refusal without its request id",
        label=Blame.API,
        why="the guide guarantees it",
        play=fault("missing_headers", "error_catalog", seconds=1.0),
    ),
    Case(
        name="429 although requests are left",
        label=Blame.API,
        why="its own header says that 41 remain: some other limit, which no document knows",
        play=lie(on("/events", 429, orjson.dumps(LIMITED), x_ratelimit_limit="60", x_ratelimit_remaining="41")),
    ),
    Case(
        name="429 to a request without any key",
        label=Blame.API,
        why="the quota is the key's, and none was sent",
        play=lie(_limited_without_key, "error_catalog"),
    ),
    Case(
        name="400 to a documented request",
        label=Blame.API,
        why="the guide's own request is refused",
        play=lie(on("/sessions", 400, orjson.dumps(REFUSED))),
    ),
    Case(
        name="400 to a turn of the guide",
        label=Blame.API,
        why="the guide's own words are refused",
        play=lie(on("/events", 400, orjson.dumps(REFUSED))),
    ),
    Case(
        name="404 for a session just made",
        label=Blame.API,
        why="it forgot it",
        play=lie(on("/events", 404, orjson.dumps(NOT_FOUND))),
    ),
    Case(
        name="409 to the owner of a session",
        label=Blame.API,
        why="it confuses actors",
        play=lie(on("/events", 409, orjson.dumps(REFUSED))),
    ),
    Case(
        name="418 to a new session",
        label=Blame.API,
        why="no document knows it",
        play=fault("wrong_status@create_session"),
    ),
    Case(
        name="a status that no document knows",
        label=Blame.API,
        why="every partner's integration stumbles over it",
        play=lie(at(1, put("data.result.status", "awaiting_moderation"))),
    ),
    Case(
        name="a turn without a status",
        label=Blame.API,
        why="the guide says to always branch on it",
        play=lie(at(1, put("data.result.status", DROP))),
    ),
    Case(
        name="a snapshot that forgot its events",
        label=Blame.API,
        why="the turns were answered, so what is kept of them is wrong",
        play=lie(_snapshot_without_events, "snapshot_history"),
    ),
    Case(
        name="the same setup URL once more",
        label=Blame.API,
        why="the guide promises a new one",
        play=lie(_setup_url_of_before(), "done_before_card"),
    ),
    Case(
        name="a published file is forbidden",
        label=Blame.API,
        why="the guide says that anybody may read it",
        play=fault("auth_rejected@openapi", "contract_files"),
    ),
    Case(
        name="a published file has moved",
        label=Blame.API,
        why="the guide says where it is, and promises it no request id",
        play=lie(_moved, "contract_files"),
    ),
    Case(
        name="no HTTP",
        label=Blame.API,
        why="it took the request and answered garbage",
        play=hostile(GARBAGE, certificate="good"),
    ),
    Case(
        name="hints without end",
        label=Blame.API,
        why="it took the request and never came to the point",
        play=hostile(flood_1xx, certificate="good"),
    ),
    Case(
        name="a hang-up after the request",
        label=Blame.API,
        why="it took the request and hung up in order",
        play=hostile(half_close),
    ),
    Case(
        name="a header without end",
        label=Blame.API,
        why="nobody can read that",
        play=hostile(huge_header),
    ),
    Case(
        name="the certificate has expired",
        label=Blame.API,
        why="its owner has to renew it",
        play=hostile(page("200 OK"), certificate="expired"),
    ),
    Case(
        name="the certificate is another host's",
        label=Blame.API,
        why="its owner has put the wrong one in place",
        play=hostile(page("200 OK"), certificate="wrong_host"),
    ),
    Case(
        name="the certificate is self-signed",
        label=Blame.API,
        why="a server with what it made for itself at the first start",
        play=hostile(page("200 OK"), certificate="self_signed"),
    ),
    Case(
        name="a waiting room over TLS",
        label=Blame.API,
        why="the certificate proves who sent the page",
        play=hostile(page("200 OK"), certificate="good"),
    ),
    Case(
        name="a page that forbids over TLS",
        label=Blame.API,
        why="a firewall before the API: its owner has to let us in, no key would",
        play=hostile(page("403 Forbidden", "server: edge"), certificate="good"),
    ),
    Case(
        name="a redirect over TLS",
        label=Blame.API,
        why="the certificate proves who sent it",
        play=hostile(page("302 Found", "location: https://elsewhere.invalid/"), certificate="good"),
    ),
    Case(
        name="the server goes between two turns",
        label=Blame.API,
        why="a moment before it answered us by the same way",
        play=gone_in_between,
    ),
    Case(
        name="a listener of ours breaks beside a failing API",
        label=Blame.API,
        why="500 is the server's own fault, whoever of us stumbles over it",
        play=fault("server_error", listener=Broken()),
    ),
    Case(
        name="the server is down",
        label=Blame.API,
        why="its machine answers that nobody listens there",
        play=refused,
        told=Blame.NETWORK,
    ),
    Case(
        name="the name was given up",
        label=Blame.API,
        why="its owner took the record out of the DNS",
        play=address("http://www.brek.invalid"),
        told=Blame.NETWORK,
    ),
)
