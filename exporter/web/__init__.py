"""The face that people and Prometheus look at: metrics, health, and pages.

It answers, and changes nothing; Alertmanager alone may tell it something, with a token.
"""

from __future__ import annotations

from exporter.web.alerts import ALERTS_PATH, bearer_of
from exporter.web.app import create_app, places_of
from exporter.web.incident_lookups import IncidentDesk
from exporter.web.server import WebServer

__all__ = ["ALERTS_PATH", "IncidentDesk", "WebServer", "bearer_of", "create_app", "places_of"]
