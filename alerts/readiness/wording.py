"""The closed words of a readiness report as people read them, each with a sign of its own and a class of colour."""

from __future__ import annotations

from dataclasses import dataclass

from probes.readiness.model import Proof
from probes.readiness.words import AuditKind, Lost, RuleState, Statement, Verdict

PASSED_SIGN = "\N{CHECK MARK}"
FAILED_SIGN = "\N{MULTIPLICATION X}"
UNSURE_SIGN = "?"
WAIVED_SIGN = "\N{DOWNWARDS ARROW WITH TIP RIGHTWARDS}"
UNSEEN_SIGN = "\N{EN DASH}"
ADVICE_SIGN = "!"
ATTESTED_SIGN = "\N{LOWER RIGHT PENCIL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A word with its sign, and the class that gives it its colour on a page."""

    word: str
    sign: str
    css: str


VERDICTS = {
    Verdict.READY: Standing(word="Ready", sign=PASSED_SIGN, css="good"),
    Verdict.NOT_READY: Standing(word="Not ready", sign=FAILED_SIGN, css="bad"),
    Verdict.CANNOT_TELL: Standing(word="Can't tell", sign=UNSURE_SIGN, css="unsure"),
}
RULE_STATES = {
    RuleState.KEPT: Standing(word="kept", sign=PASSED_SIGN, css="passed"),
    RuleState.BROKEN: Standing(word="broken", sign=FAILED_SIGN, css="failed"),
    RuleState.ADVICE: Standing(word="advice", sign=ADVICE_SIGN, css="degraded"),
    RuleState.NOT_EXERCISED: Standing(word="not exercised", sign=UNSEEN_SIGN, css="skipped"),
}
AUDIT_KINDS = {
    AuditKind.SANDBOX: "an integration, against the stand-in of brekwatch",
    AuditKind.PROXY: "an integration, through a recording proxy in front of the API",
}
LOST = {
    Lost.BY_SERVER: "no whole answer: the API broke off",
    Lost.BY_CLIENT: "no whole answer: the integration went away",
}
STATEMENTS = {
    Statement.ON_CALL_CONTACT: "Somebody is on call, and Brek knows how to reach them",
    Statement.ROLLBACK_PLAN: "There is a plan for taking the launch back",
    Statement.KEY_IN_SECRET_MANAGER: "The partner key is kept in a secret manager",
    Statement.ALERTS_ON_REPEATED_ERRORS: "Repeated 401/403/429 and 5xx raise an alert",
}


def because(verdict: Verdict, sentence: str) -> str:
    """The sentence of a verdict without the verdict, which stands before it: of `not ready because x`, `Because x`."""
    word, rest = VERDICTS[verdict].word, sentence.strip()
    if rest.lower().startswith(word.lower()):
        rest = rest[len(word) :].lstrip(" ,:;.")
    end = "." if rest and rest[-1] not in ".!?" else ""
    return rest[:1].upper() + rest[1:] + end


def request_of(proof: Proof) -> str:
    """Which request it was, as far as that is known: `send_event in step book of golden_path: HTTP 503`."""
    places = ((" in step ", proof.step), (" of ", proof.scenario))
    where = "".join(f"{before}{place}" for before, place in places if place)
    answer = answered(proof.status_code, proof.code) if proof.operation else ""
    return f"{proof.operation or 'the run'}{where}" + (f": {answer}" if answer else "")


def answered(status_code: int | None, code: str | None) -> str:
    """What came back, in a few words."""
    if status_code is None:
        return "no answer"
    return f"HTTP {status_code}" + (f", {code}" if code else "")


def ids_of(proof: Proof) -> tuple[tuple[str, str], ...]:
    """What Brek's support asks for, by name; only what there is."""
    named = (
        ("requestId", proof.request_id),
        ("traceId", proof.trace_id),
        ("sessionId", proof.session_id),
        ("our run", proof.run_id),
    )
    return tuple((name, value) for name, value in named if value)


def statement_of(word: str) -> str:
    """A statement as a sentence; another word stands for itself."""
    return STATEMENTS[Statement(word)] if word in set(Statement) else word
