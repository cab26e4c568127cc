"""Pictures of the answers of `ready` and `audit` for the docs: of a sandbox and an integration that were really asked.

`make readiness-pictures` writes docs/ready-*.png and docs/audit-*.png anew. Look at them before you believe them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from playwright.async_api import Browser
from support.browser import chromium, opened
from support.integrations import command_of
from support.readying import played, ready_target
from support.report_pictures import DOCS

from alerts.readiness.audit_page import audit_page
from alerts.readiness.ready_page import ready_page
from probes.readiness.concluding import conclude
from probes.readiness.course.output import Output
from probes.readiness.course.playing import Course, play
from probes.readiness.course.situations import Situation, chosen
from probes.readiness.evidence import AuditReport, Evidence, SituationRun
from probes.readiness.model import ReadyReport
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy
from probes.readiness.words import SUITE_VERSION, AuditKind
from probes.redaction import Secret
from probes.sandbox.server import SandboxServer
from probes.sandbox.tenants import default_keys

VERSION = "0.1.0"
FAULT = "server_error@book"
INTEGRATION = "bad_ignores_retry_after"
WIDTH, HEIGHT = 960, 880
_PLENTY = 1_000_000  # requests a minute: all scenarios are played at once


class _Nobody:
    """Looks on and says nothing."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def begins(self, situation: Situation) -> None:
        """As an audience is told."""

    def ends(self, run: SituationRun, output: Output) -> None:
        """As an audience is told."""

    def output(self) -> Output:
        return Output(self._recorder.scrub)


async def a_real_answer() -> ReadyReport:
    """Of a sandbox that fails at the booking."""
    started = datetime.now(UTC)
    async with SandboxServer(faults=[FAULT], random=Random(7), minute_quota=_PLENTY) as sandbox:  # noqa: S311 - known keys
        readied = await played(ready_target(sandbox, name="acme"), peak_sessions_per_minute=2.0)
    return ReadyReport(
        verdict=readied.verdict,
        sentence=readied.sentence,
        plan=replace(readied.plan, base_url="http://127.0.0.1:3000"),
        started_at=started,
        duration_seconds=(datetime.now(UTC) - started).total_seconds(),
        requests_sent=readied.heard.requests_sent,
        checks=readied.checks,
        runs=readied.heard.runs,
        suite_version=SUITE_VERSION,
        monitor_version=VERSION,
    )


async def a_real_audit() -> AuditReport:
    """Of one of the small integrations, through the whole course."""
    keys, started = default_keys(Random(7)), datetime.now(UTC)  # noqa: S311 - known keys
    recorder = Recorder(secrets=[Secret(next(iter(keys)))])
    course = Course(
        situations=chosen(()),
        command=command_of(INTEGRATION),
        environment={"PATH": os.environ["PATH"]},
        keys=keys,
        timeout_seconds=20.0,
    )
    async with RecordingProxy("http://127.0.0.1:1", recorder) as proxy:
        runs = await play(course, proxy, _Nobody(recorder))
    return conclude(
        Evidence(kind=AuditKind.SANDBOX, exchanges=recorder.exchanges, situations=runs),
        started_at=started,
        duration_seconds=(datetime.now(UTC) - started).total_seconds(),
        build=f"{INTEGRATION} 1.0",
        previous=None,
        monitor_version=VERSION,
    )


async def _draw(browser: Browser, path: Path, name: str) -> None:
    """What is seen of it without scrolling, light and dark."""
    for scheme in ("light", "dark"):
        page = (await opened(browser, path, scheme=scheme, width=WIDTH)).page
        await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        await page.screenshot(path=DOCS / f"{name}-{scheme}.png")


async def draw() -> None:
    """Write all of them."""
    pages = {"ready": ready_page(await a_real_answer(), str), "audit": audit_page(await a_real_audit(), str)}
    with tempfile.TemporaryDirectory() as folder:
        async with chromium() as browser:
            for name, document in pages.items():
                path = Path(folder) / f"{name}.html"
                path.write_text(document, "utf-8")
                await _draw(browser, path, name)


if __name__ == "__main__":
    asyncio.run(draw())
