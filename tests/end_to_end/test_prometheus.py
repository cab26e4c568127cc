"""A real Prometheus scrapes a real service: what an SRE asks it is answered as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from support.playing import Heard, target_for
from support.prometheus_server import Prometheus, prometheus

from exporter.service import Service
from probes.model import Probe, Quota
from probes.probing import Repeats
from probes.redaction import Scrubber
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped
from probes.settings import Service as ServiceSettings
from probes.settings import Settings

EVERY_SECONDS = 0.5
UNEXPECTED = 'sum(brek_probe_http_requests_total{{expected="false",status_code=~"{status}"}})'
OF_CATALOG = 'sum(brek_probe_failures_total{scenario="error_catalog"})'
PROVOKED = 'sum(brek_probe_http_requests_total{{expected="true",status_code="{status}"}})'


@dataclass(frozen=True, slots=True)
class Watched:
    """A sandbox, what the service told of it, and the Prometheus that scrapes the service."""

    sandbox: SandboxServer
    heard: Heard
    prometheus: Prometheus

    async def arm(self, *faults: str) -> None:
        """Switch faults at run time, as somebody with curl would."""
        async with httpx.AsyncClient(base_url=self.sandbox.base_url, trust_env=False) as client:
            answer = await client.put("/sandbox/faults", json={"faults": list(faults)})
        assert answer.status_code == 200, answer.text

    async def value(self, query: str) -> float:
        return sum((await self.prometheus.query(query)).values())

    async def rises(self, query: str) -> None:
        """It is more than now, soon."""
        before = await self.value(query)
        await self.prometheus.until(f"{query} > {before}", 15)


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    heard = Heard()
    async with SandboxServer(minute_quota=1_000_000) as sandbox:
        target = target_for(sandbox, quota=Quota(share=1.0, reserve=0.0))
        settings = Settings(
            service=ServiceSettings(listen_port=0, journal="sqlite:///:memory:", location="test"),
            targets={target.name: target},
            probes=tuple(
                Probe(scenario=name, target=target.name, every_seconds=EVERY_SECONDS, deadline_seconds=5.0)
                for name in ("golden_path", "error_catalog")
            ),
            scenarios=shipped(),
            secrets=(target.api_key,),
        )
        service = Service(
            settings, scrubber=Scrubber(settings.secrets), listeners=[heard], repeats=Repeats(key_seconds=0.5)
        )
        await service.start()
        try:
            async with prometheus(folder, service.url.removeprefix("http://")) as server:
                yield Watched(sandbox, heard, server)
        finally:
            await service.aclose(2.0)


async def test_prometheus_answers_what_an_sre_asks_and_provoked_errors_count_as_none(tmp_path: Path) -> None:
    async with watched(tmp_path) as seen:
        good = await seen.prometheus.until("brek_probe_success == 1 and on () count(brek_probe_success == 1) == 2")
        booked = await seen.value(
            "brek_probe_chat_transitions_total"
            '{from_status="payment_confirmation_required",to_status="booked",documented="true"}'
        )
        headroom = await seen.prometheus.query("brek_probe_ratelimit_headroom_ratio")
        fresh = await seen.value("time() - brek_probe_ratelimit_observed_timestamp_seconds")
        exemplars = await seen.prometheus.exemplars("brek_probe_http_requests_total")
        await asyncio.gather(*(seen.rises(PROVOKED.format(status=status)) for status in (400, 401, 403, 404, 409)))
        unexpected = await seen.value(UNEXPECTED.format(status="[45].."))
        failures = await seen.value("brek_probe_failures_total")

    assert set(good) == {("error_catalog", "sandbox"), ("golden_path", "sandbox")}
    assert booked >= 1
    assert 0.9 < headroom["sandbox",] <= 1.0
    assert 0 <= fresh < 10
    told = {exchange.answer.request_id for exchange in seen.heard.exchanges if exchange.answer is not None}
    assert set() < {labels["request_id"] for labels in exemplars if "request_id" in labels} <= told
    assert (unexpected, failures) == (0, 0)


FAULTS = {  # at one step of the golden path, which error_catalog never takes
    "server_error@search": ("5..", "server_error"),
    "auth_missing@search": ("401", "auth_missing"),
    "auth_rejected@search": ("403", "auth_rejected"),
    "rate_limited_bare@search": ("429", "rate_limited"),  # the last: nothing is sent for a minute after it
}


async def test_a_fault_that_is_switched_on_moves_its_own_counters_and_no_others(tmp_path: Path) -> None:
    async with watched(tmp_path) as seen:
        for fault, (status, kind) in FAULTS.items():
            await seen.prometheus.until('brek_probe_success{scenario="golden_path"} == 1')
            moving = (f'sum(brek_probe_failures_total{{kind="{kind}"}})', UNEXPECTED.format(status=status))
            still = (f'sum(brek_probe_failures_total{{kind!="{kind}"}})', OF_CATALOG)
            before = [await seen.value(query) for query in (*moving, *still)]
            await seen.arm(fault)
            for query, value in zip(moving, before, strict=False):
                await seen.prometheus.until(f"{query} > {value}")
            await seen.prometheus.until('brek_probe_success{scenario="golden_path"} == 0')
            await seen.arm()

            assert [await seen.value(query) for query in still] == before[len(moving) :], fault
        assert await seen.prometheus.query('brek_probe_success{scenario="error_catalog"} == 1')
