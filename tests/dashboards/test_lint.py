"""What every dashboard keeps to, and that a spoilt one is told of each."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from support.board_files import GENERATED, UIDS, Board, board, boards, panels, variables
from support.board_lint import RULES, Rule

from alerts.thresholds import Thresholds
from probes.model import Quota

Spoil = Callable[[Board], Any]
GRAPH = "Failures by kind and step"
OF_THE_RULES, OF_THE_QUOTA = Thresholds(), Quota()


def panel(one: Board, title: str = "") -> dict[str, Any]:
    return next(each for each in panels(one) if each["title"] == title or (not title and each["type"] == "timeseries"))


def query(one: Board) -> dict[str, Any]:
    target: dict[str, Any] = panel(one)["targets"][0]
    return target


def window(one: Board) -> dict[str, Any]:
    return next(each for each in variables(one) if each["name"] == "window")


def defaults(one: Board) -> dict[str, Any]:
    found: dict[str, Any] = panel(one)["fieldConfig"]["defaults"]
    return found


SPOILT: dict[str, tuple[str, Spoil]] = {
    "no window": ("one_window", lambda one: window(one).update(name="span")),
    "two windows": ("one_window", lambda one: variables(one).append(dict(window(one)))),
    "an hour's window": ("one_window", lambda one: window(one)["current"].update(value="1h")),
    "another window marked": ("one_window", lambda one: window(one)["options"][0].update(selected=True)),
    "a count of five minutes": ("counts_look_back_by_it", lambda one: query(one).update(expr="rate(up[5m])")),
    "a count of an interval": (
        "counts_look_back_by_it",
        lambda one: query(one).update(expr='sum(increase(a_total{b=~"(c|d)"}[$__rate_interval]))'),
    ),
    "an annotation's own count": (
        "counts_look_back_by_it",
        lambda one: one["annotations"]["list"][0].update(expr="resets(a_total[1h]) > 0"),
    ),
    "an id in a legend": ("no_id_in_a_legend", lambda one: query(one).update(legendFormat="{{ request_id }}")),
    "an address in a legend": ("no_id_in_a_legend", lambda one: query(one).update(legendFormat="{{instance}}")),
    "no legend": ("no_id_in_a_legend", lambda one: query(one).pop("legendFormat")),
    "no unit": ("unit_and_description", lambda one: defaults(one).pop("unit")),
    "an invented unit": ("unit_and_description", lambda one: defaults(one).update(unit="fortnights")),
    "an axis of a heatmap without a unit": (
        "unit_and_description",
        lambda one: next(each for each in panels(one) if each["type"] == "heatmap")["options"].update(yAxis={}),
    ),
    "no description": ("unit_and_description", lambda one: panel(one).pop("description")),
    "a word for a description": ("unit_and_description", lambda one: panel(one).update(description="Failures.")),
    "a green cell without a value": (
        "no_colour_where_nothing_is_known",
        lambda one: panel(one)["fieldConfig"]["overrides"].append(
            {
                "matcher": {"options": "A"},
                "properties": [
                    {"id": "thresholds", "value": {"steps": [{"value": None, "color": "green"}]}},
                    {"id": "custom.cellOptions", "value": {"type": "color-background"}},
                ],
            }
        ),
    ),
    "a transformation that Grafana has not": (
        "tables_name_what_there_is",
        lambda one: panel(one, "Failed runs of the window")["transformations"][0].update(id="organise"),
    ),
    "an option that a transformation has not": (
        "tables_name_what_there_is",
        lambda one: panel(one, "Failed runs of the window")["transformations"][0]["options"].update(orderByName={}),
    ),
    "a table sorted by no column": (
        "tables_name_what_there_is",
        lambda one: panel(one, "Failed runs of the window")["options"]["sortBy"][0].update(displayName="Failures"),
    ),
    "a dress for no column": (
        "tables_name_what_there_is",
        lambda one: panel(one, "Failed runs of the window")["fieldConfig"]["overrides"][0]["matcher"].update(
            options="targets"
        ),
    ),
    "a link from no column": (
        "tables_name_what_there_is",
        lambda one: panel(one, "Failed runs of the window")["fieldConfig"]["overrides"][0]["properties"][0]["value"][
            0
        ].update(url="${brekwatch}/targets/${__data.fields.host}"),
    ),
    "a panel's own data source": ("one_data_source", lambda one: panel(one).update(datasource={"uid": "mine"})),
    "a query's own data source": ("one_data_source", lambda one: query(one).update(datasource={"uid": "mine"})),
    "an annotation's own data source": (
        "one_data_source",
        lambda one: one["annotations"]["list"][0].update(datasource={"uid": "mine"}),
    ),
    "a variable's own data source": (
        "one_data_source",
        lambda one: next(each for each in variables(one) if each["type"] == "query").update(datasource={"uid": "mine"}),
    ),
    "no data source": ("one_data_source", lambda one: variables(one).pop(0)),
    "a number twice": ("numbers_and_titles_are_unique", lambda one: panel(one).update(id=one["panels"][0]["id"])),
    "no number": ("numbers_and_titles_are_unique", lambda one: panel(one).pop("id")),
    "a title twice": ("numbers_and_titles_are_unique", lambda one: panel(one).update(title=one["panels"][0]["title"])),
    "a query's name twice": (
        "numbers_and_titles_are_unique",
        lambda one: panel(one)["targets"].append(dict(query(one))),
    ),
    "a panel on another": (
        "nothing_overlaps",
        lambda one: panel(one).update(gridPos={"x": 0, "y": 0, "w": 24, "h": 200}),
    ),
    "a panel too wide": ("nothing_overlaps", lambda one: panel(one)["gridPos"].update(w=25)),
    "a panel out of its row": ("nothing_overlaps", lambda one: one["panels"].insert(0, one["panels"].pop())),
    "another uid": ("what_grafana_gives_is_left_to_it", lambda one: one.update(uid="brekwatch-scenarios")),
    "a server's id": ("what_grafana_gives_is_left_to_it", lambda one: one.update(id=17)),
    "a server's version": ("what_grafana_gives_is_left_to_it", lambda one: one.update(version=3)),
    "no refresh": ("it_refreshes_and_tells_time", lambda one: one.pop("refresh")),
    "a fixed time": (
        "it_refreshes_and_tells_time",
        lambda one: one["time"].update({"from": "2026-01-01", "to": "2026-01-02"}),
    ),
    "another's time": ("it_refreshes_and_tells_time", lambda one: one.update(timezone="utc")),
    "links that forget the time": ("links_keep_time_and_choice", lambda one: one["links"][0].update(keepTime=False)),
    "links that forget what was chosen": (
        "links_keep_time_and_choice",
        lambda one: one["links"][0].update(includeVars=False),
    ),
    "links to other boards": ("links_keep_time_and_choice", lambda one: one["links"][0].update(tags=["mine"])),
    "a link to a board that forgets": (
        "links_keep_time_and_choice",
        lambda one: defaults(one).update(links=[{"url": "/d/brekwatch-quota?${__url_time_range}"}]),
    ),
    "a link to elsewhere": (
        "links_keep_time_and_choice",
        lambda one: defaults(one).update(links=[{"url": "https://brekwatch.example/runs"}]),
    ),
    "a link of a cell to no page": (
        "links_keep_time_and_choice",
        lambda one: panel(one)["fieldConfig"]["overrides"].append(
            {"matcher": {}, "properties": [{"id": "links", "value": [{"url": "${brekwatch}/nowhere"}]}]}
        ),
    ),
}

DRAWN: dict[tuple[str, str], set[float]] = {
    ("brekwatch-quota", "Headroom"): {OF_THE_RULES.headroom_low_ratio},
    ("brekwatch-quota", "The probes' own share of the quota"): {OF_THE_QUOTA.share},
    ("brekwatch-quota", "Share of answers that nobody asked for"): {OF_THE_RULES.hidden_share},
    ("brekwatch-correlation", "Answers without a usable id"): {OF_THE_RULES.correlation_missing_share},
    ("brekwatch-scenario", "Failed among the last judged runs"): {OF_THE_RULES.open_after},
    ("brekwatch-scenario", "How fast the error budget goes"): {each.factor for each in OF_THE_RULES.burn_windows},
    ("brekwatch-scenario", "Slow runs"): {OF_THE_RULES.latency_slow_share},
    ("brekwatch-monitor", "Age of each verdict, in intervals"): {OF_THE_RULES.stale_intervals},
}
"""Where an alert has its limit, that is the line which is drawn."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("uid", UIDS)
def test_each_dashboard_keeps_to(uid: str, rule: Rule) -> None:
    assert list(rule(board(uid))) == []


