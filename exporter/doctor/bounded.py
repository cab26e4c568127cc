"""Each check within its time, whatever it meets: a dead network drive, a dead name server, a fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from exporter.doctor.findings import Finding, Whose, fail
from probes.errors import LocalResourceError, UsageError

T = TypeVar("T")

SECONDS = 3.0
_GRACE_SECONDS = 0.5  # for what keeps to its time by itself, and then can say more


async def bounded(about: str, work: Awaitable[T], *, seconds: float = SECONDS + _GRACE_SECONDS) -> T | list[Finding]:
    """What the work gives; or, where it comes to nothing, findings that say why."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        told = f"no result within {SECONDS:g} s"
        return [fail(about, told, "look for a dead network drive or name server", whose=Whose.NOBODY_KNOWS)]
    except UsageError as problem:
        return [fail(about, line) for line in str(problem).splitlines()]
    except LocalResourceError as problem:
        return [fail(about, str(problem))]
    except Exception as error:  # noqa: BLE001 - never a traceback
        told = f"brekwatch could not look, for a fault of its own: {type(error).__name__}"
        return [fail(about, told, whose=Whose.NOBODY_KNOWS)]
