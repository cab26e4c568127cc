from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
from support.sandbox import Partner, status

from probes.sandbox.server import SandboxServer

_SERVE = """
import asyncio, sys
from pathlib import Path
from exporter.audit_ending import Asked
from exporter.audit_proxy import ProxyRequest, audit_proxy
to, json, html, log = sys.argv[1:]
asked = Asked(json=Path(json), html=Path(html), log=Path(log), build="1.4.0")
sys.exit(asyncio.run(audit_proxy(ProxyRequest(to=to, asked=asked))))
"""


@dataclass(slots=True)
class Audit:
    """The proxy in a process of its own, and what became of it."""

    sandbox: SandboxServer
    partner: Partner
    folder: Path
    exit_code: int = -1
    out: str = ""
    err: str = ""
    signals: list[signal.Signals] = field(default_factory=lambda: [signal.SIGINT])


@asynccontextmanager
async def audit(folder: Path) -> AsyncIterator[Audit]:
    """An integration works through the proxy within the block, and is judged after it."""
    files = [str(folder / name) for name in ("audit.json", "audit.html", "app.log")]
    async with SandboxServer() as sandbox:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _SERVE, sandbox.base_url, *files),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        first = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        base_url = re.fullmatch(r"export BREK_BASE_URL=(http://127\.0\.0\.1:\d+)\n", first)[1]  # type: ignore[index]
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=10) as http:
            told = Audit(sandbox=sandbox, partner=Partner(sandbox, http), folder=folder)
            yield told
        for number in told.signals:
            process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), 20)
        told.exit_code, told.out, told.err = process.returncode or 0, first + out.decode(), err.decode()


async def test_an_integration_is_judged_by_what_it_did_through_the_proxy(tmp_path: Path) -> None:
    async with audit(tmp_path) as told:
        session = await told.partner.to_consent()
        answer = await told.partner.say(session, "yes, use this card", key=f"acme:{session}:confirm:001")
        ids = answer.headers["x-request-id"]
        (tmp_path / "app.log").write_text(f"booked, request {ids}\n")
    document = orjson.loads((tmp_path / "audit.json").read_bytes())
    rules = {rule["id"]: rule["state"] for rule in document["rules"]}

    assert status(answer) == "booked"
    assert told.exit_code == (1 if "broken" in rules.values() else 0)
    assert (document["kind"], document["build"], len(document["exchanges"])) == ("proxy", "1.4.0", 6)
    assert (rules["key_single_style"], rules["key_not_in_url"], rules["logs_ids"]) == ("kept", "kept", "broken")
    assert "logs_ids" in told.out
    assert "logs_ids" in (tmp_path / "audit.html").read_text()


async def test_the_key_is_in_no_word_and_no_document_of_an_audit(tmp_path: Path) -> None:
    async with audit(tmp_path) as told:
        session = await told.partner.open()
        await told.partner.say(session, f"my key is {told.partner.sandbox.api_key}")
        await told.partner.http.get(f"/api/partner/v1/core-chat/sessions/{told.sandbox.api_key}?key=x")
    documents = [(tmp_path / name).read_text() for name in ("audit.json", "audit.html")]

    assert told.exit_code == 1
    assert "key_not_in_url" in told.out
    assert not [text for text in (told.out, told.err, *documents) if told.sandbox.api_key in text]


async def test_an_audit_that_saw_nothing_can_not_tell(tmp_path: Path) -> None:
    async with audit(tmp_path) as told:
        told.signals = [signal.SIGTERM]

    assert told.exit_code == 3
    assert "sent nothing" in told.out
    assert "Ctrl-C ends the recording" in told.err
    assert "Traceback" not in told.err


async def test_a_second_ctrl_c_changes_nothing(tmp_path: Path) -> None:
    async with audit(tmp_path) as told:
        await told.partner.open()
        told.signals = [signal.SIGINT, signal.SIGINT]

    assert told.exit_code in {0, 1}
    assert "Traceback" not in told.err
    assert (tmp_path / "audit.json").exists()
