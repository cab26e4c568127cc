"""What Brek's public documents say, word for word, as far as checks and rules name it as their source.

Copied from the partner guide and from the endpoint pages. Where the guide sets words in a code font, lines break
around them when its text is copied: compare with `in_the_documents`, which minds no blanks and no backticks.
"""

from __future__ import annotations

import re

GUIDE = """
Create a partner chat session.
Send one user turn or explicit action event to an existing session.
Fetch current session snapshot and event history.
For agent/tool integrations, use these directly:
- OpenAPI: https://www.brek.ai/openapi/partner-core-chat-v1.yaml
- LLM index: https://www.brek.ai/llms.txt
Common response headers (successful authenticated calls):
x-request-id: request trace ID
x-ratelimit-limit: minute quota for this key
x-ratelimit-remaining: remaining requests in current window
x-partner-id: resolved partner ID
Note:
- For early auth failures (401,403),x-request-idis guaranteed; other headers may be absent.
Send one of these headers on every request:
- Missing key -> 401, code=missing_partner_api_key
- Invalid key -> 403, code=invalid_partner_api_key
- Rate limited -> 429, code=rate_limited
- Persist sessionId by actorId
- Never reuse one sessionId across different users
- If you send actor.actorId in POST /events, it must match the session owner
Always branch on data.result.status.
shortlist | Search candidates ready | Render options and ask user selection | artifacts.shortlist[] |
- Retry only 429 and 5xx
- Use exponential backoff + jitter
- Keep the same idempotencyKey for retrying the same write action
Golden path: no saved card to booked
User says "Done" before card attach:
User already has saved card:
User declines payment confirmation:
- Keep partner API keys server-side only
- Use HTTPS/TLS for all partner traffic
- Do not send raw PCI card data in chat payloads
- Log x-request-id and requestId for incident triage
- Ensure one session is always scoped to one actor
- Alert on repeated 401/403/429 and 5xx
- Validate your integration against OpenAPI before release
- Continue until terminal status (booked or error)
- Never assume booking completion without status=booked
- Never call write kinds without idempotencyKey
- Always propagate requestId and traceId into logs
- Prefer OpenAPI schema for request shaping and validation
"""

ENDPOINT_PAGES = """
`data.sessionId` looks like `sess_1771456953407_g7p6233d` (prefix, epoch milliseconds, random tail).
- 429: honour `retry-after` where it is sent, then exponential backoff with jitter.
- Open a circuit breaker after repeated 5xx or timeouts; stop calls on 401/403 (a key problem).
"""


def _bare(text: str) -> str:
    return re.sub(r"[\s`]", "", text)


_ALL = _bare(GUIDE) + _bare(ENDPOINT_PAGES)


def in_the_documents(sentence: str) -> bool:
    """Whether it stands there."""
    return _bare(sentence) in _ALL
