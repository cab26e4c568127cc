"""Where a notice leads: the incident's page, what to do about it, and its dashboard. Made of our own words alone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from alerts.thresholds import alert_of
from probes.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What links start with; without it, there is none."""

    external_url: str | None = None
    grafana_url: str | None = None

    def of(self, incident: Incident) -> dict[str, str | None]:
        """The links of an incident: `incident`, `runbook`, `dashboard`."""
        ours, target = self.external_url, quote(incident.cause.target, safe="")
        return {
            "incident": ours and f"{ours}/incidents/{incident.incident_id}",
            "runbook": ours and f"{ours}/runbooks/{runbook_of(incident)}",
            "dashboard": self.grafana_url and f"{self.grafana_url}/d/brekwatch-overview?var-target={target}",
        }


def runbook_of(incident: Incident) -> str:
    """The alert whose runbook says what to do."""
    return alert_of(incident.cause.kind, incident.scenarios)
