"""Grafana dashboards as code, and the JSON generated from it.

Imports `exporter.metrics` and `alerts.thresholds` for the names of metrics and the limits, and nothing else of ours.
"""
