"""When a request is sent again, and after how long: our own explicit policy, since a hidden retry hides an outage.

The guide's "Idempotency and retry": only 429 and 5xx, exponential backoff with jitter; the published
guardrails: `retry-after` is honoured where it is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from probes.model import Answer

MOST_ATTEMPTS = 3
_FIRST_STEP_SECONDS = 0.5
_LONGEST_STEP_SECONDS = 8.0


def pause_seconds(
    answer: Answer, *, attempt: int, left: float, uniform: Callable[[float, float], float]
) -> float | None:
    """How long to wait before the next attempt; None if there must be none.

    `attempt` counts from 1, `left` is what remains of the deadline in seconds: a pause that would not
    leave any of it ends the step.
    """
    retryable = answer.status_code == 429 or answer.status_code >= 500
    if not retryable or attempt >= MOST_ATTEMPTS:
        return None
    jittered = uniform(0.0, min(_LONGEST_STEP_SECONDS, _FIRST_STEP_SECONDS * 2**attempt))
    pause = max(jittered, answer.retry_after_seconds or 0.0)
    return pause if pause < left else None
