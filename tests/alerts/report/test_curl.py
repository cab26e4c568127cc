"""The request as a command: run by a real shell with a curl of our own, which only tells what it was given."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.facts import a_failed_step, a_run, a_step, an_answer, an_exchange
from support.reporting import evidence_of

from alerts.report.evidence import Evidence
from alerts.report.reckoning import report_of
from probes.model import Exchange
from probes.words import AuthHeader, Environment, Operation, Outcome

TURN = {"sessionId": "sess_1", "text": "find me a hotel", "idempotencyKey": "acme:sess_1:search:001"}


def evidence_for(
    body: bytes, *, environment: Environment | None = Environment.SANDBOX, consent: bool = False, **changes: object
) -> Evidence:
    failing: Exchange = an_exchange(answer=an_answer(503), expected=False, request_body=body, **changes)
    status = "payment_confirmation_required" if consent else "shortlist"
    before = a_step(name="before", exchanges=(an_exchange(answer=an_answer(chat_status=status)),))
    evidence = evidence_of([a_run(Outcome.FAILED, steps=(before, a_failed_step(exchanges=(failing,))))])
    return replace(evidence, surroundings=replace(evidence.surroundings, environment=environment))


def command_for(body: bytes, **changes: object) -> str:
    return report_of(evidence_for(body, **changes)).curl or ""  # type: ignore[arg-type]


def arguments_of(command: str, folder: Path) -> list[str]:
    """What a shell that runs the command gives to curl."""
    curl = folder / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    curl.chmod(0o755)
    environment = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "BREK_BASE_URL": "https://api.example",
        "BREK_PARTNER_API_KEY": "a-key",
        "BREK_PORTAL_ATTACH_URL": "https://portal.example/attach",
    }
    ended = subprocess.run(["/bin/sh", "-c", command], env=environment, cwd=folder, capture_output=True, check=True)  # noqa: S603
    assert ended.stderr == b""
    assert [file.name for file in folder.iterdir()] == ["curl"]
    return ended.stdout.decode().split("\0")[:-1]


def test_the_command_sends_the_request_again(tmp_path: Path) -> None:
    arguments = arguments_of(command_for(json.dumps(TURN).encode()), tmp_path)

    assert "https://api.example/api/partner/v1/core-chat/events" in arguments
    assert "x-partner-api-key: a-key" in arguments
    assert json.loads(arguments[-1]) == {**TURN, "idempotencyKey": "acme:sess_1:search:001-repro"}


def test_it_says_why_the_idempotency_key_is_another() -> None:
    assert "# The idempotency key is a new one" in command_for(json.dumps(TURN).encode())


@pytest.mark.parametrize(
    ("style", "header"),
    [
        (AuthHeader.AUTHORIZATION, "authorization: Bearer a-key"),
        (AuthHeader.API_KEY, "api-key: a-key"),
    ],
)
def test_the_key_goes_in_the_configured_header(style: AuthHeader, header: str, tmp_path: Path) -> None:
    evidence = evidence_for(b"{}")
    styled = replace(evidence, surroundings=replace(evidence.surroundings, auth_header=style))

    assert header in arguments_of(report_of(styled).curl or "", tmp_path)


HOSTILE = [
    "'; touch owned; '",
    "$(touch owned)",
    "`touch owned`",
    '"; touch owned #',
    "\n touch owned\n",
    "\\'; touch owned",
]


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_no_text_of_a_body_reaches_the_shell(text: str, tmp_path: Path) -> None:
    arguments = arguments_of(command_for(json.dumps({**TURN, "sessionId": text}).encode()), tmp_path)

    assert json.loads(arguments[-1])["sessionId"] == text


@pytest.mark.parametrize("text", [*HOSTILE, "@/etc/passwd", "\x1b]0;owned\x07"], ids=repr)
def test_no_body_that_is_no_json_reaches_the_shell_or_the_terminal(text: str, tmp_path: Path) -> None:
    command = command_for(text.encode())

    assert all(letter.isprintable() or letter == "\n" for letter in command)
    assert "--data-raw" in arguments_of(command, tmp_path)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_no_path_reaches_the_shell(text: str, tmp_path: Path) -> None:
    path = f"/api/partner/v1/core-chat/sessions/{text}"
    command = command_for(b"", method="GET", operation=Operation.GET_SESSION, path=path)

    assert arguments_of(command, tmp_path)[4].startswith("https://api.example/api/partner/v1/core-chat/sessions/")


def test_a_base_url_with_a_path_is_not_doubled(tmp_path: Path) -> None:
    command = command_for(b"", method="GET", operation=Operation.GET_LLMS, path="/tenant/llms.txt", own_key=False)
    arguments = arguments_of(command, tmp_path)

    assert "https://api.example/llms.txt" in arguments
    assert "-H" not in arguments


WRITE = {"sessionId": "s", "kind": "action_confirm_payment_card", "idempotencyKey": "k"}


@pytest.mark.parametrize("environment", [Environment.PRODUCTION, None], ids=["production", "not known"])
@pytest.mark.parametrize(
    ("body", "consent"),
    [
        pytest.param(json.dumps(WRITE).encode(), False, id="a write"),
        pytest.param(json.dumps(TURN).encode(), True, id="any turn after consent was asked for"),
        pytest.param(b"no json", False, id="what can't be read"),
        pytest.param(b'{"kind": 7}', False, id="a kind that is no text"),
    ],
)
def test_what_may_cost_money_is_no_command_in_production(
    body: bytes, consent: bool, environment: Environment | None, tmp_path: Path
) -> None:
    command = command_for(body, environment=environment, consent=consent)

    assert "Not given as a command" in command
    assert arguments_of(command, tmp_path) == []


def test_a_card_is_never_attached_again_in_production() -> None:
    assert "Not given" in command_for(b"{}", operation=Operation.ATTACH_CARD, environment=Environment.PRODUCTION)


def test_a_search_is_a_command_in_production_too(tmp_path: Path) -> None:
    assert arguments_of(command_for(json.dumps(TURN).encode(), environment=Environment.PRODUCTION), tmp_path)


def test_a_write_is_a_command_in_a_sandbox(tmp_path: Path) -> None:
    assert arguments_of(command_for(json.dumps(WRITE).encode()), tmp_path)


def test_what_was_masked_is_said() -> None:
    assert "*** stands for a secret" in command_for(b'{"text": "my key is ***"}')
