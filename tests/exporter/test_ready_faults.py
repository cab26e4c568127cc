"""The whole command against a sandbox that misbehaves: no, for the right reason, with the request that shows it."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.commands import variables_of
from support.logging_state import logging_restored

from exporter.ready_command import check_readiness
from exporter.ready_request import Places, ReadyRequest
from probes import settings
from probes.sandbox.server import SandboxServer

FAULTS = {
    "auth_missing": ("quick_search", "key_accepted"),
    "auth_rejected@search": ("quick_search", "key_accepted"),
    "key_echoed": ("quick_search", "key_accepted"),
    "rate_limited_bare@get_session": ("quick_search", "headroom"),
    "redirect@search": ("quick_search", "scenario:quick_search"),
    "server_error@search": ("quick_search", "scenario:quick_search"),
    "server_error_before@create_session": ("quick_search", "scenario:quick_search"),
    "server_error_validation@get_session": ("quick_search", "scenario:quick_search"),
    "server_error_html@book": ("golden_path_to_payment", "scenario:golden_path_to_payment"),
    "server_error@openapi": ("contract_files", "contract_files"),
    "not_json@llms": ("contract_files", "contract_files"),
    "huge_body@search": ("quick_search", "scenario:quick_search"),
    "decompression_bomb@search": ("quick_search", "envelopes"),
    "not_json@get_session": ("quick_search", "envelopes"),
    "wrong_content_type@search": ("quick_search", "envelopes"),
    "wrong_status@name": ("golden_path_to_payment", "scenario:golden_path_to_payment"),
    "early_booked@search": ("quick_search", "scenario:quick_search"),
    "missing_artifact@name": ("golden_path_to_payment", "scenario:golden_path_to_payment"),
    "other_session@search": ("quick_search", "isolation"),
    "missing_headers@search": ("quick_search", "quota_headers"),
    "mismatched_ids@search": ("quick_search", "correlation"),
    "reset@confirm": ("golden_path", "scenario:golden_path"),
    "truncated@done": ("golden_path", "scenario:golden_path"),
}
WITHOUT_ANSWER = {"reset@confirm", "truncated@done", "missing_headers@search", "huge_body@search"}
"""No request id came: the run, its step and the session are what there is to name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a check."""

    exit_code: int
    out: str
    document: dict[str, Any]
    secrets: tuple[str, ...]

    def first_failed(self) -> dict[str, Any]:
        """The first check that failed."""
        return next(check for check in self.document["checks"] if check["state"] == "failed")


async def ask(fault: str, scenario: str, folder: Path) -> Asked:
    document = folder / "ready.json"
    request = ReadyRequest(names=(scenario,), least=Fraction(1), places=Places(json=document))
    out = io.StringIO()
    async with SandboxServer(faults=[fault]) as sandbox:
        variables = {**variables_of(sandbox), "BREKWATCH_JOURNAL": f"sqlite:///{folder / 'journal.db'}"}
        with logging_restored(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = await check_readiness(settings.find(None, variables), request, folder, uniform=lambda *_: 0.0)
    return Asked(code, out.getvalue(), json.loads(document.read_text()), (sandbox.api_key,))


@pytest.mark.parametrize(("fault", "scenario", "root"), [(name, *told) for name, told in FAULTS.items()], ids=FAULTS)
async def test_a_fault_ends_with_exit_code_1_and_names_the_check_and_the_request(
    tmp_path: Path, fault: str, scenario: str, root: str
) -> None:
    asked = await ask(fault, scenario, tmp_path)
    first = asked.first_failed()
    (proof, *_) = first["proofs"]
    named = proof["run_id"] if fault in WITHOUT_ANSWER else proof["request_id"]

    assert asked.exit_code == 1, asked.out
    assert asked.document["verdict"] == "not_ready"
    assert first["id"] == root
    assert f"failed  {root}" in asked.out
    assert named
    assert named in asked.out
    assert not [secret for secret in asked.secrets if secret in asked.out]


def test_twenty_faults_and_more_are_asked_after() -> None:
    assert len(FAULTS) >= 20
