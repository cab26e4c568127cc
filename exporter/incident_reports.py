"""Reports of the incidents that a running service keeps, for its pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from alerts.report.facts import Report
from exporter.web.pages.report import Reporting
from probes.settings import Settings

if TYPE_CHECKING:
    from alerts.report.html import Within
    from probes.journal.reading import Reader


def reporting(
    new_reader: Callable[[], Reader], settings: Callable[[], Settings], scrub: Callable[[str], str]
) -> Reporting:
    """Reads each incident anew, with the settings that are in force by then. To be called in a thread."""

    def report_of(text: str) -> Report | None:
        with closing(new_reader()) as reader:
            return _report_of(reader, text, settings(), scrub)

    return Reporting(
        report_of=report_of, as_html=_as_html, as_json=_as_json, as_markdown=_as_markdown, as_email=_as_email
    )


def _report_of(reader: Reader, text: str, settings: Settings, scrub: Callable[[str], str]) -> Report | None:
    from alerts.report.gathering import Setting, of_incident
    from alerts.report.reckoning import report_of

    incident = reader.incident(text)
    if incident is None:
        return None
    setting = Setting(
        now=datetime.now(UTC),
        version=version("brekwatch"),
        scenarios=settings.scenarios,
        settings=settings,
        scrub=scrub,
    )
    return report_of(of_incident(reader, incident, reader.alerts_of(incident.incident_id), setting))


def _as_html(report: Report, within: Within) -> str:
    from alerts.report.html import render

    return render(report, within)


def _as_json(report: Report) -> object:
    from alerts.report import as_json

    return as_json(report)


def _as_markdown(report: Report) -> str:
    from alerts.report import as_markdown

    return as_markdown(report)


def _as_email(report: Report) -> str:
    from alerts.report import as_email

    return as_email(report)
