"""All checks in the order in which they are told, each with its title and the guide's own sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from probes.model import Target
from probes.readiness.checks import conversation, key, quota, shapes, transport
from probes.readiness.checks.answering import Answered
from probes.readiness.checks.scenarios import scenarios
from probes.readiness.checks.seeing import Heard, Scene
from probes.readiness.model import Check, Plan, Waiver
from probes.readiness.planning import Options
from probes.readiness.words import SCENARIO_PREFIX, CheckId, CheckState


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is known of a check before anything is played. `source` is a sentence of Brek's documents, word for word."""

    title: str
    source: str
    answer: Callable[[Scene], Answered]


KINDS: Mapping[CheckId, Kind] = {
    CheckId.KEY_ACCEPTED: Kind(
        title="The key is accepted",
        source="Send one of these headers on every request",
        answer=key.key_accepted,
    ),
    CheckId.TENANT: Kind(
        title="The key is the right partner's", source="x-partner-id: resolved partner ID", answer=key.tenant
    ),
    CheckId.HEADER_STYLES: Kind(
        title="The key works in all three header styles",
        source="Send one of these headers on every request",
        answer=key.header_styles,
    ),
    CheckId.WRONG_KEY: Kind(
        title="A wrong key is refused",
        source="Invalid key -> 403, code=invalid_partner_api_key",
        answer=key.wrong_key,
    ),
    CheckId.MISSING_KEY: Kind(
        title="A missing key is refused",
        source="Missing key -> 401, code=missing_partner_api_key",
        answer=key.missing_key,
    ),
    CheckId.TLS: Kind(
        title="All traffic goes over TLS", source="Use HTTPS/TLS for all partner traffic", answer=transport.tls
    ),
    CheckId.QUOTA_HEADERS: Kind(
        title="Good answers tell the quota",
        source="x-ratelimit-remaining: remaining requests in current window",
        answer=quota.quota_headers,
    ),
    CheckId.HEADROOM: Kind(
        title="The quota holds the expected traffic",
        source="x-ratelimit-limit: minute quota for this key",
        answer=quota.headroom,
    ),
    CheckId.RETRY_AFTER: Kind(
        title="A 429 says when to come again",
        source="honour retry-after where it is sent, then exponential backoff with jitter",
        answer=quota.retry_after,
    ),
    CheckId.LATENCY: Kind(
        title="Answers come in time",
        source="Open a circuit breaker after repeated 5xx or timeouts",
        answer=transport.latency,
    ),
    CheckId.IDEMPOTENCY: Kind(
        title="A repeated write takes effect once",
        source="Keep the same idempotencyKey for retrying the same write action",
        answer=conversation.idempotency,
    ),
    CheckId.TEXT_TURN_KEY: Kind(
        title="A text turn's key is honoured",
        source="Keep the same idempotencyKey for retrying the same write action",
        answer=conversation.text_turn_key,
    ),
    CheckId.ISOLATION: Kind(
        title="A session is one actor's and one tenant's",
        source="Ensure one session is always scoped to one actor",
        answer=conversation.isolation,
    ),
    CheckId.ENVELOPES: Kind(
        title="Answers come in their documented envelopes",
        source="Prefer OpenAPI schema for request shaping and validation",
        answer=shapes.envelopes,
    ),
    CheckId.DOCUMENTED_HEADERS: Kind(
        title="Good answers carry the documented headers",
        source="Common response headers (successful authenticated calls)",
        answer=shapes.documented_headers,
    ),
    CheckId.CORRELATION: Kind(
        title="Ids are there and agree",
        source="Log x-request-id and requestId for incident triage",
        answer=shapes.correlation,
    ),
    CheckId.CONTRACT_FILES: Kind(
        title="The published files can be read",
        source="For agent/tool integrations, use these directly",
        answer=shapes.contract_files,
    ),
    CheckId.CONTRACT_DRIFT: Kind(
        title="The OpenAPI file says what the guide says",
        source="Validate your integration against OpenAPI before release",
        answer=shapes.contract_drift,
    ),
    CheckId.CLOCK_SKEW: Kind(
        title="Both clocks agree",
        source="looks like sess_1771456953407_g7p6233d (prefix, epoch milliseconds, random tail)",
        answer=transport.clock_skew,
    ),
}


def checks_of(
    plan: Plan,
    target: Target,
    heard: Heard,
    options: Options,
    waivers: Iterable[Waiver] = (),
    *,
    today: date,
    now: datetime,
) -> tuple[Check, ...]:
    """Every check, in order; the scenarios' come last. May be asked again while the plan is played."""
    scene = Scene(plan=plan, target=target, heard=heard, options=options, now=now)
    by_id = {waiver.check_id: waiver for waiver in waivers}
    return tuple(_waived(check, by_id.get(check.check_id), today) for check in _checks(scene))


def _checks(scene: Scene) -> Iterator[Check]:
    for check_id, kind in KINDS.items():
        yield _check(check_id, kind.title, kind.source, kind.answer(scene))
    for asked in scenarios(scene):
        yield _check(f"{SCENARIO_PREFIX}{asked.name}", f"Scenario {asked.name}", asked.source, asked.answered)


def _check(check_id: str, title: str, source: str, answered: Answered) -> Check:
    return Check(
        check_id=check_id,
        title=title,
        source=source,
        state=answered.state,
        expected=answered.expected,
        seen=answered.seen,
        what_to_do=answered.what_to_do,
        proofs=answered.proofs,
    )


def _waived(check: Check, waiver: Waiver | None, today: date) -> Check:
    """With its waiver, which lets a failure pass and nothing else: what nobody could tell stays untold."""
    if waiver is None:
        return check
    if not waiver.holds(today):
        said = f"Its waiver ({waiver.place}) expired on {waiver.until} and doesn't count."
    elif check.state is CheckState.FAILED:
        return replace(check, waiver=waiver, waived=True)
    elif check.state is CheckState.PASSED:
        said = f"Its waiver ({waiver.place}) is not needed: take it out."
    else:
        said = f"Its waiver ({waiver.place}) lets a failure pass, and there was none."
    return replace(check, waiver=waiver, what_to_do=f"{check.what_to_do} {said}".strip())