@pytest.mark.parametrize(("name", "spoil"), SPOILT.values(), ids=SPOILT)
def test_it_is_told_where_there_is(name: str, spoil: Spoil) -> None:
    one = board("brekwatch-scenario")
    spoil(one)

    assert [rule.__name__ for rule in RULES if list(rule(one))] == [name]


def test_every_rule_has_a_board_that_breaks_it() -> None:
    assert {name for name, _ in SPOILT.values()} == {rule.__name__ for rule in RULES}


def test_every_board_is_reached_from_every_other() -> None:
    tags = {one["uid"]: set(one["tags"]) for one in boards()}
    led_to = {one["uid"]: {tag for link in one["links"] for tag in link.get("tags", ())} for one in boards()}

    assert [(here, there) for here in UIDS for there in UIDS if not led_to[here] & tags[there]] == []


@pytest.mark.parametrize(("uid", "title"), DRAWN, ids=lambda each: each)
def test_a_line_is_drawn_where_the_alert_has_its_limit(uid: str, title: str) -> None:
    found = panel(board(uid), title)["fieldConfig"]["defaults"]

    assert {step["value"] for step in found["thresholds"]["steps"]} - {None} == DRAWN[uid, title]
    assert found["custom"]["thresholdsStyle"]["mode"] != "off"


def test_boards_and_titles_are_not_called_the_same() -> None:
    titles = [one["title"] for one in boards()]

    assert len(set(titles)) == len(titles) == len(UIDS)


def test_what_is_generated_is_tracked() -> None:
    listed = subprocess.run(  # noqa: S603 - fixed words
        ["git", "ls-files", "--error-unmatch", *(f"{uid}.json" for uid in UIDS)],  # noqa: S607 - whichever git there is
        cwd=GENERATED,
        capture_output=True,
        text=True,
        check=False,
    )

    assert sorted(listed.stdout.split()) == sorted(f"{uid}.json" for uid in UIDS), listed.stderr
