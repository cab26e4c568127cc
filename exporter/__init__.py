"""The running service and its faces: metrics, web, logs, crash reports, the command line.

Imports `probes` and `alerts`. Dashboards are read as data, never imported.
"""
