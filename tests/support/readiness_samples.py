"""Reports of `ready` and `audit` for whoever shows them: sound, troubled, and of every state there is."""

from __future__ import annotations

from datetime import date, timedelta

from support.facts import NOON, REQUEST_ID, RUN_ID, SESSION_ID, TRACE_ID, a_run, an_answer

from probes.model import Run
from probes.readiness.evidence import (
    Attestation,
    AuditReport,
    Evidence,
    Judgement,
    RuleChange,
    Seen,
    SituationRun,
)
from probes.readiness.model import Check, LeftOut, Plan, PlannedScenario, Proof, ReadyReport, Waiver
from probes.readiness.words import (
    AuditKind,
    CheckId,
    CheckState,
    Lost,
    RuleId,
    RuleState,
    SituationName,
    Verdict,
)
from probes.words import AuthHeader, Environment, Operation, Outcome

TODAY = NOON.date()
PROOF = Proof(
    run_id=RUN_ID,
    scenario="golden_path",
    step="book",
    operation="send_event",
    status_code=503,
    code="upstream_unavailable",
    request_id=REQUEST_ID,
    trace_id=TRACE_ID,
    session_id=SESSION_ID,
)


def a_check(check_id: str = CheckId.TLS, state: CheckState = CheckState.PASSED, **changes: object) -> Check:
    facts: dict[str, object] = {
        "check_id": check_id,
        "title": "All traffic goes over TLS",
        "source": "Use HTTPS/TLS for all partner traffic",
        "state": state,
        "expected": "https, with a certificate that is good for 14 days at least",
        "seen": "https, good until 2027-03-01",
    }
    return Check(**(facts | changes))  # type: ignore[arg-type]


def a_waiver(until: date = TODAY + timedelta(days=14), **changes: object) -> Waiver:
    facts: dict[str, object] = {
        "check_id": CheckId.QUOTA_HEADERS,
        "reason": "Brek adds the header with its next release",
        "until": until,
        "place": "waivers.yaml:3",
    }
    return Waiver(**(facts | changes))  # type: ignore[arg-type]


def a_plan(**changes: object) -> Plan:
    facts: dict[str, object] = {
        "target": "acme",
        "base_url": "https://sandbox.acme.example",
        "environment": Environment.SANDBOX,
        "scenarios": (
            PlannedScenario(
                name="golden_path", times=2, requests=8, sends="a whole booking, and its cancellation", leaves="booking"
            ),
            PlannedScenario(name="quick_search", times=2, requests=2, sends="a search", leaves="session"),
        ),
        "left_out": (LeftOut(name="session_isolation", why="no other_api_key is configured", cannot_tell=False),),
        "requests": 20,
        "limit": 60,
        "limit_known": False,
    }
    return Plan(**(facts | changes))  # type: ignore[arg-type]


FAILED = (
    a_check(
        "scenario:golden_path",
        CheckState.FAILED,
        title="A new guest without a saved card books a hotel",
        source="artifacts.booking.confirmationUrl available",
        expected="HTTP 200 and chat status booked",
        seen="HTTP 503, upstream_unavailable",
        what_to_do="Retry later. If it stays so, send these ids to Brek's support.",
        proofs=(PROOF, Proof(run_id=RUN_ID, scenario="golden_path", step="confirm", operation="send_event")),
    ),
    a_check(
        CheckId.RETRY_AFTER,
        CheckState.FAILED,
        title="A 429 says when to come back",
        source="429 rate_limited: Per-minute quota exceeded. Retry with backoff",
        expected="a retry-after that can be read",
        seen="retry-after: soon",
        what_to_do="Ask Brek for a number of seconds.",
        waiver=a_waiver(TODAY - timedelta(days=1), check_id=CheckId.RETRY_AFTER, place="waivers.yaml:7"),
    ),
)
CANNOT_TELL = a_check(
    CheckId.CLOCK_SKEW,
    CheckState.CANNOT_TELL,
    title="Both clocks agree",
    source="sess_1771456953407_g7p6233d (prefix, epoch milliseconds, random tail)",
    expected="less than 60 s apart",
    seen="the clock of this machine was set while the checks were played",
    what_to_do="Let the clock be kept by NTP, then ask again.",
)
WAIVED = a_check(
    CheckId.QUOTA_HEADERS,
    CheckState.FAILED,
    title="Answers tell the key's quota",
    source="x-ratelimit-limit: minute quota for this key",
    expected="x-ratelimit-limit and x-ratelimit-remaining on every good answer",
    seen="no x-ratelimit-limit on 2 of 40 answers",
    waiver=a_waiver(),
    waived=True,
    proofs=(PROOF,),
)
NOT_EXERCISED = a_check(
    CheckId.HEADROOM,
    CheckState.NOT_EXERCISED,
    title="The quota suffices for the expected traffic",
    expected="room for the sessions at peak",
    seen="the expected traffic was not given",
    what_to_do="Give it with --peak-sessions-per-minute.",
)
PASSED = (
    a_check(CheckId.KEY_ACCEPTED, title="The key is accepted", source="Invalid key -> 403", seen="40 of 40 answers"),
    a_check(CheckId.TLS, waiver=a_waiver(check_id=CheckId.TLS, place="waivers.yaml:11")),
    a_check(CheckId.TENANT, title="The key belongs to the right tenant", source="x-partner-id: resolved partner ID"),
    a_check("scenario:quick_search", title="A guest searches", seen="2 of 2 runs passed"),
)


