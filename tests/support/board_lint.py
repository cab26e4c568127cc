"""What every dashboard keeps to, beside the types and the queries: each rule gives what breaks it, by its name."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

from grafana_foundation_sdk.models import units
from support.board_files import (
    UIDS,
    Board,
    Panel,
    annotation_queries,
    panel_queries,
    panels,
    rows_and_panels,
    variables,
)

WINDOW, LEAST_WINDOW_SECONDS = "window", 4 * 3600
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
_IDS = {"run_id", "request_id", "trace_id", "session_id", "event_id", "incident_id", "instance"}
_UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
_SAYS_NOTHING = {"transparent", "#808080"}
_FIELD = re.compile(r"\$\{__data\.fields\.(\w+)\}")
_TRANSFORMATIONS = {
    "merge": set[str](),
    "organize": {"excludeByName", "indexByName", "renameByName"},
    "groupingToMatrix": {"columnField", "rowField", "valueField", "emptyValue"},
}
"""Those of Grafana that we use, with their options: its published types have neither."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_GROWTH = re.compile(r"\b(?:rate|irate|increase|delta|idelta|resets|changes)\((?:[^()\[\]]|\([^()]*\))*\[([^\]]*)\]")
_OBJECTIVE_WINDOW = "28d"
_PAGES = re.compile(
    r"\$\{brekwatch\}(?:/|/runs(?:\?.*)?|/incidents(?:/open)?(?:\?.*)?|/(?:targets|scenarios|runbooks)/\$\{[\w.]+\})"
)
_KEPT = {"${__url_time_range}", "${__all_variables}"}
_BOARD_URL = re.compile(r"/d/(?P<uid>[\w-]+)")

Rule = Callable[[Board], Iterator[str]]


def one_window(one: Board) -> Iterator[str]:
    """One variable says how far back counts look: of 6 h unless chosen, which an hourly probe shows in."""
    windows = [each for each in variables(one) if each["type"] in {"custom", "interval"}]
    if [each["name"] for each in windows if each["name"] == WINDOW] != [WINDOW]:
        yield f"there is no one variable {WINDOW}"
        return
    window = next(each for each in windows if each["name"] == WINDOW)
    chosen, offered = window["current"]["value"], window["query"].split(",")
    if chosen != "6h" or _seconds(chosen) < LEAST_WINDOW_SECONDS or chosen not in offered:
        yield f"{WINDOW} is {chosen} unless chosen"
    if [each["value"] for each in window["options"] if each["selected"]] != [chosen]:
        yield f"another {WINDOW} is marked than {chosen}"


def counts_look_back_by_it(one: Board) -> Iterator[str]:
    """No count has a look back of its own: one shorter than four intervals shows nothing of a seldom probe."""
    for query in (*panel_queries(one), *annotation_queries(one)):
        for looked_back in _GROWTH.findall(query.expr):
            if looked_back not in {f"${WINDOW}", _OBJECTIVE_WINDOW}:
                yield f"{query}: looks back {looked_back}"


def no_id_in_a_legend(one: Board) -> Iterator[str]:
    """A legend is a list to read; ids are for exemplars."""
    for panel in panels(one):
        for target in panel.get("targets", ()):
            legend = target.get("legendFormat", "")
            if ids := _IDS & set(re.findall(r"{{\s*(\w+)\s*}}", legend)) - _of_the_monitor(one):
                yield f"{panel['title']}: {sorted(ids)} in a legend"
            if not legend and panel["type"] in {"timeseries", "state-timeline"}:
                yield f"{panel['title']}: {target['refId']}: no legend, so that all labels stand there"


def _of_the_monitor(one: Board) -> set[str]:
    """The address of a monitor is no id where monitors are what is looked at."""
    return {"instance"} if one["uid"] == "brekwatch-monitor" else set()


def unit_and_description(one: Board) -> Iterator[str]:
    """Every panel says in what it counts, and what to make of it."""
    for panel in panels(one):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if panel["type"] != "text" and unit not in _UNITS and not str(unit).startswith("suffix:"):
            yield f"{panel['title']}: {unit} is no unit of Grafana's"
        if panel["type"] == "heatmap" and panel["options"]["yAxis"].get("unit") not in _UNITS:
            yield f"{panel['title']}: its axis has no unit, and a heatmap shows no other"
        if len(panel.get("description", "").split()) < 6 or not panel["description"].endswith("."):
            yield f"{panel['title']}: its description is no sentence"


def no_colour_where_nothing_is_known(one: Board) -> Iterator[str]:
    """A coloured cell without a value takes the lowest limit's colour: a green that nobody measured."""
    for panel in panels(one):
        for override in panel["fieldConfig"]["overrides"]:
            dressed = {each["id"]: each["value"] for each in override["properties"]}
            if dressed.get("custom.cellOptions", {}).get("type") != "color-background":
                continue
            limits = dressed.get("thresholds") or panel["fieldConfig"]["defaults"]["thresholds"]
            told = {each["options"].get("match") for each in dressed.get("mappings", ())}
            if limits["steps"][0]["color"] not in _SAYS_NOTHING and "null+nan" not in told:
                yield f"{panel['title']}: {override['matcher']['options']} is coloured where it is empty"


