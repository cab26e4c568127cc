"""Grafana dashboards as code, and the JSON generated from it (`python -m dashboards`).

Metrics come from `exporter.metrics`, limits from `alerts.thresholds`, uids and links from `alerts.rulebook`, words from
`probes.words`. The modules here need the Foundation SDK, for development only; what is installed reads the JSON.
"""