def a_ready_report(**changes: object) -> ReadyReport:
    """One in which everything is there: a check of each state, waivers of each kind."""
    facts: dict[str, object] = {
        "verdict": Verdict.NOT_READY,
        "sentence": "Not ready, because scenario:golden_path and retry_after failed; 1 waiver expired.",
        "plan": a_plan(),
        "started_at": NOON,
        "duration_seconds": 41.5,
        "requests_sent": 22,
        "checks": (*FAILED, CANNOT_TELL, WAIVED, NOT_EXERCISED, *PASSED),
        "runs": several_runs(),
        "suite_version": "1.0",
        "monitor_version": "0.1.0",
    }
    return ReadyReport(**(facts | changes))  # type: ignore[arg-type]


def several_runs() -> tuple[Run, ...]:
    failed = a_run(Outcome.FAILED, scenario="golden_path", reason="server_error", detail="book: saw 503")
    return (failed, a_run(started_at=NOON + timedelta(seconds=9)), a_run(Outcome.DEGRADED, reason="latency"))


def a_good_report() -> ReadyReport:
    return a_ready_report(
        verdict=Verdict.READY,
        sentence="Ready.",
        checks=PASSED,
        runs=(a_run(),),
        plan=a_plan(left_out=(), limit_known=True),
    )


def an_unsure_report() -> ReadyReport:
    sentence = "Can't tell, because clock_skew can't be told."
    return a_ready_report(verdict=Verdict.CANNOT_TELL, sentence=sentence, checks=(CANNOT_TELL, *PASSED))


def a_seen(number: int = 1, **changes: object) -> Seen:
    """A turn, answered."""
    facts: dict[str, object] = {
        "number": number,
        "situation": SituationName.NORMAL_BOOKING,
        "began_seconds": float(number),
        "received_seconds": number + 0.01,
        "ended_seconds": number + 0.5,
        "started_at": NOON + timedelta(seconds=number),
        "method": "POST",
        "path": "/api/partner/v1/core-chat/events",
        "query": "",
        "headers": (("content-type", "application/json"),),
        "operation": Operation.SEND_EVENT,
        "request": {"sessionId": SESSION_ID, "text": "Done", "idempotencyKey": f"demo:{SESSION_ID}:book:{number:03}"},
        "key_styles": (AuthHeader.PARTNER_API_KEY,),
        "key_number": 1,
        "answer": an_answer(chat_status="shortlist"),
    }
    return Seen(**(facts | changes))  # type: ignore[arg-type]


EXCHANGES = (
    a_seen(1, path="/api/partner/v1/core-chat/sessions", operation=Operation.CREATE_SESSION, request={}),
    a_seen(2, situation=SituationName.RATE_LIMITED, answer=an_answer(429, code="rate_limited")),
    a_seen(3, situation=SituationName.RATE_LIMITED),
    a_seen(4, situation=SituationName.LOST_ANSWER, lost=Lost.BY_SERVER, answer=None),
    a_seen(5, situation=SituationName.LOST_ANSWER, answer=None, ended_seconds=None),
)


def a_judgement(rule: RuleId, state: RuleState = RuleState.KEPT, **changes: object) -> Judgement:
    facts: dict[str, object] = {
        "rule": rule,
        "source": "Keep the same idempotencyKey for retrying the same write action",
        "state": state,
        "detail": "2 repeats, each with the key of the first",
    }
    return Judgement(**(facts | changes))  # type: ignore[arg-type]


