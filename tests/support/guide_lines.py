"""Lines of Brek's documents, word for word, by the list in which they stand; code marks are left out."""

from __future__ import annotations

from collections.abc import Mapping

ERROR_CATALOG = (
    (
        "400",
        "invalid_request or validation message",
        "Missing/invalid request fields",
        "Fix request, do not blind retry",
    ),
    ("401", "missing_partner_api_key", "No API key provided", "Fix auth headers"),
    ("403", "invalid_partner_api_key", "API key not recognized", "Rotate/fix key"),
    ("404", "session_not_found", "Session missing or tenant mismatch", "Recreate or remap session"),
    ("409", "n/a", "Actor mismatch for session owner check", "Fix actor/session mapping"),
    ("429", "rate_limited", "Per-minute quota exceeded", "Retry with backoff"),
    ("5xx", "varies", "Unexpected server/proxy issue", "Retry with backoff + alerting"),
)
GUIDE_LINES: Mapping[str, tuple[str, ...]] = {
    "Production checklist": (
        "Persist sessionId by actorId",
        "Handle every known result.status",
        "Parse artifacts defensively (optional fields)",
        "Implement retry + idempotency policy",
        "Alert on repeated 401/403/429 and 5xx",
        "Keep keys in your secret manager",
        "Validate your integration against OpenAPI before release",
    ),
    "Security requirements": (
        "Keep partner API keys server-side only",
        "Use HTTPS/TLS for all partner traffic",
        "Do not send raw PCI card data in chat payloads",
        "Log x-request-id and requestId for incident triage",
        "Ensure one session is always scoped to one actor",
    ),
    "Agent guardrails": (
        "Never assume booking completion without status=booked",
        "Never call write kinds without idempotencyKey",
        "Never reuse one session across different actors",
        "Always propagate requestId and traceId into logs",
        "Prefer OpenAPI schema for request shaping and validation",
    ),
    "Agent integration playbook": (
        "Ensure a session exists (POST /sessions once per actor lifecycle)",
        "Send user turn (POST /events)",
        "Branch only on data.result.status",
        "Execute external steps (for example card setup) when required",
        "Continue until terminal status (booked or error)",
    ),
    "Published guardrails for integrators": (
        "429: honour retry-after where it is sent, then exponential backoff with jitter.",
        "Open a circuit breaker after repeated 5xx or timeouts; stop calls on 401/403 (a key problem).",
        "Log x-request-id, x-partner-id, x-ratelimit-limit, x-ratelimit-remaining.",
        "Never retry a booking or a payment confirmation without the same idempotencyKey.",
        "Never send or store a raw card number or CVV; only a tokenised paymentMethodId.",
    ),
    "Error catalog": tuple(" · ".join(row) for row in ERROR_CATALOG),
    "Authentication, sessions and retries": (
        "Send one of these headers on every request",
        "Never expose partner keys in browser/mobile clients",
        "If you send actor.actorId in POST /events, it must match the session owner",
        "Always branch on data.result.status",
        "Retry only 429 and 5xx",
        "Use exponential backoff + jitter",
        "Keep the same idempotencyKey for retrying the same write action",
        "Idempotency key format recommendation: <partner>:<sessionId>:<action>:<sequence>",
    ),
}
