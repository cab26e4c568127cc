"""What `brekwatch resume` does: looks up what stops a target, and lifts it for good."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.run import choose_target
from probes import unasked
from probes.errors import EmptyJournalError, JournalError, LedgerUnavailableError
from probes.journal.journal import Journal
from probes.journal.reading import Reader
from probes.listening import Listener
from probes.model import Target
from probes.redaction import Scrubber, printable
from probes.settings import Settings
from probes.unasked import RESUMED, STOPPED, Stop

_OPENING_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Why a target may not book, and all targets that go on with it."""

    target: Target
    stops: tuple[Stop, ...]
    names: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        if not self.stops:
            yield f"nothing is stopped on {self.target.name}"
        for stop in self.stops:
            since = f"{stop.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            who = printable(stop.scenario or "a run")
            where = "" if stop.target == self.target.name else f" on {printable(stop.target)}, with the same key"
            yield f"{self.target.name} is stopped since {since}: {who} booked unasked{where}"
            yield f"  what happened: brekwatch runs show {printable(stop.run_id)}"
        others = [name for name in self.names if name != self.target.name]
        if others:
            yield f"stopped and resumed with it: {', '.join(others)}"


def stopped(settings: Settings, name: str) -> Stopped:
    """What stops this target. Raises UsageError for one that isn't there, JournalError."""
    target = choose_target(settings.targets, name)
    targets = tuple(settings.targets.values())
    found = [(stop, unasked.key_behind(stop, targets)) for stop in _in_force(settings.service.journal)]
    its = [(stop, key) for stop, key in found if unasked.covers(stop, key, target)]
    names = (each.name for each in targets if any(unasked.covers(stop, key, each) for stop, key in its))
    return Stopped(target=target, stops=tuple(stop for stop, _ in its), names=tuple(names))


def _in_force(url: str) -> tuple[Stop, ...]:
    try:
        with closing(Reader(url)) as reader:
            return unasked.in_force(reader.states(STOPPED), reader.states(RESUMED))
    except EmptyJournalError:
        return ()


async def let_go_on(settings: Settings, stopped: Stopped) -> None:
    """Lift these stops, each with who did it and when. Raises JournalError where that can't be committed."""
    scrubber = Scrubber(settings.secrets)
    journal = Journal(settings.service.journal, command="resume", scrub=scrubber.text, listener=Listener())
    await journal.start(_OPENING_SECONDS)
    try:
        for stop in stopped.stops:  # that it is resumed comes first: without that, a service takes it for lost
            await journal.keep_state(RESUMED, stop.run_id, _record(stop))
            await journal.keep_state(STOPPED, stop.run_id, None)
    except LedgerUnavailableError as problem:
        raise JournalError(f"it stays stopped, since nothing can be kept: {problem}") from problem
    finally:
        await journal.aclose()


def _record(stop: Stop) -> dict[str, str | None]:
    now = datetime.now(UTC).isoformat()
    return {"target": stop.target, "scenario": stop.scenario, "since": stop.since.isoformat(), "at": now, "by": _who()}


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
