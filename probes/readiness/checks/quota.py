"""The key's minute quota: told in each good answer, enough for the expected traffic, and what a 429 says."""

from __future__ import annotations

from probes.readiness.checks.answering import Answered, failed, passed, unexercised
from probes.readiness.checks.seeing import Fall, Scene, Sight, first, proofs
from probes.words import FailureKind

GOLDEN_PATH_REQUESTS = 7  # one session, five turns, one look at the snapshot
_LIMIT, _REMAINING = "x-ratelimit-limit", "x-ratelimit-remaining"


def quota_headers(scene: Scene) -> Answered:
    """Both headers in every good answer, as whole numbers, and no more left than there is."""
    expected = f"{_LIMIT} and {_REMAINING} in every good answer, whole numbers, no more left than the limit"
    sights = scene.good_sights()
    if not sights:
        return unexercised(expected, "no good answer came", "See what failed.")
    wrong = [(problem, sight) for sight in sights if (problem := _problem(sight)) is not None]
    if wrong:
        seen = f"{len(wrong)} of {len(sights)} good answers: {first(problem for problem, _ in wrong)}"
        advice = "Tell Brek, with the request ids. Until then your client can't see how near it is to the limit."
        return failed(expected, seen, advice, proofs(sight for _, sight in wrong))
    return passed(expected, f"in all {len(sights)} good answers; the limit is {_limit(scene)} a minute")


def _problem(sight: Sight) -> str | None:
    answer = sight.exchange.answer
    if answer is None:
        return None
    limit, remaining = answer.ratelimit_limit, answer.ratelimit_remaining
    for name, value in ((_LIMIT, limit), (_REMAINING, remaining)):
        if value is None:
            return f"{name} is no whole number" if name in answer.headers else f"no {name}"
    if limit is not None and remaining is not None and remaining > limit:
        return f"{remaining} of {limit} left"
    return None


def _limit(scene: Scene) -> int | None:
    """The lowest that the API told, else what was heard or is configured."""
    told = [
        sight.exchange.answer.ratelimit_limit
        for sight in scene.sights()
        if sight.exchange.tells_own_quota and sight.exchange.answer and sight.exchange.answer.ratelimit_limit
    ]
    return min(told, default=scene.heard.limit_told or scene.target.quota.limit)


def headroom(scene: Scene) -> Answered:
    """The expected peak and what probes take, against the limit; and nothing that ran into it meanwhile."""
    expected = "the key's quota holds the expected traffic and the probes beside it"
    hit = [fall for fall in scene.falls() if _hit_limit(fall)]
    if hit:
        advice = "Find out who else uses this key, wait a minute and play it again; or ask Brek for a higher limit."
        return failed(expected, first(fall.told for fall in hit), advice, proofs(hit))
    limit, peak = _limit(scene), scene.options.peak_sessions_per_minute
    left = f"; at the lowest {_lowest(scene)} requests were left" if _lowest(scene) is not None else ""
    if peak is None:
        reserve = f"{scene.target.quota.reserve:.0%}"
        seen = f"the expected traffic was not given, so only the probes' own reserve of {reserve} is kept{left}"
        return unexercised(expected, seen, "Give --peak-sessions-per-minute.")
    if limit is None:
        return unexercised(expected, "no limit was told", "See quota_headers, or configure quota.limit.")
    return _reckoned(scene, expected, peak, limit)


def _hit_limit(fall: Fall) -> bool:
    return fall.failure.kind is FailureKind.RATE_LIMITED and fall.at_api


def _reckoned(scene: Scene, expected: str, peak: float, limit: int) -> Answered:
    quota = scene.target.quota
    traffic, probing = peak * GOLDEN_PATH_REQUESTS, quota.share * limit
    needed = traffic + probing
    sum_shown = (
        f"{peak:g} sessions a minute, {GOLDEN_PATH_REQUESTS} requests each, and {probing:g} of probes: "
        f"{needed:g} of {limit} requests a minute"
    )
    if needed > limit:
        most = max(0.0, limit - probing) / GOLDEN_PATH_REQUESTS
        advice = f"Ask Brek for at least {needed:.0f} requests a minute, or go live with at most {most:.1f} sessions."
        return failed(expected, sum_shown, advice)
    if needed > limit * (1 - quota.reserve):
        return passed(expected, sum_shown, "It is close: at the peak, probes will be held back to keep their reserve.")
    return passed(expected, sum_shown)


def _lowest(scene: Scene) -> int | None:
    answers = (sight.exchange.answer for sight in scene.sights() if sight.exchange.tells_own_quota)
    return min(
        (each.ratelimit_remaining for each in answers if each and each.ratelimit_remaining is not None), default=None
    )


def retry_after(scene: Scene) -> Answered:
    """Where a 429 was met: a retry-after that can be read. That it is sent at all is nowhere promised."""
    expected = "a 429 tells in retry-after when to come again, where it tells it at all"
    met = [sight for sight in scene.sights() if sight.at_api and sight.exchange.status_code == 429]
    if not met:
        return unexercised(expected, "no 429 was met", "Nothing to do: the quota was kept.")
    sent = [sight for sight in met if sight.exchange.answer and "retry-after" in sight.exchange.answer.headers]
    unread = [sight for sight in sent if sight.exchange.answer and sight.exchange.answer.retry_after_seconds is None]
    if unread:
        advice = "Tell Brek. Until then your client must back off by itself, with jitter."
        return failed(expected, f"{len(unread)} of {len(met)} can't be read", advice, proofs(unread))
    if not sent:
        return passed(
            expected,
            f"no retry-after in {len(met)} answers 429; it isn't promised",
            "Your client must back off by itself, with jitter.",
        )
    return passed(expected, f"in {len(sent)} of {len(met)} answers 429, and it can be read")
