"""A sandbox that misbehaves, asked whether it is ready: it isn't, for the right reason, and the request shows it.

Each fault everywhere and at single steps: the first check that fails is the root.
"""

from __future__ import annotations

import asyncio

import pytest
from support.readying import Readied, with_faults

from probes.readiness.checks.seeing import API_OPERATIONS
from probes.readiness.model import Proof
from probes.readiness.words import CheckState, Verdict
from probes.sandbox.words import FaultName
from probes.words import FailureKind

ROOTS: dict[str, tuple[str, str]] = {
    "auth_missing": ("key_accepted", "HTTP 401"),
    "auth_rejected": ("key_accepted", "HTTP 403"),
    "key_echoed": ("key_accepted", "HTTP 403"),
    "auth_missing@get_session": ("key_accepted", "HTTP 401"),
    "auth_rejected@confirm": ("key_accepted", "HTTP 403 at book_by_action/confirm"),
    "rate_limited": ("headroom", FailureKind.RATE_LIMITED),
    "rate_limited_bare": ("headroom", FailureKind.RATE_LIMITED),
    "rate_limited@search": ("headroom", FailureKind.RATE_LIMITED),
    "redirect": ("scenario:auth_styles", FailureKind.REDIRECT),
    "server_error": ("scenario:auth_styles", FailureKind.SERVER_ERROR),
    "server_error_before": ("scenario:auth_styles", FailureKind.SERVER_ERROR),
    "server_error_validation": ("scenario:auth_styles", FailureKind.SERVER_ERROR),
    "server_error_html": ("scenario:auth_styles", FailureKind.SERVER_ERROR),
    "server_error@attach_card": ("scenario:book_by_action", FailureKind.SERVER_ERROR),
    "server_error@openapi": ("contract_files", FailureKind.SERVER_ERROR),
    "hang@confirm": ("scenario:book_by_action", FailureKind.TIMEOUT),
    "drip": ("scenario:auth_styles", FailureKind.TIMEOUT),
    "reset": ("scenario:auth_styles", FailureKind.RESET),
    "truncated": ("scenario:auth_styles", FailureKind.TRUNCATED),
    "huge_body": ("scenario:auth_styles", FailureKind.BODY_TOO_LARGE),
    "decompression_bomb": ("envelopes", FailureKind.NOT_JSON),
    "not_json": ("envelopes", FailureKind.NOT_JSON),
    "not_json@get_session": ("envelopes", FailureKind.NOT_JSON),
    "wrong_content_type": ("envelopes", FailureKind.NOT_JSON),
    "wrong_status": ("scenario:auth_styles", "HTTP 418"),
    "wrong_status@name": ("scenario:book_by_action", FailureKind.CHAT_STATUS),
    "early_booked": ("scenario:auth_styles", FailureKind.UNEXPECTED_BOOKING),
    "missing_artifact": ("scenario:book_by_action", FailureKind.ARTIFACT),
    "other_session": ("scenario:auth_styles", FailureKind.NOT_FOUND),
    "other_session@search": ("isolation", FailureKind.IDENTITY),
    "missing_headers": ("quota_headers", "no x-ratelimit-limit"),
    "mismatched_ids": ("correlation", "correlation_mismatch"),
    "truncated@llms": ("contract_files", FailureKind.TRUNCATED),
}

WITHOUT_IDS = {"missing_headers"}


@pytest.fixture(scope="module")
def all_readied() -> dict[str, Readied]:
    async def readied() -> dict[str, Readied]:
        return {spec: await with_faults(spec) for spec in (*ROOTS, "markup", "slow")}

    return asyncio.run(readied())


@pytest.fixture
def readied(request: pytest.FixtureRequest, all_readied: dict[str, Readied]) -> Readied:
    return all_readied[request.param]


@pytest.mark.parametrize(
    ("readied", "root"), [(spec, root) for spec, (root, _) in ROOTS.items()], indirect=["readied"], ids=list(ROOTS)
)
def test_a_fault_says_no_and_the_first_failing_check_is_its_root(readied: Readied, root: str) -> None:
    assert readied.verdict is Verdict.NOT_READY
    assert readied.failed[0] == root
    assert readied.sentence.startswith(f"not ready, because {root} failed: ")


@pytest.mark.parametrize(
    ("readied", "seen"), [(spec, seen) for spec, (_, seen) in ROOTS.items()], indirect=["readied"], ids=list(ROOTS)
)
def test_the_root_says_what_was_seen_and_what_to_do(readied: Readied, seen: str) -> None:
    root = readied.check(readied.failed[0])

    assert seen in root.seen
    assert root.expected
    assert root.what_to_do


@pytest.mark.parametrize("readied", [spec for spec in ROOTS if spec not in WITHOUT_IDS], indirect=True)
def test_each_failed_check_names_the_run_the_step_and_the_request(readied: Readied) -> None:
    proofs = [check.proofs for check in readied.checks if check.state is CheckState.FAILED]
    nameless = [
        proof
        for each in proofs
        for proof in each
        if not proof.run_id or not proof.step or (_is_answer_of_api(proof) and not proof.request_id)
    ]

    assert all(proofs)
    assert nameless == []


def _is_answer_of_api(proof: Proof) -> bool:
    return proof.status_code is not None and proof.operation in API_OPERATIONS


def test_every_fault_of_the_sandbox_is_asked_after() -> None:
    asked = {spec.partition("@")[0] for spec in ROOTS}

    assert set(FaultName) - asked == {FaultName.MARKUP, FaultName.SLOW}


@pytest.mark.parametrize("readied", ["markup", "slow"], indirect=True)
def test_what_breaks_no_promise_is_ready(readied: Readied) -> None:
    assert (readied.verdict, readied.failed) == (Verdict.READY, [])
