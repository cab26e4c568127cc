"""The face that people and Prometheus look at: metrics, health, and one page. It answers, and changes nothing."""

from __future__ import annotations

from exporter.web.app import create_app
from exporter.web.server import WebServer

__all__ = ["WebServer", "create_app"]
