"""What rule files are made of. Links and runbooks are added here, so that no alert can be without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.thresholds import SEVERITIES
from probes.words import Blame


class Board(StrEnum):
    """The dashboards, by the last part of their uid."""

    OVERVIEW = "overview"
    SCENARIO = "scenario"
    QUOTA = "quota"
    CORRELATION = "correlation"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the links of an alert begin: at this service, and at Grafana."""

    external_url: str = "http://localhost:9464"
    grafana_url: str = "http://localhost:3000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule, named `level:metric:operation`."""

    record: str
    expr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule.

    `about` are the labels that say what it is about (`target`, `scenario`), for its links. Without a `blame`, its
    expression brings that label. `severity` is that of `alerts.thresholds`, unless told otherwise.
    """

    name: str
    expr: str
    summary: str
    description: str
    board: Board
    about: tuple[str, ...] = ("target",)
    blame: Blame | None = None
    severity: str = ""
    for_seconds: float = 0.0

    def labels(self) -> Mapping[str, str]:
        """Those that the rule adds."""
        blame = {} if self.blame is None else {"blame": self.blame.value}
        return {"severity": self.severity or SEVERITIES[self.name].value, **blame}

    def annotations(self, links: Links) -> Mapping[str, str]:
        """What a person reads, and where it leads."""
        return {
            "summary": self.summary,
            "description": self.description,
            "runbook_url": f"{links.external_url}/runbooks/{self.name}",
            "incident_url": f"{links.external_url}/incidents/open{self._query('')}",
            "dashboard_url": f"{links.grafana_url}/d/brekwatch-{self.board}{self._query('var-')}",
        }

    def _query(self, prefix: str) -> str:
        pairs = (f"{prefix}{name}={{{{ $labels.{name} | urlquery }}}}" for name in self.about)
        return "?" + "&".join(pairs) if self.about else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated in this order, at one moment: an alert sees what was recorded before it."""

    name: str
    why: str
    rules: tuple[Record | Alert, ...] = field(default=())
