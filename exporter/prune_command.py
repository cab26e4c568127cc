"""`brekwatch journal prune`: lets go of runs now, and tells how many, as it goes."""

from __future__ import annotations

from rich.console import Console

from probes.files import durations
from probes.journal import keeping
from probes.settings import Retention

_SPINNER_HERTZ = 5


def prune_now(url: str, retention: Retention, console: Console) -> str:
    """Prunes to the end; a sentence about it. On a terminal, `console` shows how far it is."""
    if not console.is_terminal:
        return _told(keeping.prune(url, retention, lambda _: None), retention)
    with console.status("looking for what is old", refresh_per_second=_SPINNER_HERTZ) as status:
        gone = keeping.prune(url, retention, lambda count: status.update(f"{_runs(count)} let go of"))
    return _told(gone, retention)


def _told(gone: int, retention: Retention) -> str:
    good, others = durations.spelled(retention.successes_seconds), durations.spelled(retention.failures_seconds)
    size = f"{retention.size_bytes / 1024**2:.0f} MiB"
    return f"{_runs(gone)} let go of; kept are passed and skipped ones for {good}, others for {others}, {size} in all"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
