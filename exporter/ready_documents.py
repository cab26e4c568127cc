"""The three documents of a readiness check, each made when it is wanted."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from probes.readiness.model import ReadyReport

Scrub = Callable[[str], str]


def document(option: str, report: ReadyReport, scrub: Scrub) -> bytes:
    """What goes to the place that this option names."""
    if option == "--json":
        from exporter.ready_json import ready_as_json

        return orjson.dumps(ready_as_json(report, scrub), option=orjson.OPT_INDENT_2) + b"\n"
    if option == "--junit":
        from exporter.ready_junit import ready_as_junit

        return ready_as_junit(report, scrub)
    from alerts.readiness.ready_page import ready_page

    return ready_page(report, scrub).encode()
