"""From evidence to a report: every number and every sentence, reckoned once.

Pure: the same evidence makes the same report.
"""

from __future__ import annotations

from urllib.parse import quote

from alerts.report.accounting import accounting_of
from alerts.report.advice import advice_of
from alerts.report.certainty import certainty_of
from alerts.report.chain import chain_of, good_twin
from alerts.report.curl import curl_of
from alerts.report.evidence import Asked, Evidence
from alerts.report.facts import Report, Scope
from alerts.report.headline import asked_as_options, asked_in_words, headline_of
from alerts.report.phrases import shown
from alerts.report.sides import Side, twin_side, views_of
from alerts.report.stretch import Stretch, budgets_of, counts_of, failed_exchange, stretch_of
from alerts.report.support_ids import MOST_IDS, ids_of
from alerts.report.timeline import timeline_of
from alerts.report.unknowns import unknowns_of
from alerts.thresholds import alert_of
from probes.journal.kept import RunSummary
from probes.model import Failure

_TEXT_CHARACTERS = 500


def report_of(evidence: Evidence) -> Report:
    """The report that this evidence makes. Never raises, whatever a server said."""
    stretch = stretch_of(evidence)
    twin = good_twin(evidence, stretch)
    failing, failure = _failing(stretch), _failure(stretch)
    failing_view, good_view = views_of(failing, twin_side(failing, twin) if failing else None)
    timeline, cuts = timeline_of(evidence, stretch)
    ids, known_ids = ids_of(evidence, stretch)
    more = (f"ids: the newest {MOST_IDS} of {known_ids} are shown",) if known_ids > len(ids) else ()
    cause = stretch.cause
    return Report(
        headline=headline_of(evidence, stretch),
        generated_at=evidence.now,
        version=evidence.version,
        scope=_scope(evidence, stretch),
        incident=evidence.incident,
        kind=cause.kind if cause else None,
        operation=cause.operation if cause else None,
        blame=stretch.blame,
        environment=evidence.surroundings.environment,
        location=_location(evidence),
        step=_step(stretch),
        expected=shown(failure.expected, _TEXT_CHARACTERS) if failure else None,
        observed=shown(failure.observed, _TEXT_CHARACTERS) if failure else None,
        first_failed_at=stretch.first_failed_at,
        detected_at=stretch.detected_at,
        last_good_at=stretch.last_good_at,
        recovered_at=stretch.recovered_at,
        duration_seconds=stretch.duration_seconds,
        counts=counts_of(_own_lines(evidence, stretch)),
        certainty=certainty_of(evidence, stretch),
        budgets=budgets_of(evidence, stretch),
        timeline=timeline,
        chain=chain_of(evidence, stretch, twin),
        failing=failing_view,
        last_good=good_view,
        ids=ids,
        curl=curl_of(evidence, failing) if failing else None,
        advice=advice_of(stretch),
        unknowns=unknowns_of(evidence, stretch),
        alerts=evidence.alerts,
        accounting=accounting_of(evidence),
        truncated=(*cuts, *more),
        runbook_url=_runbook_url(evidence, stretch),
        report_url=_report_url(evidence),
    )


def _failing(stretch: Stretch) -> Side | None:
    found = failed_exchange(stretch.subject) if stretch.subject else None
    if found is None or stretch.subject is None:
        return None
    return Side(witness=stretch.subject, step=found[0], exchange=found[1])


def _failure(stretch: Stretch) -> Failure | None:
    step = stretch.subject.run.failed_step if stretch.subject else None
    return None if step is None else step.failure


def _step(stretch: Stretch) -> str | None:
    step = stretch.subject.run.failed_step if stretch.subject else None
    if step is not None:
        return shown(step.name)
    named = next((line.failed_step for line in reversed(stretch.failing) if line.failed_step), None)
    return None if named is None else shown(named)


def _own_lines(evidence: Evidence, stretch: Stretch) -> list[RunSummary]:
    """The runs of the scope."""
    cause = stretch.cause
    if cause is None:
        return list(evidence.lines)
    return [line for line in evidence.lines if line.target == cause.target and line.scenario in stretch.scenarios]


def _scope(evidence: Evidence, stretch: Stretch) -> Scope:
    return Scope(
        asked=asked_in_words(evidence),
        target=stretch.cause.target if stretch.cause else evidence.target,
        scenarios=stretch.scenarios or tuple(sorted({line.scenario for line in evidence.lines})),
        since=evidence.since,
        until=evidence.until,
        options=asked_as_options(evidence),
    )


def _location(evidence: Evidence) -> str:
    if evidence.incident is not None:
        return evidence.incident.location
    return next((each.run.location for each in reversed(evidence.witnesses)), "")


def _report_url(evidence: Evidence) -> str | None:
    base = evidence.surroundings.external_url
    if not base or evidence.incident is None or evidence.asked is not Asked.INCIDENT:
        return None
    return f"{base.rstrip('/')}/incidents/{quote(evidence.incident.incident_id, safe='')}"


def _runbook_url(evidence: Evidence, stretch: Stretch) -> str | None:
    """That of the alert which tells of such a failure."""
    base = evidence.surroundings.external_url
    if not base or stretch.cause is None:
        return None
    return f"{base.rstrip('/')}/runbooks/{alert_of(stretch.cause.kind, stretch.scenarios)}"
