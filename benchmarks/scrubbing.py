"""What it costs to remove secrets from a text: in nanoseconds a KiB, by how many are known and what the text is.

python -m benchmarks.scrubbing
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import orjson

from probes.redaction import Scrubber, Secret

ROUNDS = 15
KIB = 1024


def hotels(size: int, chance: random.Random) -> str:
    """An answer with a long shortlist."""
    rows = [
        {"optionId": f"{chance.getrandbits(128):032x}", "name": "A hotel by the lake", "price": chance.randint(90, 900)}
        for _ in range(size // 80)
    ]
    return orjson.dumps({"data": {"sessionId": "sess_1771456953407_g7p6233d", "shortlist": rows}}).decode()[:size]


def token(number: int) -> Secret:
    """As the guide's portal makes them."""
    return Secret(f"psu_{1771456992743 + number}_{number * 2654435761 % 2**32:08x}")


def milliseconds(work: Callable[[], object]) -> float:
    """The median of some rounds."""

    def once() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1e3

    return statistics.median(once() for _ in range(ROUNDS))


def main() -> None:
    """Prints a line for each."""
    chance = random.Random(1)  # noqa: S311 - a benchmark
    keys = [Secret(f"{chance.getrandbits(160):040x}") for _ in range(10)]
    for noticed in (0, 1000):
        scrubber = Scrubber(keys)
        scrubber.notice(token(number) for number in range(noticed))
        for size in (2, 64, 1024):
            text = hotels(size * KIB, chance)
            took = milliseconds(lambda text=text, scrubber=scrubber: scrubber.text(text))  # type: ignore[misc]
            print(f"10 keys, {noticed:4} tokens, {size:4} KiB: {took:7.2f} ms, {took * 1e6 / size:8.0f} ns a KiB")
    fresh = iter(range(10_000, 11_000))
    print(f"one more token: {milliseconds(lambda: scrubber.notice([token(next(fresh))])):.2f} ms")


if __name__ == "__main__":
    main()
