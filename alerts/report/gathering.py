"""Evidence from the journal: which runs a report looks at, and which of them it needs whole.

Each reads what it needs and no more than its bounds; what was left out is said in `Evidence.left_out`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from alerts.incidents import verdict_of
from alerts.pages import utc
from alerts.places import Places
from alerts.report.codec import mapped
from alerts.report.evidence import Asked, Evidence, Plan, Quiet, Surroundings, Witness, witness_of
from alerts.report.phrases import counted
from alerts.report.reckoned import incidents_in, worst
from alerts.report.stretch import stretch_of
from probes.incident import AlertSeen, Incident, IncidentFilter, Verdict
from probes.journal.kept import KeptRun, RunFilter, RunSummary
from probes.scenario import Scenario
from probes.settings import IncidentPolicy, Settings
from probes.words import GOOD_OUTCOMES, Environment, Outcome

MOST_LINES = 20_000
MOST_WHOLE = 300
_MOST_BODY_BYTES = 32 * 1024 * 1024
_AROUND = 10
"""So many runs of each scenario beside the stretch are enough to see what is usual."""
_LEAST_MARGIN = timedelta(minutes=5)
_MOST_MARGIN = timedelta(hours=6)
_A_MOMENT = timedelta(microseconds=1)
_WHOLE_AT_ONCE = 50
_MOST_FAILED = 2_000


class RunReader(Protocol):
    """What `probes.journal.reading.Reader` offers, as far as a report needs it."""

    def runs(self, wanted: RunFilter) -> Iterator[RunSummary]:
        """Newest first."""

    def run(self, run_id: str) -> KeptRun | None:
        """One, whole: that of this id, or the only one whose id begins so; UsageError if there are several."""

    def whole_runs(self, wanted: RunFilter) -> Iterator[KeptRun]:
        """Several, whole, newest first."""

    def oldest(self) -> datetime | None:
        """When the oldest run that is kept began."""


@runtime_checkable
class IncidentReader(RunReader, Protocol):
    """The same of a journal that keeps incidents, and the alerts that were tied to them."""

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Newest first, by when they were detected."""

    def incident(self, text: str) -> Incident | None:
        """That of this id, or the only one whose id begins so; UsageError if there are several."""

    def alerts_of(self, incident_id: str) -> tuple[AlertSeen, ...]:
        """Those that were tied to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a report is made with: the moment, our version, the configuration if it is at hand, and the scrubber."""

    now: datetime
    version: str
    scenarios: Mapping[str, Scenario]
    settings: Settings | None = None
    lost: int | None = None
    scrub: Callable[[str], str] = str


def of_incident(reader: RunReader, incident: Incident, alerts: tuple[AlertSeen, ...], setting: Setting) -> Evidence:
    """An incident from before its first failed run to after its end, with the alerts that were tied to it."""
    start = min(filter(None, (incident.last_good_at, incident.first_failed_at)))
    end = incident.closed_at or setting.now
    margin = min(max((end - incident.first_failed_at) / 4, _LEAST_MARGIN, _intervals(incident)), _MOST_MARGIN)
    since, until = start - margin, min(end + margin, setting.now)
    wanted = RunFilter(
        since=since, until=until + _A_MOMENT, target=incident.cause.target, location=incident.location or None
    )
    lines, left_out = _bounded(each for each in reader.runs(wanted) if each.scenario in incident.scenarios)
    return _evidence(
        reader,
        setting,
        Evidence(
            asked=Asked.INCIDENT,
            asked_for=incident.incident_id,
            now=setting.now,
            version=setting.version,
            target=incident.cause.target,
            since=since,
            until=until,
            incident=incident,
            lines=lines,
            alerts=alerts,
            left_out=left_out,
        ),
    )


def of_run(reader: RunReader, kept: KeptRun, setting: Setting) -> Evidence:
    """One run, and its scenario's runs around it: back to the last good one, and on to the next, and some more."""
    lines = _around(reader, kept)
    until = max(line.started_at + timedelta(seconds=line.duration_seconds or 0) for line in lines)
    later = (line for line in lines if line.started_at > kept.run.started_at)
    still_bad = not any(line.outcome in GOOD_OUTCOMES for line in later)
    return _evidence(
        reader,
        setting,
        Evidence(
            asked=Asked.RUN,
            asked_for=kept.run.run_id,
            now=setting.now,
            version=setting.version,
            target=kept.run.target,
            since=lines[0].started_at,
            until=setting.now if still_bad else until,
            focus=kept.run.run_id,
            lines=lines,
        ),
    )