def tables_name_what_there_is(one: Board) -> Iterator[str]:
    """Grafana passes over a transformation, an option or a column that it doesn't know, and says nothing."""
    for panel in panels(one):
        asked, columns = panel.get("transformations", ()), _columns(panel)
        for each in asked:
            if each["id"] not in _TRANSFORMATIONS or set(each["options"]) - _TRANSFORMATIONS[each["id"]]:
                yield f"{panel['title']}: no transformation {each['id']} of {sorted(each['options'])}"
        named = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if _by_name(each)]
        named += [each["displayName"] for each in panel["options"].get("sortBy", ())]
        named += _FIELD.findall(json.dumps(panel))
        if columns and (unknown := set(named) - columns):
            yield f"{panel['title']}: no column {sorted(unknown)}"


def _by_name(override: Mapping[str, Any]) -> bool:
    return bool(override["matcher"].get("id") == "byName")


def _columns(panel: Panel) -> set[str]:
    """What a table shows, by its heading."""
    organized = [each["options"] for each in panel.get("transformations", ()) if each["id"] == "organize"]
    return {
        each.get("renameByName", {}).get(name, name)
        for each in organized
        for name in each.get("indexByName", {})
        if not each.get("excludeByName", {}).get(name)
    }


def one_data_source(one: Board) -> Iterator[str]:
    """Whatever asks Prometheus asks the one that is chosen at the top."""
    if [each["query"] for each in variables(one) if each["name"] == "datasource"] != ["prometheus"]:
        yield "there is no variable for the data source"
    for where, each in _asking(one):
        if each.get("datasource") != SOURCE:
            yield f"{where}: asks {each.get('datasource')}"


def _asking(one: Board) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((f"variable {each['name']}", each) for each in variables(one) if each["type"] == "query")
    yield from ((f"annotation {each['name']}", each) for each in one["annotations"]["list"])
    for panel in panels(one):
        yield panel["title"], panel
        yield from ((f"{panel['title']}: {each['refId']}", each) for each in panel["targets"])


def numbers_and_titles_are_unique(one: Board) -> Iterator[str]:
    """A link to a panel goes by its number, and people by its title."""
    every = list(rows_and_panels(one))
    for what in ("id", "title"):
        counted = Counter(panel.get(what) for panel in every)
        yield from (
            f"{what} {value} stands {count} times" for value, count in counted.items() if count > 1 or not value
        )
    for panel in panels(one):
        if len({target["refId"] for target in panel["targets"]}) < len(panel["targets"]):
            yield f"{panel['title']}: two queries have one name"


def nothing_overlaps(one: Board) -> Iterator[str]:
    """Every panel has its place to itself, inside of the board."""
    for panel in one["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > COLUMNS:
            yield f"{panel['title']}: outside of the board"
    for left, right in combinations(one["panels"], 2):
        if _overlap(left, right):
            yield f"{left['title']} lies on {right['title']}"
    for above, below in pairwise(one["panels"]):
        if (above["gridPos"]["y"], above["gridPos"]["x"]) >= (below["gridPos"]["y"], below["gridPos"]["x"]):
            yield f"{below['title']} stands before {above['title']}"


def _overlap(one: Panel, other: Panel) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    return bool(
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def what_grafana_gives_is_left_to_it(one: Board) -> Iterator[str]:
    """The uid is ours and stable; numbers that a server gives would differ from the next one's."""
    if one["uid"] not in UIDS:
        yield f"{one['uid']} is no uid that alerts link to"
    yield from (f"{name} is for Grafana to give" for name in ("id", "version", "iteration") if one.get(name))


def it_refreshes_and_tells_time(one: Board) -> Iterator[str]:
    """It keeps up by itself, begins with the last day or so, and tells time as whoever looks does."""
    if not re.fullmatch(r"\d+[smh]", str(one.get("refresh"))):
        yield f"refreshes every {one.get('refresh')}"
    if one["time"]["to"] != "now" or not one["time"]["from"].startswith("now-"):
        yield f"begins with {one['time']}"
    if one["timezone"] != "browser":
        yield f"tells time as in {one['timezone']}"


def links_keep_time_and_choice(one: Board) -> Iterator[str]:
    """On the way to another board nobody chooses anew; brekwatch's own pages are named by the variable alone."""
    boards = [each for each in one["links"] if each["type"] == "dashboards"]
    if not any(each["includeVars"] and each["keepTime"] and set(each["tags"]) & set(one["tags"]) for each in boards):
        yield "no links to the other boards that keep time and variables"
    for where, link in _links(one):
        to_board = _BOARD_URL.match(link["url"])
        if to_board and not (
            {"${__url_time_range}", "${__all_variables}"} <= set(re.findall(r"\$\{\w+\}", link["url"]))
        ):
            yield f"{where}: {link['url']} forgets time or variables"
        elif not to_board and not _PAGES.fullmatch(link["url"]):
            yield f"{where}: {link['url']} is no page of brekwatch"


def _links(one: Board) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((each["title"], each) for each in one["links"] if each["type"] == "link")
    for panel in panels(one):
        yield from ((panel["title"], link) for link in panel["fieldConfig"]["defaults"].get("links") or ())
        yield from ((panel["title"], link) for link in panel.get("links") or ())
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from ((panel["title"], link) for link in each["value"])


def _seconds(text: str) -> int:
    return int(text[:-1]) * _SECONDS[text[-1]]


RULES: tuple[Rule, ...] = (
    one_window,
    counts_look_back_by_it,
    no_id_in_a_legend,
    unit_and_description,
    no_colour_where_nothing_is_known,
    tables_name_what_there_is,
    one_data_source,
    numbers_and_titles_are_unique,
    nothing_overlaps,
    what_grafana_gives_is_left_to_it,
    it_refreshes_and_tells_time,
    links_keep_time_and_choice,
)
