"""What the recording proxy of an audit adds to an exchange: the same conversations direct and through it, in turn.

    make benchmark

The sandbox, the proxy and the client are three processes. Rounds alternate, so that a busy machine meets both sides.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks import bare
from benchmarks.golden_path import server

ROUNDS = 60
AT_ONCE = 200

_PROXY = """
import asyncio, sys
from probes.readiness.proxy.recorder import Recorder
from probes.readiness.proxy.server import RecordingProxy

async def serve():
    async with RecordingProxy(sys.argv[1], Recorder()) as proxy:
        print(proxy.base_url, flush=True)
        await asyncio.Event().wait()

try:
    from uvloop import run
except ImportError:
    from asyncio import run
run(serve())
"""


@dataclass(slots=True)
class Side:
    """One way to the sandbox, and how long each exchange over it took, in milliseconds."""

    base_url: str
    attach_url: str
    took: list[float] = field(default_factory=list)

    def told(self) -> str:
        """The median and the slowest hundredth."""
        return f"p50 {self.percentile(50):.2f} ms, p99 {self.percentile(99):.2f} ms"

    def percentile(self, share: int) -> float:
        """What so many in a hundred stay below."""
        return statistics.quantiles(self.took, n=100)[share - 1]


@contextmanager
def proxy(upstream: str) -> Iterator[str]:
    """The proxy in a process of its own, and its address."""
    command = [sys.executable, "-c", _PROXY, upstream]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def converse(side: Side, key: str, actor: str) -> None:
    """A golden path, each of its exchanges timed."""
    status = await bare.golden_path(side.base_url, key, side.attach_url, actor, took=side.took)
    assert status == "booked", status


async def one_by_one(sides: dict[str, Side], key: str) -> None:
    """Each conversation alone, in turn over each side."""
    for name, side in sides.items():
        await converse(side, key, f"warm_{name}")
        side.took.clear()
    for number in range(ROUNDS):
        for name, side in sides.items():
            await converse(side, key, f"{name}_{number}_{time.monotonic_ns()}")
    tell("one conversation at a time", sides)


async def at_once(sides: dict[str, Side], key: str) -> None:
    """Two hundred conversations at once, in turn over each side."""
    for name, side in sides.items():
        side.took.clear()
        began = time.monotonic()
        await asyncio.gather(*(converse(side, key, f"{name}_at_once_{number}") for number in range(AT_ONCE)))
        print(f"{AT_ONCE} conversations at once, {name}: all booked in {time.monotonic() - began:.2f} s")
    tell(f"{AT_ONCE} at once", sides)


def tell(what: str, sides: dict[str, Side]) -> None:
    """Both sides, and the difference."""
    direct, through = sides["direct"], sides["proxy"]
    for name, side in sides.items():
        print(f"{what}, {name}: {side.told()} ({len(side.took)} exchanges)")
    added = [through.percentile(share) - direct.percentile(share) for share in (50, 99)]
    print(f"{what}, the proxy adds: p50 {added[0]:.2f} ms, p99 {added[1]:.2f} ms")


def main() -> None:
    """Both measurements."""
    with server() as address, proxy(address["BREK_BASE_URL"]) as through:
        base_url, attach_url = address["BREK_BASE_URL"], address["BREK_PORTAL_ATTACH_URL"]
        sides = {
            "direct": Side(base_url, attach_url),
            "proxy": Side(through, attach_url.replace(base_url, through)),
        }
        asyncio.run(one_by_one(sides, address["BREK_PARTNER_API_KEY"]))
        asyncio.run(at_once(sides, address["BREK_PARTNER_API_KEY"]))


if __name__ == "__main__":
    main()
