"""What the pages of targets and scenarios stand on: the configuration in force, memory, and the open incidents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from exporter.recorder import Recorder
from exporter.web.incident_lookups import IncidentDesk, reading
from exporter.web.lookups import Lookups, TooManyError
from exporter.web.pages.page import Frame
from exporter.web.target_facts import Known
from probes.errors import JournalError
from probes.incident import Incident, IncidentFilter
from probes.settings import Settings

_MOST_OPEN = 500


class Knowing:
    """Asks each of them. Without a `desk` nothing is known of incidents."""

    def __init__(
        self, settings: Callable[[], Settings], recorder: Recorder, desk: IncidentDesk | None, frame: Frame
    ) -> None:
        self._settings = settings
        self._recorder = recorder
        self._desk = desk
        self._frame = frame
        self._lookups: Lookups[None, tuple[Incident, ...]] = Lookups(self._open_incidents)

    @property
    def has_journal(self) -> bool:
        """Whether runs and incidents have pages."""
        return self._desk is not None

    def remembered(self) -> Known:
        """From memory alone."""
        settings = self._settings()
        return Known(
            settings=settings,
            rows={(row.target, row.scenario): row for row in self._recorder.board.rows()},
            readings={name: self._recorder.readings.of(name) for name in settings.targets},
            stopped=self._recorder.board.stopped,
            incidents=None,
            now=self._frame.now(),
        )

    async def asked(self) -> Known:
        """With the open incidents. A journal that can't be asked now hides nothing else: they are not known then."""
        if self._desk is None:
            return self.remembered()
        try:
            incidents = await self._lookups.get(None)
        except (JournalError, TooManyError):
            return self.remembered()
        return replace(self.remembered(), incidents=incidents)

    def _open_incidents(self, _nothing: None) -> tuple[Incident, ...]:
        """In a thread."""
        assert self._desk is not None  # noqa: S101 - asked for above; for mypy
        with reading(self._desk) as reader:
            return tuple(reader.incidents(IncidentFilter(open_only=True, limit=_MOST_OPEN)))
