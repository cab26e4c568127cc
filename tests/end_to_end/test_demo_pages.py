"""The demo as a newcomer sees it: within its first minute, no page is empty."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio
from support.commands import start

pytestmark = pytest.mark.asyncio(loop_scope="module")
_MINUTE = 60.0


class Demo:
    """A demo that runs, with its faults, and what it said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""
        self.began = asyncio.get_running_loop().time()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.said += line.decode()

    async def until(self, seen: Callable[[], Awaitable[bool]]) -> bool:
        """Whether that is so before the first minute is over."""
        while asyncio.get_running_loop().time() < self.began + _MINUTE:
            if await seen():
                return True
            await asyncio.sleep(0.2)
        return await seen()

    @property
    def addresses(self) -> dict[str, str]:
        """What it greets with, by its first word."""
        return dict(re.findall(r"^  (\w+) +(http\S+)", self.said, re.MULTILINE))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    demo = Demo(await start("demo", "--port", "0"))

    async def greeted() -> bool:
        return "faults " in demo.said

    await demo.until(greeted)
    yield demo
    demo.process.send_signal(signal.SIGINT)
    await asyncio.wait_for(demo.process.wait(), 15)


@pytest_asyncio.fixture(loop_scope="module")
async def client(demo: Demo) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=demo.addresses["status"], trust_env=False) as client:
        yield client


async def test_the_demo_greets_with_every_place_that_its_pages_lead_to(demo: Demo, client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    places = re.findall(r'<li><a href="(/\w*)"', page.partition("</nav>")[0])
    told = {address.removeprefix(str(client.base_url).rstrip("/")) for address in demo.addresses.values()}

    assert len(places) >= 4
    assert set(places) <= told


async def test_in_the_first_minute_an_incident_opens_and_ends(demo: Demo, client: httpx.AsyncClient) -> None:
    async def ended() -> bool:
        listed = (await client.get("/incidents.json")).json()["incidents"]
        return any(each["ended"] == "recovered" for each in listed)

    assert await demo.until(ended), demo.said


async def test_then_no_page_is_empty(demo: Demo, client: httpx.AsyncClient) -> None:
    answers = {name: await client.get(address) for name, address in demo.addresses.items() if name != "sandbox"}
    pages = {name: answer.text for name, answer in answers.items() if "text/html" in answer.headers["content-type"]}
    bare = [name for name, page in pages.items() if name != "find" and not re.search(r"<(td|li|dd)\b", _main_of(page))]

    assert {answer.status_code for answer in answers.values()} == {200}
    assert bare == []
    assert [name for name, page in pages.items() if "not played yet" in page or "There was none yet" in page] == []


def _main_of(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]