BY_A_PERSON = Attestation(
    about=RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED, by="the team lead", on=TODAY, note="seen in staging"
)
ON_CALL = Attestation(about="on_call_contact", by="the team lead", on=TODAY)
JUDGEMENTS = (
    a_judgement(
        RuleId.HONOURS_RETRY_AFTER,
        RuleState.BROKEN,
        source="Use exponential backoff + jitter",
        detail="came back after 0.50 s where 2 s were asked for",
        exchanges=EXCHANGES[1:3],
    ),
    a_judgement(
        RuleId.KEY_FORM,
        RuleState.ADVICE,
        source="Idempotency key format recommendation: <partner>:<sessionId>:<action>:<sequence>",
        detail="1 key has another form",
        exchanges=EXCHANGES[:1],
    ),
    a_judgement(
        RuleId.TLS,
        RuleState.NOT_EXERCISED,
        source="Use HTTPS/TLS for all partner traffic",
        detail="on loopback there is no TLS to see",
    ),
    a_judgement(
        RuleId.SURVIVES_UNKNOWN_STATUS,
        RuleState.NOT_EXERCISED,
        source="Handle every known result.status",
        detail="no unknown status was told",
        exercised_by=(SituationName.UNKNOWN_STATUS,),
    ),
    a_judgement(RuleId.SAME_KEY_ON_RETRY),
    a_judgement(
        RuleId.NO_BOOKING_CLAIM_BEFORE_BOOKED,
        source="Never assume booking completion without status=booked",
        detail=f"attested by the team lead on {TODAY}, not seen: seen in staging",
        attestation=BY_A_PERSON,
    ),
)
SITUATIONS = (
    SituationRun(
        situation=SituationName.NORMAL_BOOKING, began_seconds=0.5, ended_seconds=1.9, exit_code=0, reached=True
    ),
    SituationRun(situation=SituationName.RATE_LIMITED, began_seconds=2, ended_seconds=3.9, exit_code=1, reached=True),
    SituationRun(situation=SituationName.LOST_ANSWER, began_seconds=4, ended_seconds=9, timed_out=True),
)


def an_evidence(**changes: object) -> Evidence:
    facts: dict[str, object] = {
        "kind": AuditKind.SANDBOX,
        "exchanges": EXCHANGES,
        "situations": SITUATIONS,
        "attestations": (BY_A_PERSON, ON_CALL),
    }
    return Evidence(**(facts | changes))  # type: ignore[arg-type]


def an_audit_report(**changes: object) -> AuditReport:
    """One in which everything is there: a rule in each state, one attested, exchanges of every ending."""
    facts: dict[str, object] = {
        "verdict": Verdict.NOT_READY,
        "sentence": "1 rule is broken: honours_retry_after.",
        "kind": AuditKind.SANDBOX,
        "started_at": NOON,
        "duration_seconds": 9.5,
        "judgements": JUDGEMENTS,
        "evidence": an_evidence(),
        "evidence_sha256": "6f1ed002ab5595859014ebf0951522d9" * 2,
        "suite_version": "1.0",
        "monitor_version": "0.1.0",
        "build": "booking-bot 4.2.1",
        "changes": (RuleChange(rule=RuleId.HONOURS_RETRY_AFTER, was="kept", now=RuleState.BROKEN),),
        "compared_with": "audit.json of 2026-11-20",
        "notes": ("The command was run once for each situation.",),
    }
    return AuditReport(**(facts | changes))  # type: ignore[arg-type]


def a_kept_audit() -> AuditReport:
    return an_audit_report(
        verdict=Verdict.READY,
        sentence="No rule is broken.",
        judgements=JUDGEMENTS[-2:],
        changes=(),
        evidence=an_evidence(exchanges=EXCHANGES[:1], situations=SITUATIONS[:1]),
    )


def an_empty_audit() -> AuditReport:
    return an_audit_report(
        verdict=Verdict.CANNOT_TELL,
        sentence="The integration sent nothing to the API, so nothing can be said of it.",
        kind=AuditKind.PROXY,
        judgements=(),
        evidence=Evidence(kind=AuditKind.PROXY, exchanges=()),
        build=None,
        changes=None,
        compared_with=None,
        notes=(),
    )


READY_SAMPLES = {"not-ready": a_ready_report, "ready": a_good_report, "cannot-tell": an_unsure_report}
AUDIT_SAMPLES = {"broken": an_audit_report, "kept": a_kept_audit, "nothing-seen": an_empty_audit}