def of_stretch(
    reader: RunReader, since: datetime, setting: Setting, *, target: str | None = None, until: datetime | None = None
) -> Evidence:
    """The runs of a stretch of time, of a target or of all: the report is about what failed most often among them.

    Where something failed it is of one location alone, as an incident is: what is good from there says nothing of here.
    """
    end = min(until or setting.now, setting.now)
    wanted = RunFilter(since=since, until=end + _A_MOMENT, target=target)
    incident, lines, left_out = _worst_place(reader, setting, wanted)
    known = {line.run_id for line in lines}
    read = replace(wanted, since=lines[0].started_at if left_out else since)
    return _evidence(
        reader,
        setting,
        Evidence(
            asked=Asked.STRETCH,
            asked_for=utc(since),
            now=setting.now,
            version=setting.version,
            target=target,
            since=since,
            until=end,
            incident=incident,
            lines=lines,
            elsewhere=sum(line.run_id not in known for line in reader.runs(read)),
            left_out=left_out,
        ),
    )


def _evidence(reader: RunReader, setting: Setting, evidence: Evidence) -> Evidence:
    """With the runs that are needed whole, what is known beside them, and every text scrubbed once more."""
    witnesses, left_out = _witnesses(reader, evidence)
    targets = {line.target for line in evidence.lines} | ({evidence.target} if evidence.target else set())
    target = targets.pop() if len(targets) == 1 else evidence.target
    scenarios = sorted({line.scenario for line in evidence.lines})
    kept_incident = evidence.incident if evidence.asked is Asked.INCIDENT else None
    whole = replace(evidence, target=target, witnesses=witnesses, left_out=(*evidence.left_out, *left_out))
    cause = stretch_of(whole).cause
    surroundings = _surroundings(setting, cause.target if cause else target, scenarios, kept_incident, reader.oldest())
    return mapped(replace(whole, surroundings=surroundings), setting.scrub)


def _worst_place(
    reader: RunReader, setting: Setting, wanted: RunFilter
) -> tuple[Incident | None, tuple[RunSummary, ...], tuple[str, ...]]:
    """The worst incident, the runs of the location that saw it, and what of them was not read.

    Of very many failed runs, the newest count. Without a failed one, the runs of everywhere.
    """
    whole = reader.whole_runs(replace(wanted, outcome=Outcome.FAILED, limit=_MOST_FAILED))
    failed: dict[str, list[Verdict]] = {}
    for run in (each.run for each in whole):
        if (verdict := verdict_of(run)) is not None:
            failed.setdefault(run.location, []).append(verdict)
    if not failed:
        return None, *_bounded(reader.runs(wanted))
    read = {place: _bounded(reader.runs(replace(wanted, location=place))) for place in failed}
    found = [each for place in failed for each in _incidents(read[place][0], failed[place], setting, place)]
    incident = worst(found)
    place = incident.location if incident is not None else next(iter(failed))
    return incident, *read[place]


def _incidents(
    lines: Sequence[RunSummary], failed: Sequence[Verdict], setting: Setting, location: str
) -> tuple[Incident, ...]:
    """Those that the runs of a location make under the policy."""
    known = setting.settings
    places = Places.of(
        location=location,
        targets=known.targets.values() if known else (),
        probes=known.probes if known else (),
    )
    return incidents_in(lines, failed, known.incidents if known else IncidentPolicy(), places)


def _surroundings(
    setting: Setting, target: str | None, scenarios: Sequence[str], incident: Incident | None, oldest: datetime | None
) -> Surroundings:
    settings = setting.settings
    known = None if settings is None else settings.targets.get(target or "")
    found = Surroundings(
        environment=known.environment if known else _environment(incident),
        plans=tuple(_plan(setting, target, scenario) for scenario in scenarios),
        oldest_run_at=oldest,
        lost=setting.lost,
    )
    if settings is None:
        return found
    quiet = (
        Quiet(starts_at=each.starts_at, ends_at=each.ends_at) for each in settings.maintenance if target in each.targets
    )
    return replace(
        found,
        auth_header=known.auth_header if known else found.auth_header,
        quiet=tuple(quiet),
        policy=settings.incidents,
        external_url=settings.service.external_url,
    )


def _environment(incident: Incident | None) -> Environment | None:
    return None if incident is None else incident.environment


def _plan(setting: Setting, target: str | None, scenario: str) -> Plan:
    probes = setting.settings.probes if setting.settings else ()
    probe = next((each for each in probes if (each.target, each.scenario) == (target, scenario)), None)
    known = setting.scenarios.get(scenario)
    return Plan(
        scenario=scenario,
        every_seconds=probe.every_seconds if probe else None,
        availability=probe.objective.availability if probe else None,
        latency_seconds=probe.objective.latency_seconds if probe else None,
        chat_statuses={step.name: step.expect.chat_statuses for step in known.steps} if known else {},
    )


