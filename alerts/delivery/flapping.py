"""A cause that comes and goes: said twice, then held back, and its last true state is said when it is quiet.

The first incident of a cause is told with its end. When it opens again within the hour, that is told as flapping; what
follows waits until nothing has changed for half an hour, and only the last of it is said. So whoever is on call hears
four things of it at most, the last one true. An unexpected booking is never held back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from probes.incident import Cause, Incident
from probes.words import FailureKind, NoticeKind

WINDOW = timedelta(hours=1)
QUIET = timedelta(minutes=30)
_OPENINGS = 2


@dataclass(slots=True)
class _Course:
    changed_at: datetime
    openings: list[datetime] = field(default_factory=list)
    flaps: bool = False


class Flaps:
    """Remembers the last hour of each cause."""

    def __init__(self) -> None:
        self._courses: dict[Cause, _Course] = {}

    def restore(self, incidents: Iterable[Incident]) -> None:
        """Know what was told before this process began."""
        moments = [(each.detected_at, each, True) for each in incidents]
        moments += [(each.closed_at, each, False) for _, each, _ in moments if each.closed_at is not None]
        for at, incident, opened in sorted(moments, key=lambda moment: (moment[0], moment[2])):
            self.place(incident.cause, NoticeKind.OPENED if opened else NoticeKind.RESOLVED, at)

    def place(self, cause: Cause, kind: NoticeKind, at: datetime) -> tuple[NoticeKind, datetime]:
        """What a change is told as, and when it is due."""
        if cause.kind is FailureKind.UNEXPECTED_BOOKING:
            return kind, at
        self._forget(at)
        course = self._courses.setdefault(cause, _Course(at))
        course.changed_at = at
        if kind is NoticeKind.OPENED:
            course.openings = [each for each in course.openings if each > at - WINDOW] + [at]
        if course.flaps:
            return kind, at + QUIET
        if kind is NoticeKind.OPENED and len(course.openings) >= _OPENINGS:
            course.flaps = True
            return NoticeKind.FLAPPING, at
        return kind, at

    def flaps(self, cause: Cause, at: datetime) -> bool:
        """Whether what changes is held back."""
        course = self._courses.get(cause)
        return course is not None and course.flaps and at - course.changed_at < QUIET

    def _forget(self, at: datetime) -> None:
        """Those that have been quiet: bounded memory, and a new beginning."""
        for cause, course in list(self._courses.items()):
            since = at - course.changed_at
            if since >= (QUIET if course.flaps else WINDOW):
                del self._courses[cause]
