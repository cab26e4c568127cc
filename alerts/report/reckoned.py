"""The incidents that the runs of a stretch make, reckoned as the service does, and the one that a report is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alerts.incidents import incidents
from alerts.places import Places
from alerts.report.stretch import end_of
from probes.incident import Incident, Verdict
from probes.journal.kept import RunSummary
from probes.settings import IncidentPolicy
from probes.words import GOOD_OUTCOMES


def worst(found: Iterable[Incident]) -> Incident | None:
    """The one that is open before those that ended, then the one that hurt most runs, then the newest."""
    return max(found, key=lambda each: (each.is_open, each.failed_runs, each.detected_at), default=None)


def incidents_in(
    lines: Iterable[RunSummary], failed: Iterable[Verdict], policy: IncidentPolicy, places: Places
) -> tuple[Incident, ...]:
    """Of good runs, for which a line is enough, and of the verdicts of failed ones."""
    return incidents([*_good(lines), *failed], policy, places)


def _good(lines: Iterable[RunSummary]) -> Iterator[Verdict]:
    for line in lines:
        if line.outcome in GOOD_OUTCOMES and line.outcome is not None:
            yield Verdict(
                run_id=line.run_id,
                target=line.target,
                scenario=line.scenario,
                outcome=line.outcome,
                started_at=line.started_at,
                ended_at=end_of(line),
                recheck=line.recheck,
            )