def _bounded(newest_first: Iterable[RunSummary]) -> tuple[tuple[RunSummary, ...], tuple[str, ...]]:
    lines: list[RunSummary] = []
    for line in newest_first:
        if len(lines) == MOST_LINES:
            oldest = utc(lines[-1].started_at)
            return tuple(reversed(lines)), (f"runs before {oldest}: only the newest {MOST_LINES} were read",)
        lines.append(line)
    return tuple(reversed(lines)), ()


def _around(reader: RunReader, kept: KeptRun) -> tuple[RunSummary, ...]:
    """Oldest first: back to the last good run before and a few more; on to the next good one and a few more."""
    later: deque[RunSummary] = deque(maxlen=MOST_LINES // 2)
    earlier: list[RunSummary] = []
    own: list[RunSummary] = []
    good = 0
    wanted = RunFilter(target=kept.run.target, scenario=kept.run.scenario, location=kept.run.location)
    for line in reader.runs(wanted):
        if line.run_id == kept.run.run_id:
            own.append(line)
        elif not own:
            later.append(line)
        else:
            earlier.append(line)
            good += line.outcome in GOOD_OUTCOMES
        if good > _AROUND // 2 or len(earlier) == MOST_LINES // 2:
            break
    return (*reversed(earlier), *own, *_until_good(reversed(later)))


def _until_good(oldest_first: Iterable[RunSummary]) -> Iterator[RunSummary]:
    good = 0
    for line in oldest_first:
        yield line
        good += line.outcome in GOOD_OUTCOMES
        if good > _AROUND // 2:
            return


def _intervals(incident: Incident) -> timedelta:
    return timedelta(seconds=3 * max((hit.every_seconds or 0.0 for hit in incident.hits), default=0.0))


def _witnesses(reader: RunReader, evidence: Evidence) -> tuple[tuple[Witness, ...], tuple[str, ...]]:
    """The runs that are wanted most, whole, until there are enough."""
    found: dict[str, Witness] = {}
    asked, room = 0, _MOST_BODY_BYTES
    wanted = list(_by_need(evidence))[:MOST_WHOLE]
    while asked < len(wanted) and room > 0:
        some = wanted[asked : asked + _WHOLE_AT_ONCE]
        asked += len(some)
        for kept in reader.whole_runs(RunFilter(run_ids=tuple(some))):
            found[kept.run.run_id] = witness_of(kept)
            room -= _body_bytes(kept)
    gone = asked - len(found)
    in_order = tuple(found[line.run_id] for line in evidence.lines if line.run_id in found)
    left_out = []
    if rest := len(evidence.lines) - len(in_order) - gone:
        left_out.append(
            f"{counted(rest, 'run')} of {len(evidence.lines)}: counted, but not looked at whole, for transitions, "
            "429s, headroom and ids"
        )
    if gone:
        left_out.append(f"{counted(gone, 'run')}: let go of by the journal while the report was made")
    return in_order, tuple(left_out)


def _by_need(evidence: Evidence) -> Iterator[str]:
    """The run asked for; failed runs, newest and oldest in turn; good ones nearest to them; then all, evenly."""
    failed = [line for line in evidence.lines if line.outcome is Outcome.FAILED]
    incident = evidence.incident
    named = (evidence.focus, incident and incident.first_failed_run_id, incident and incident.last_failed_run_id)
    wanted = [run_id for run_id in named if run_id]
    if incident is not None:
        wanted += filter(None, (incident.last_good_run_id, incident.recovered_run_id))
    wanted += _neighbours(evidence.lines)
    wanted += [line.run_id for pair in zip(reversed(failed), failed, strict=True) for line in pair][: MOST_WHOLE // 2]
    stride = max(len(evidence.lines) // MOST_WHOLE, 1)
    wanted += [line.run_id for line in evidence.lines[::stride]]
    wanted += [line.run_id for line in reversed(evidence.lines)]
    known = {line.run_id for line in evidence.lines}
    return (run_id for run_id in dict.fromkeys(wanted) if run_id in known)


def _neighbours(lines: Sequence[RunSummary]) -> list[str]:
    """For each scenario and target: the good runs on both sides of where it turned bad or good, newest first."""
    found: list[str] = []
    before: dict[tuple[str, str], RunSummary] = {}
    for line in lines:
        if line.outcome is not Outcome.FAILED and line.outcome not in GOOD_OUTCOMES:
            continue
        last = before.get((line.target, line.scenario))
        if last is not None and (last.outcome is Outcome.FAILED) != (line.outcome is Outcome.FAILED):
            found += [line.run_id, last.run_id]
        before[line.target, line.scenario] = line
    return found[::-1][: MOST_WHOLE // 3]


def _body_bytes(kept: KeptRun) -> int:
    sent = (each.exchange for each in kept.exchanges)
    return sum(len(each.request_body) + (len(each.answer.content) if each.answer else 0) for each in sent)
