"""What this machine gives: open files, a clock that runs evenly, the way to the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import exporter
from exporter.doctor.findings import Finding, fail, ok, warn

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_FILES_A_RUN = 2  # the API's connection and the portal's
_FILES_BESIDE = 100
_WATCHED_SECONDS = 0.5
_UNEVEN_SECONDS = 0.2
_DAY_SECONDS = 86_400.0


def open_files(max_concurrent_runs: int, limit: Callable[[], int] | None = None) -> Iterator[Finding]:
    """Whether so many runs at once may open what they need."""
    allowed = (limit or _limit)()
    needed = max_concurrent_runs * _FILES_A_RUN + _FILES_BESIDE
    if 0 <= allowed < needed:
        yield warn(
            "open files",
            f"{allowed} may be open at once, and {max_concurrent_runs} runs at once may need {needed}",
            f"raise the limit (ulimit -n {needed}, or LimitNOFILE= in the unit), or lower service.max_concurrent_runs",
        )
    else:
        yield ok("open files", f"{'any number' if allowed < 0 else allowed} may be open at once")


def _limit() -> int:
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return -1 if allowed == resource.RLIM_INFINITY else allowed


def proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """A proxy that others use. Its address is not shown: it may hold a password."""
    named = [name for name, value in environ.items() if name.lower() in _PROXIES and value]
    if named:
        yield warn(
            "proxy",
            f"{', '.join(sorted(named))} is set, and brekwatch ignores it",
            "targets must be reached directly: a proxy would be measured along with them",
        )


def clock(
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Whether the wall clock runs as evenly as the monotonic one, and isn't earlier than this install."""
    apart = wall() - monotonic()
    sleep(_WATCHED_SECONDS)
    jump = wall() - monotonic() - apart
    shown = datetime.fromtimestamp(wall(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if wall() < Path(exporter.__file__).stat().st_mtime - _DAY_SECONDS:
        yield fail("clock", f"it says {shown}, which is before brekwatch was installed", "set it, and let NTP keep it")
    elif abs(jump) > _UNEVEN_SECONDS:
        yield warn(
            "clock",
            f"it jumped by {jump:+.1f} s in half a second: something sets it",
            "let one NTP service alone keep it: moments in reports are only as true as it is",
        )
    else:
        yield ok("clock", f"it says {shown}, and runs evenly")
