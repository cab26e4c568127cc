"""Running a partner's command: in a process group of its own, for so long, and with nothing of it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from probes.errors import UsageError
from probes.readiness.course.output import Output
from probes.redaction import printable

_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 0.02
_LAST_WORDS_SECONDS = 1.0
_PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended: its exit code, negative for the signal that ended it; None if it took too long."""

    exit_code: int | None
    timed_out: bool = False


async def run_command(
    command: Sequence[str], environment: Mapping[str, str], output: Output, *, timeout_seconds: float
) -> Ended:
    """Runs it to its end, or ends it: it, and what else is of its process group.

    It reads nothing, and what it writes goes to `output`. Raises UsageError if it can't be started.
    """
    async with _listening(output) as write_end:
        try:
            process = await _started(command, environment, write_end)
        finally:
            os.close(write_end)
        try:
            async with asyncio.timeout(timeout_seconds):
                return Ended(exit_code=await process.wait())
        except TimeoutError:
            return Ended(exit_code=None, timed_out=True)
        finally:
            await _end(process)


async def _started(
    command: Sequence[str], environment: Mapping[str, str], write_end: int
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        reason = (getattr(problem, "strerror", None) or str(problem)).lower()
        raise UsageError(
            f"{printable(command[0], 200)} can't be started: {reason}; give the command behind --"
        ) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    """First asks its group to end, then ends it. The group may outlive its leader, and be told nothing by its end."""
    try:
        if _tell(process, signal.SIGTERM):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_SECONDS):
                    while _tell(process, 0):  # noqa: ASYNC110 - nobody tells of the end of a group
                        await asyncio.sleep(_LOOK_SECONDS)
    finally:  # whatever interrupts the waiting
        _tell(process, signal.SIGKILL)
    await process.wait()


def _tell(process: asyncio.subprocess.Process, number: int) -> bool:
    """Whether anybody is left to hear it."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return True


@asynccontextmanager
async def _listening(output: Output) -> AsyncIterator[int]:
    """A pipe's end to write into, whose other end goes to `output`. Whoever is given the end closes it.

    A pipe of ours, and none of asyncio's: a command's end would otherwise be heard of only when all that it left
    behind has closed its streams.
    """
    read_end, write_end = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )
    reading = asyncio.create_task(_read(reader, output))
    try:
        yield write_end
        await asyncio.wait([reading], timeout=_LAST_WORDS_SECONDS)
    finally:
        reading.cancel()
        transport.close()
        output.close()


async def _read(reader: asyncio.StreamReader, output: Output) -> None:
    while data := await reader.read(_PIECE_BYTES):
        output.feed(data)
