from __future__ import annotations

import re

import pytest
from support.boards import BOARDS, expressions

from dashboards.panels import Texts
from dashboards.queries import selector
from exporter.metrics import FAMILIES, RUN_DURATION, RUNS, TARGET_INFO, Family


def test_a_label_that_the_family_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="brek_probe_runs_total has no label outcomes"):
        selector(RUNS, outcomes="passed")


@pytest.mark.parametrize(
    ("family", "suffix"),
    [pytest.param(RUNS, "_bucket", id="a counter"), pytest.param(RUN_DURATION, "", id="a histogram")],
)
def test_a_suffix_is_for_histograms(family: Family, suffix: str) -> None:
    with pytest.raises(ValueError, match="a suffix is for histograms"):
        selector(family, suffix)


def test_a_series_is_narrowed_by_the_variables_whose_labels_it_has() -> None:
    assert selector(RUNS) == 'brek_probe_runs_total{target=~"$target",scenario=~"$scenario"}'
    assert selector(TARGET_INFO) == 'brek_probe_target_info{target=~"$target"}'


@pytest.mark.parametrize("missing", ["title", "description", "unit"])
def test_a_panel_without_its_texts_is_refused(missing: str) -> None:
    texts = {"title": "Runs", "description": "How many.", "unit": "short"}

    with pytest.raises(ValueError, match="it needs a title, a description and a unit"):
        Texts(**(texts | {missing: ""}))


def test_every_metric_of_the_boards_is_in_the_catalogue() -> None:
    asked = {name for board in BOARDS.values() for text in expressions(board) for name in _ours(text)}

    assert asked <= {family.name for family in FAMILIES}


def _ours(text: str) -> set[str]:
    return {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\bbrek_\w+", text)}
