"""All boards, and their files. Development only: what is installed reads the generated JSON."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.boards import text_of
from dashboards.correlation import correlation
from dashboards.monitor import monitor
from dashboards.overview import overview
from dashboards.quota import quota
from dashboards.scenario import scenario

_BOARDS = (overview, scenario, quota, correlation, monitor)


def texts() -> Mapping[str, str]:
    """The text of each file by its name, such as `brekwatch-overview.json`."""
    made = (build() for build in _BOARDS)
    return {f"{each.uid}.json": text_of(each) for each in made}
