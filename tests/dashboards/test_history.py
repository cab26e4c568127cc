"""Every query on a real Prometheus, over weeks of history: none is empty that should have data, none is slow."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.board_files import UIDS, Query, board, boards, panels
from support.board_history import BROKEN_SECONDS, FINE_SECONDS, HOUR, write_history
from support.board_trial import Answer, Look, answers
from support.prometheus_server import prometheus

MOST_SECONDS = 2.0
MOST_SERIES = 120
HOURLY = {"target": ("hourly",), "scenario": ("golden_path_to_payment",)}

NOTHING_FAILED = "no run failed"
NOTHING_OPEN = "nothing is open"
RIGHTLY_EMPTY: Mapping[str, str] = {
    "brekwatch-overview: One row a target: K": NOTHING_FAILED,
    "brekwatch-overview: One row a target: L": NOTHING_FAILED,
    "brekwatch-overview: Firing alerts: A": NOTHING_OPEN,
    "brekwatch-overview: Failed runs by scenario and step: A": NOTHING_FAILED,
    "brekwatch-overview: Open incidents: A": NOTHING_OPEN,
    "brekwatch-scenario: Failed runs of the window: A": NOTHING_FAILED,
    "brekwatch-scenario: Failed among the last judged runs: A": NOTHING_FAILED,
    "brekwatch-correlation: Findings of the window: A": "the documents were kept to",
    "brekwatch-monitor: Results that wait for the journal, or are lost: B": "the journal lost nothing",
} | {f"{uid}: annotation Incidents": NOTHING_OPEN for uid in UIDS}
"""What shows nothing as long as all is well, and why that is right; the same when it is not would be a fault."""

PAST = {f"{uid}: annotation {name}" for uid in UIDS for name in ("Deployments", "Maintenance")}
"""What was over before it broke."""
OF_THE_OTHER = {f"{uid}: annotation Maintenance" for uid in UIDS}
"""What befell the target that is not hourly."""

Seen = Mapping[str, list[Answer]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """What every board shows, by who looks when."""
    end = time.time() // FINE_SECONDS * FINE_SECONDS
    well, broken = end - BROKEN_SECONDS - FINE_SECONDS, end
    looks = {
        "well": Look(at=well, range_seconds=int(6 * HOUR), changed={}),
        "broken": Look(at=broken, range_seconds=int(6 * HOUR), changed={}),
        "hourly, well": Look(at=well, range_seconds=int(6 * HOUR), changed=HOURLY),
        "hourly, broken": Look(at=broken, range_seconds=int(6 * HOUR), changed=HOURLY),
        "weeks": Look(at=broken, range_seconds=int(28 * 24 * HOUR), changed={"window": "28d"}),
    }
    return asyncio.run(_seen(tmp_path_factory.mktemp("history"), end, looks))


async def _seen(folder: Path, end: float, looks: Mapping[str, Look]) -> Seen:
    await write_history(folder, end)
    async with prometheus(folder, "127.0.0.1:9") as server:
        return {
            name: [answer for one in boards() for answer in await answers(server, one, look)]
            for name, look in looks.items()
        }


def empty(seen: list[Answer]) -> set[str]:
    return {answer.query.where for answer in seen if not answer.series}


def test_while_all_is_well_only_that_is_empty_which_tells_of_trouble(seen: Seen) -> None:
    assert empty(seen["well"]) == set(RIGHTLY_EMPTY)


def test_while_it_is_broken_nothing_is_empty(seen: Seen) -> None:
    assert empty(seen["broken"]) - PAST == set()


def test_an_hourly_probe_shows_wherever_a_frequent_one_does(seen: Seen) -> None:
    assert empty(seen["hourly, well"]) - OF_THE_OTHER == set(RIGHTLY_EMPTY)
    assert empty(seen["hourly, broken"]) - PAST == set()


@pytest.mark.parametrize("look", ["well", "broken", "weeks"])
def test_no_query_is_slow(seen: Seen, look: str) -> None:
    assert [str(answer) for answer in seen[look] if answer.seconds > MOST_SECONDS] == []


@pytest.mark.parametrize("look", ["well", "broken", "weeks"])
def test_no_panel_holds_more_series_than_somebody_can_read(seen: Seen, look: str) -> None:
    assert [str(answer) for answer in seen[look] if len(answer.series) > MOST_SERIES] == []


def test_a_link_of_a_value_names_what_the_value_has(seen: Seen) -> None:
    labels = {answer.query.where: answer.series for answer in seen["broken"]}
    wrong = [
        f"{where}: its link wants {label}"
        for uid in UIDS
        for where, label in linked_labels(uid)
        if any(label not in series for series in labels[where])
    ]

    assert wrong == []


@pytest.mark.parametrize("look", ["well", "broken"])
def test_no_two_lines_of_a_graph_are_called_the_same(seen: Seen, look: str) -> None:
    names = {answer.query.where: [named(answer.query, series) for series in answer.series] for answer in seen[look]}

    assert [where for where, told in names.items() if "" not in told and len(set(told)) < len(told)] == []


def named(query: Query, series: Mapping[str, str]) -> str:
    """What stands for a series in the legend; nothing for what has none."""
    targets = [] if query.panel is None else query.panel["targets"]
    legend = next((each.get("legendFormat", "") for each in targets if each["expr"] == query.expr), "")
    return re.sub(r"{{(\w+)}}", lambda match: series.get(match[1], ""), legend)


def linked_labels(uid: str) -> Iterator[tuple[str, str]]:
    """Each query, and the labels that links from its values are made of."""
    for panel in panels(board(uid)):
        links = panel["fieldConfig"]["defaults"].get("links") or ()
        wanted = {label for link in links for label in re.findall(r"\$\{__field\.labels\.(\w+)\}", link["url"])}
        for target in panel.get("targets", ()):
            yield from ((f"{uid}: {panel['title']}: {target['refId']}", label) for label in sorted(wanted))
