"""A check fails only by an answer to its own question: what another check tells is left to that one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from support.facts import NOON, a_failed_step, a_run, a_step, a_target
from support.lies import text, wherever
from support.lying import Lying
from support.readying import Readied, judged, played, ready_target, with_faults

from probes.model import Finding, Portal, Run
from probes.readiness.checks import Heard
from probes.readiness.words import CheckState
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.words import FailureKind, FaultKind, FindingKind, Operation, Outcome


def replay(kind: FailureKind | None) -> Run:
    """A run of `idempotent_replay` that ended at its last repeat."""
    again = a_step(name="confirm_again") if kind is None else a_failed_step(kind, name="confirm_again")
    outcome = Outcome.PASSED if kind is None else Outcome.FAILED
    return a_run(outcome, scenario="idempotent_replay", steps=(a_step(name="book_again"), again))


def asked(*runs: Run, least: Fraction = Fraction(1)) -> Readied:
    target = a_target(portal=Portal(attach_url="http://127.0.0.1:3000/portal"))
    return judged(target, Heard(runs=runs), now=NOON, repeat=len(runs), least=least)


@pytest.mark.parametrize("kind", [FailureKind.SERVER_ERROR, FailureKind.TIMEOUT, FailureKind.RATE_LIMITED])
def test_a_server_that_breaks_says_nothing_of_idempotency(kind: FailureKind) -> None:
    readied = asked(replay(kind))

    assert readied.state("idempotency") is CheckState.NOT_EXERCISED
    assert readied.check("idempotency").what_to_do == "See scenario:idempotent_replay."


@pytest.mark.parametrize("kind", [FailureKind.ARTIFACT, FailureKind.CONFLICT, FailureKind.UNEXPECTED_BOOKING])
def test_another_answer_to_the_same_write_does(kind: FailureKind) -> None:
    assert asked(replay(kind)).failed[0] == "idempotency"


def test_a_question_too_is_asked_of_the_share_of_good_runs() -> None:
    runs = replay(None), replay(None), replay(FailureKind.ARTIFACT)

    assert asked(*runs, least=Fraction(2, 3)).state("idempotency") is CheckState.PASSED
    assert asked(*runs).state("idempotency") is CheckState.FAILED


def test_a_finding_in_a_run_that_tells_nothing_fails_nothing() -> None:
    missing = Finding(kind=FindingKind.MISSING_HEADER, detail="x-partner-id", operation=Operation.SEND_EVENT)
    seen = a_run(steps=(a_step(findings=(missing,)),))
    unknown = replace(seen, outcome=Outcome.UNKNOWN, reason=FaultKind.BUG)

    assert asked(seen).failed == ["documented_headers"]
    assert asked(unknown).failed == []


async def test_a_server_that_breaks_everywhere_has_not_accepted_the_key() -> None:
    readied = await with_faults("server_error_before", scenarios=("quick_search",))

    assert readied.state("key_accepted") is CheckState.NOT_EXERCISED


async def test_a_key_that_is_refused_as_configured_is_no_matter_of_header_styles() -> None:
    readied = await with_faults("auth_rejected", scenarios=("auth_styles",))

    assert readied.failed == ["key_accepted", "scenario:auth_styles"]


async def test_a_published_file_that_can_not_be_read_is_no_envelope_of_the_api() -> None:
    lie = wherever(200, text("openapi: 3", "openapi: [3"), path="/openapi")
    async with SandboxServer() as sandbox, Lying(sandbox.base_url, lie) as server:
        readied = await played(ready_target(sandbox, base_url=server.base_url), scenarios=("contract_files",))

    assert readied.failed == ["contract_files", "scenario:contract_files"]


async def test_another_tenant_s_key_that_is_refused_is_the_configuration_s_matter() -> None:
    async with SandboxServer() as sandbox:
        target = ready_target(sandbox, other_api_key=Secret("a-key-that-nobody-issued-0123456789"))
        readied = await played(target, scenarios=("session_isolation",))

    assert readied.failed == ["scenario:session_isolation"]
    assert readied.check("scenario:session_isolation").what_to_do.startswith("The other key is not accepted")
