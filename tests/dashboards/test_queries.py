"""Every query of the dashboards is PromQL, and names what there is: metrics, labels, variables."""

from __future__ import annotations

import pytest
from support.board_files import UIDS, annotation_queries, board, panel_queries, panels, variable_queries
from support.board_queries import View, asked_by_a_variable, complaints, defaults, filled, labels_of

KNOWN = {
    "environment": ("sandbox", "production"),
    "location": ("eu-1", "us-1"),
    "target": ("acme", "a.b+c"),
    "scenario": ("golden_path", "quick_search"),
    "step": ("search", "confirm"),
    "datasource": ("Prometheus",),
}
ONE = {name: values[:1] for name, values in KNOWN.items()}


@pytest.mark.parametrize("known", [KNOWN, ONE], ids=["several", "one"])
@pytest.mark.parametrize("uid", UIDS)
def test_every_query_names_what_there_is(uid: str, known: dict[str, tuple[str, ...]]) -> None:
    one = board(uid)
    view = View(chosen=defaults(one, known) | known)
    queries = [*panel_queries(one), *annotation_queries(one)]

    assert len(queries) > 10
    assert [f"{query}: {said}" for query in queries for said in complaints(filled(query.expr, view))] == []


@pytest.mark.parametrize("uid", UIDS)
def test_what_variables_ask_for_is_there(uid: str) -> None:
    one = board(uid)
    view = View(chosen=defaults(one, KNOWN))
    asked = {name: asked_by_a_variable(query) for name, query in variable_queries(one)}

    assert asked.keys() >= {"environment", "target"}
    for series, label in asked.values():
        assert complaints(filled(series, view)) == []
        assert label in (labels_of(series.partition("{")[0]) or ())


@pytest.mark.parametrize("uid", UIDS)
def test_every_panel_that_shows_data_asks_for_some(uid: str) -> None:
    silent = [panel["title"] for panel in panels(board(uid)) if panel["type"] != "text" and not panel.get("targets")]

    assert silent == []


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("sum by (target (up)", "unclosed left parenthesis"),
        ("brek_probe_runs", "there is no metric brek_probe_runs"),
        ("brek_probe_run_duration_seconds", "there is no metric brek_probe_run_duration_seconds"),
        ('brek_probe_runs_total{kind="a"}', "brek_probe_runs_total has no label kind"),
        ('increase(brek_probe_runs_total{kind="a"}[5m])', "brek_probe_runs_total has no label kind"),
        ("sum by (step) (brek_probe_runs_total)", "no series here has the label step"),
        ("brek_probe_success * on (step) brek_probe_success", "no series here has the label step"),
        ('brek_probe_success * on (target) group_left (step) up{target="a"}', "up has no label target"),
        ('{__name__=~"brek_.*"}', "a selector without a name"),
        ("up + go_goroutines", "there is no metric go_goroutines"),
    ],
    ids=["syntax", "name", "histogram", "label", "in a range", "by", "on", "group", "nameless", "foreign"],
)
def test_a_wrong_query_is_told(expr: str, said: str) -> None:
    assert said in " ".join(complaints(expr))


def test_variables_are_filled_in_as_grafana_does() -> None:
    view = View(chosen={"target": ("a.b", "c"), "scenario": ("one",), "window": "6h", "all": ".*"}, step_seconds=30)
    said = 'x{a=~"$target",b=~"${scenario:regex}",c=~"[[all]]"}[$window] $__range ${__rate_interval} $__interval "$1"'

    assert filled(said, view) == r'x{a=~"(a\\.b|c)",b=~"one",c=~".*"}[6h] 86400s 60s 30s "$1"'


def test_a_variable_that_no_board_has_is_told() -> None:
    with pytest.raises(KeyError, match="nobody"):
        filled('up{job="$nobody"}', View(chosen={}))
