"""What Brek's documents say to do about a failure, and whose move it is. Data, and the choice among it."""

from __future__ import annotations

from alerts.report.facts import Advice
from alerts.report.stretch import Stretch
from probes.words import TRANSPORT_KINDS, Blame, FailureKind, Operation

CATALOG = "Brek partner guide, “Error catalog”"
RETRIES = "Brek partner guide, “Idempotency and retry”"
AUTH = "Brek partner guide, “Authentication”"
STATUSES = "Brek partner guide, “Status-driven integration model”"
CONVENTIONS = "Brek partner guide, “API conventions”"
IDENTITY = "Brek partner guide, “Session model and identity rules”"
GUARDRAILS = "Brek, published guardrails for integrators"
SECURITY = "Brek partner guide, “Security requirements”"
PLAYBOOK = "Brek partner guide, “Agent integration playbook”"
OWN = "brekwatch"
SUPPORT = "leo@pageonelab.com"

_RETRY = "Retry only 429 and 5xx, with exponential backoff and jitter, and the same idempotencyKey for the same write."

_BY_KIND: dict[FailureKind, tuple[str, tuple[str, ...], str]] = {
    FailureKind.INVALID_REQUEST: (
        "400: missing or invalid request fields",
        ("Fix the request; do not retry it blindly.",),
        CATALOG,
    ),
    FailureKind.AUTH_MISSING: (
        "401 missing_partner_api_key: no API key was provided",
        ("Fix the auth headers: send exactly one of x-partner-api-key, Authorization: Bearer, or api-key.",),
        CATALOG,
    ),
    FailureKind.AUTH_REJECTED: (
        "403 invalid_partner_api_key: the API key is not recognized",
        ("Rotate or fix the key.",),
        CATALOG,
    ),
    FailureKind.NOT_FOUND: (
        "404 session_not_found: the session is missing, or another tenant's",
        ("Recreate or remap the session.",),
        CATALOG,
    ),
    FailureKind.CONFLICT: (
        "409: the actor is not the session's owner",
        ("Fix the mapping of actors to sessions.",),
        CATALOG,
    ),
    FailureKind.RATE_LIMITED: (
        "429 rate_limited: the quota of the minute is spent",
        ("Retry with backoff.", "Honour retry-after where it is sent, then exponential backoff with jitter."),
        f"{CATALOG}; {GUARDRAILS}",
    ),
    FailureKind.SERVER_ERROR: (
        "5xx: an unexpected server or proxy issue",
        ("Retry with backoff, and alert.", "Open a circuit breaker after repeated 5xx or timeouts."),
        f"{CATALOG}; {GUARDRAILS}",
    ),
    FailureKind.CHAT_STATUS: (
        "The conversation took another turn than the guide's",
        (
            "Always branch on data.result.status; at error, show a fallback and stop write actions.",
            "Never assume that a booking is complete without status=booked.",
        ),
        f"{STATUSES}; {PLAYBOOK}",
    ),
    FailureKind.ARTIFACT: (
        "An artifact of this status is missing",
        ("The key artifacts of each status are in the guide's table.", "Parse artifacts defensively: fields may lack."),
        STATUSES,
    ),
    FailureKind.UNEXPECTED_BOOKING: (
        "A booking where none was to be",
        (
            "Cancel it by hand if it stands, before its free cancellation ends.",
            "Scenarios that leave a booking are stopped on this target until somebody says: brekwatch resume TARGET.",
        ),
        OWN,
    ),
    FailureKind.IDENTITY: (
        "An answer about another session or actor than ours",
        (
            "One session is always scoped to one actor: this may be another guest's data.",
            "Stop using the affected sessions, and tell Brek at once.",
        ),
        f"{IDENTITY}; {SECURITY}",
    ),
    FailureKind.TLS: (
        "No secure connection could be made",
        ("All partner traffic uses HTTPS/TLS: don't switch verification off.", "Look at the certificate and its end."),
        SECURITY,
    ),
    FailureKind.REDIRECT: (
        "The API answered with a redirect, which no document allows",
        ("Don't follow it with the key: check the base URL first.",),
        CONVENTIONS,
    ),
    FailureKind.PORTAL: (
        "The payment portal could not be used",
        ("The portal is outside of the core chat API: check the attach URL that is configured.",),
        OWN,
    ),
    FailureKind.LATENCY: (
        "The answer came, and too late",
        ("Compare the waits on the timeline with the budget before you ask for more of it.",),
        OWN,
    ),
}
_SHAPE = (
    "The answer doesn't have a documented shape",
    ("Validate the answer against the OpenAPI file, and report the difference with the ids.",),
    CONVENTIONS,
)
_SILENCE = (
    "No whole answer came",
    (
        "Open a circuit breaker after repeated timeouts.",
        "Never retry a booking or a payment confirmation without the same idempotencyKey: it may have been made.",
    ),
    GUARDRAILS,
)
_BY_BLAME: dict[Blame, tuple[str, str]] = {
    Blame.API: (
        "Brek",
        f"Send the ids of this report to Brek's support, {SUPPORT}; --format email writes the message.",
    ),
    Blame.CONVERSATION: (
        "Brek, after a look by you",
        f"Read the conversation first: brekwatch runs show RUN. If the turn is wrong, send the ids to {SUPPORT}.",
    ),
    Blame.CREDENTIALS: (
        "whoever holds the partner key",
        "Compare the key with what Brek issued; stop calls until then.",
    ),
    Blame.QUOTA: ("whoever sends with this key", "See on the timeline who spends the quota; slow that down first."),
    Blame.NETWORK: (
        "whoever runs the network between",
        "Run brekwatch doctor on this machine, and from another network.",
    ),
    Blame.MONITOR: ("whoever runs brekwatch", "The API can't be judged by this: run brekwatch doctor."),
}


def advice_of(stretch: Stretch) -> tuple[Advice, ...]:
    """What to do, in this order: what the documents say of the kind, how to retry, and who acts."""
    if stretch.cause is None:
        return ()
    kind = stretch.cause.kind
    heading, sentences, source = _of_kind(kind)
    found = [Advice(heading=heading, sentences=sentences, source=source)]
    if kind in {FailureKind.SERVER_ERROR, FailureKind.RATE_LIMITED} or kind in TRANSPORT_KINDS:
        found.append(Advice(heading="Retries", sentences=(_RETRY,), source=RETRIES))
    if kind in {FailureKind.AUTH_MISSING, FailureKind.AUTH_REJECTED}:
        stop = "Stop calls on 401 and 403: it is a key problem, and no retry mends it."
        found.append(Advice(heading="Until the key works", sentences=(stop,), source=f"{AUTH}; {GUARDRAILS}"))
    who, what = _BY_BLAME[stretch.blame] if stretch.blame in _BY_BLAME else _BY_BLAME[Blame.API]
    if stretch.cause.operation is Operation.ATTACH_CARD:
        what = f"{what} The card was attached at the portal, not at the core chat API: say so."
    return (*found, Advice(heading=f"Who acts: {who}", sentences=(what,), source=OWN))


def _of_kind(kind: FailureKind) -> tuple[str, tuple[str, ...], str]:
    return _BY_KIND.get(kind, _SILENCE if kind in TRANSPORT_KINDS else _SHAPE)
