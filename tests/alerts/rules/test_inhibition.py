"""One cause pages once: what a real Alertmanager tells a receiver when the alerts of one cause fire together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from support.alertmanager import alertmanager
from support.pager import Pager, as_shipped
from support.rules import RULES, alerts

CONFIG = RULES.parent / "alertmanager.yml"
PAGES = {rule["alert"] for rule in alerts() if rule["labels"]["severity"] != "ticket"} - {"BrekWatchdog"}
FAILING = ("BrekGoldenPathFailing", "BrekScenarioFailing", "BrekErrorBudgetBurnFast")
TOGETHER: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "a_key_that_is_rejected": (("BrekAuthRejected", *FAILING, "BrekProbeStale"), ["BrekAuthRejected"]),
    "a_key_that_does_not_arrive": (("BrekAuthMissing", *FAILING, "BrekProbeStale"), ["BrekAuthMissing"]),
    "an_api_that_fails": (("BrekServerErrors", *FAILING), ["BrekServerErrors"]),
    "a_quota_that_is_used_up": (("BrekRateLimited", *FAILING), ["BrekRateLimited"]),
    "guests_who_cannot_book": (FAILING, ["BrekGoldenPathFailing"]),
    "a_scenario_that_fails": (FAILING[1:], ["BrekScenarioFailing"]),
    "bookings_that_are_stopped": (("BrekUnexpectedBooking", "BrekProbeStale"), ["BrekUnexpectedBooking"]),
    "a_certificate_that_ends_while_the_api_fails": (
        ("BrekServerErrors", "BrekCertificateExpiring"),
        ["BrekCertificateExpiring", "BrekServerErrors"],
    ),
}
LAST = "TheLastThatIsPosted"
OF_A_TARGET = ("BrekAuthMissing", "BrekAuthRejected", "BrekRateLimited", "BrekServerErrors", "BrekUnexpectedBooking")


def fired(name: str, target: str) -> dict[str, dict[str, str]]:
    """As Prometheus tells it: the rules of a target as a whole have no scenario."""
    scenario = {} if name in OF_A_TARGET else {"scenario": "golden_path"}
    labels = {"alertname": name, "target": target, "severity": "page", "blame": "api"} | scenario
    return {"labels": labels, "annotations": {"summary": f"{target}: {name}"}}


async def told_after(folder: Path, posted: Sequence[object]) -> Mapping[str, list[str]]:
    """The names of the alerts that a receiver of pages is told of, by target."""
    (folder / "token").write_text("a-token-of-the-tests")
    async with Pager() as pager:
        nobody = "http://127.0.0.1:1"
        async with (
            alertmanager(folder, as_shipped(folder, CONFIG, pager=pager.url, brekwatch=nobody)) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        ):
            (await http.post("/api/v2/alerts", json=posted)).raise_for_status()
            await asyncio.sleep(0.3)
            (await http.post("/api/v2/alerts", json=[fired(LAST, "last")])).raise_for_status()
            async with asyncio.timeout(20):
                while LAST not in pager.told("firing"):
                    await asyncio.sleep(0.05)
    return pager.names_by_target()


def test_each_of_them_can_page() -> None:
    named = {name for names, _ in TOGETHER.values() for name in names}

    assert named <= PAGES | {"BrekCertificateExpiring"}


async def test_alerts_of_one_cause_lead_to_one_notice_and_those_of_another_are_told(tmp_path: Path) -> None:
    posted = [fired(name, target) for target, (names, _) in TOGETHER.items() for name in names]

    told = await told_after(tmp_path, posted)

    assert told == {"last": [LAST], **{target: expected for target, (_, expected) in TOGETHER.items()}}


@pytest.mark.parametrize("source", ["BrekAuthRejected", "BrekServerErrors", "BrekGoldenPathFailing"])
async def test_what_another_target_suffers_is_told(source: str, tmp_path: Path) -> None:
    told = await told_after(tmp_path, [fired(source, "one"), fired("BrekScenarioFailing", "another")])

    assert told == {"last": [LAST], "one": [source], "another": ["BrekScenarioFailing"]}
