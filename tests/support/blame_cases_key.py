"""The labelled set: the key and its quota.

A label is who has to act, and was decided before the code was asked. `credentials`: the key, and how it is sent.
`quota`: how much of the key is used.
"""

from __future__ import annotations

import orjson
from support.blame_kit import (
    QUICK,
    Case,
    fault,
    hostile,
    lie,
    of_another_deployment,
    on,
    page,
    used_up_before,
    without_quota,
)

from probes.redaction import Secret
from probes.words import AuthHeader, Blame

REFUSED = {"success": False, "error": "Unauthorized", "requestId": "2a5ea99c-9884-448f-a442-35a883b64b31"}
EXPIRED = {**REFUSED, "code": "expired_partner_api_key", "details": None}
LIMITED = {"success": False, "error": "Rate limit exceeded.", "code": "rate_limited", "details": None}
WRONG = Secret("a-key-that-nobody-issued")


CREDENTIALS = (
    Case(
        name="the key is wrong",
        label=Blame.CREDENTIALS,
        why="nobody issued it",
        play=fault("", api_key=WRONG),
    ),
    Case(
        name="the key is wrong on the golden path",
        label=Blame.CREDENTIALS,
        why="the same, where money is at stake",
        play=fault("", "golden_path", api_key=WRONG),
    ),
    Case(
        name="the key is wrong, in a bearer header",
        label=Blame.CREDENTIALS,
        why="the same in another style",
        play=fault("", api_key=WRONG, auth_header=AuthHeader.AUTHORIZATION),
    ),
    Case(
        name="the key is wrong while errors are provoked",
        label=Blame.CREDENTIALS,
        why="the first request is an honest one, and is refused",
        play=fault("", "error_catalog", api_key=WRONG),
    ),
    Case(
        name="the key is wrong in every style",
        label=Blame.CREDENTIALS,
        why="no header makes it right",
        play=fault("", "auth_styles", api_key=WRONG),
    ),
    Case(
        name="the key belongs to another deployment",
        label=Blame.CREDENTIALS,
        why="a sandbox's key in production, or the other way round",
        play=of_another_deployment,
    ),
    Case(
        name="the gateway sees no key",
        label=Blame.CREDENTIALS,
        why="from the first request on: the guide says to fix the auth headers",
        play=fault("auth_missing", "golden_path_to_payment"),
    ),
    Case(
        name="the key was revoked",
        label=Blame.CREDENTIALS,
        why="403 from the first request on: the guide says to rotate or fix the key",
        play=fault("auth_rejected"),
    ),
    Case(
        name="the refusal repeats the key",
        label=Blame.CREDENTIALS,
        why="403 from the first request on, and an ugly text",
        play=fault("key_echoed", "saved_card"),
    ),
    Case(
        name="the key has expired",
        label=Blame.CREDENTIALS,
        why="401 with a code that no document knows, but it speaks of the key",
        play=lie(on("/sessions", 401, orjson.dumps(EXPIRED))),
    ),
    Case(
        name="the refusal has no code",
        label=Blame.CREDENTIALS,
        why="401 in the other envelope, from the first request on",
        play=lie(on("/sessions", 401, orjson.dumps(REFUSED))),
    ),
    Case(
        name="a gateway's own refusal over TLS",
        label=Blame.CREDENTIALS,
        why="what stands before the API checks keys too, and says so in JSON of its own",
        play=hostile(page("403 Forbidden", body=b'{"message": "Forbidden"}'), certificate="good"),
    ),
    Case(
        name="the key is revoked during a run",
        label=Blame.CREDENTIALS,
        why="it was good until a moment ago, and never will be again",
        play=fault("auth_rejected@search"),
        told=Blame.API,
    ),
    Case(
        name="the other tenant's key is wrong",
        label=Blame.CREDENTIALS,
        why="other_api_key is configured, and nobody issued it",
        play=fault("", "session_isolation", other_api_key=WRONG),
    ),
)

QUOTA = (
    Case(
        name="the quota is used up before the run",
        label=Blame.QUOTA,
        why="others have used the minute's requests",
        play=used_up_before,
    ),
    Case(
        name="the quota is used up by the run",
        label=Blame.QUOTA,
        why="three requests a minute are too few for it",
        play=fault("", "golden_path_to_payment", sandbox={"minute_quota": 3}),
    ),
    Case(
        name="the quota is used up at a read",
        label=Blame.QUOTA,
        why="the same at a snapshot",
        play=fault("", "snapshot_history", sandbox={"minute_quota": 2}),
    ),
    Case(
        name="429 says when to come back",
        label=Blame.QUOTA,
        why="nothing remains, by its own headers",
        play=fault("rate_limited@search", seconds=QUICK),
    ),
    Case(
        name="429 doesn't say when",
        label=Blame.QUOTA,
        why="nothing remains, by its own headers",
        play=fault("rate_limited_bare"),
    ),
    Case(
        name="429 without quota headers",
        label=Blame.QUOTA,
        why="the documented code, and nothing that speaks against it",
        play=lie(without_quota(on("/events", 429, orjson.dumps(LIMITED)))),
    ),
    Case(
        name="429 for an hour",
        label=Blame.QUOTA,
        why="a long wait is a limit all the same",
        play=lie(on("/events", 429, orjson.dumps(LIMITED), retry_after="3600", x_ratelimit_remaining="0")),
    ),
    Case(
        name="429 as a page over TLS",
        label=Blame.QUOTA,
        why="whoever counts there, we send more than it takes",
        play=hostile(page("429 Too Many Requests"), certificate="good"),
    ),
    Case(
        name="429 at the confirmation",
        label=Blame.QUOTA,
        why="nothing remains, where it hurts most",
        play=fault("rate_limited@confirm", "golden_path", seconds=1.0),
    ),
    Case(
        name="429 while errors are provoked",
        label=Blame.QUOTA,
        why="the key's own requests used it up",
        play=fault("", "error_catalog", sandbox={"minute_quota": 1}),
    ),
)
