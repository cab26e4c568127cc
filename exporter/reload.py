"""Reading the configuration again while the service runs: whole or not at all.

What was read comes into force in one moment; what is wrong leaves the configuration before in force, and is told as a
fault of kind `config` with file, line and the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from exporter.changes import Changes
from exporter.service import Service, warm_up
from probes.errors import ConfigError, UsageError
from probes.model import MonitorFault
from probes.off_loop import off_loop
from probes.settings import Settings
from probes.words import FaultKind

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

READ_SECONDS = 10.0


@asynccontextmanager
async def reloading(
    service: Service, find: Callable[[], Settings], asked: asyncio.Event, log: FilteringBoundLogger
) -> AsyncIterator[None]:
    """Inside, each time that `asked` is set, what `find` reads comes into force; one reload after the other.

    Asked again meanwhile, it reads once more afterwards: the files may have changed since.
    """

    async def answer() -> None:
        while True:
            await asked.wait()
            asked.clear()
            await reload_once(service, find, log)

    answering = asyncio.create_task(answer(), name="reloads")
    try:
        yield
    finally:
        answering.cancel()
        await asyncio.wait([answering])


async def reload_once(
    service: Service, find: Callable[[], Settings], log: FilteringBoundLogger, *, seconds: float = READ_SECONDS
) -> None:
    """Reads the settings, for so many seconds at most, and puts them in force; or tells why not. Raises nothing."""
    before = service.settings
    try:
        settings = await _read_off_loop(find, seconds)
        service.reload(settings)
    except ConfigError as problem:
        service.reload_refused(_fault("; ".join(problem.problems)))
    except UsageError as problem:
        service.reload_refused(_fault(str(problem)))
    except TimeoutError:
        service.reload_refused(_fault(f"it could not be read within {seconds:g} s: does a disk that it is on hang?"))
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end the service
        # Its traceback without its words: they may hold a new key, which no sink knows yet.
        wordless = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
        service.reload_refused(_fault(f"{type(error).__name__} while it was reloaded", wordless))
    else:
        log.info("config_reloaded", probes=len(settings.probes), **asdict(Changes.between(before, settings)))


def _fault(problem: str, error: Exception | None = None) -> MonitorFault:
    kind = FaultKind.CONFIG if error is None else FaultKind.BUG
    detail = f"the new configuration was refused, and the one before stays in force: {problem}"
    return MonitorFault(kind=kind, detail=detail, error=error)


async def _read_off_loop(find: Callable[[], Settings], seconds: float) -> Settings:
    """Files may be slow, and so may what the first request over TLS needs."""

    def read() -> Settings:
        settings = find()
        warm_up(settings)
        return settings

    return await asyncio.wait_for(off_loop(read, name="configuration"), seconds)
