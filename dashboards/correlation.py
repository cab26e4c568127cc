"""Correlation and contract: can support find a request, and is the API what its documents say."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard

from alerts.rulebook.model import Board
from alerts.thresholds import Thresholds
from dashboards import linking, variables
from dashboards.boards import Section, board
from dashboards.panels import COUNT, SHARE, Query, Texts, bad_above, graph, rows, sized
from dashboards.queries import Match, grown, happened, happened_or_nothing, none_of, ratio, selector, total
from dashboards.tables import Column, merged
from exporter.metrics import CONTRACT_FINDINGS, CORRELATION
from probes.words import CorrelationState, FindingKind

_LACKING = none_of(CorrelationState.PRESENT)
_BY = "target, operation, id"


def correlation() -> Dashboard:
    """Where an alert about lost ids or drift leads."""
    return board(
        Board.CORRELATION,
        title="brekwatch / Correlation and contract",
        description="Can support find a request, and is the API what its documents say",
        extra=(variables.scenario_passed_on(),),
        sections=(
            Section(title="The ids that support asks for", panels=(_share(), _states(), _operations())),
            Section(title="The contract", panels=(_kinds(), _findings(), _drift())),
        ),
    )


def _counted(by: str, state: str | Match | None = None) -> str:
    labels = {} if state is None else {"state": state}
    return total(by, grown(selector(CORRELATION, **labels)))


def _share() -> timeseries.Panel:
    texts = Texts(
        title="Answers without a usable id",
        description=(
            "The share of answers in the window that had no id, two that differ, or one that another request had"
            " before. Support can't find such a request. Above the line a ticket is opened. No line where nothing was"
            " answered."
        ),
        unit=SHARE,
    )
    query = Query(expr=ratio(_counted("target, id", _LACKING), _counted("target, id")), legend="{{target}} · {{id}}")
    panel = graph(texts, query, limits=bad_above(Thresholds().correlation_missing_share))
    return sized(panel.max(1).data_links([linking.runs_of_target()]), 12)


def _states() -> timeseries.Panel:
    texts = Texts(
        title="Missing, mismatched and repeated ids",
        description=(
            "Answers in the window before each moment whose id is missing, differs between header and body, or came"
            " before. Zero is good. `missing` after a release is a lost header; `mismatched` or `repeated` leads"
            " support to the wrong request."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened_or_nothing(f"{_BY}, state", grown(selector(CORRELATION, state=_LACKING))),
        legend="{{target}} · {{operation}} · {{id}} · {{state}}",
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12)


def _operations() -> table.Panel:
    texts = Texts(
        title="Ids by operation",
        description=(
            "How many answers of the window had each id, by operation. Any figure but 0 in the last three columns is"
            " worth a ticket to Brek, and so is a row whose `present` is 0 while there are runs. The target leads to"
            " its page."
        ),
        unit=COUNT,
    )
    queries = tuple(Query(expr=f"round(\n{_counted(_BY, state)}\n)") for state in CorrelationState)
    columns = (
        Column(of="target", links=(linking.target_page(cell=True),)),
        Column(of="operation"),
        Column(of="id"),
        *(
            Column(
                of=letter,
                title=state.value,
                unit=COUNT,
                limits=None if state is CorrelationState.PRESENT else bad_above(0.5),
            )
            for letter, state in zip("ABCD", CorrelationState, strict=True)
        ),
    )
    return sized(merged(rows(texts, *queries), *columns, queries=len(queries)), 24, 9)


def _kinds() -> timeseries.Panel:
    texts = Texts(
        title="Findings by kind",
        description=(
            "What answers showed in the window before each moment that the documents don't allow, short of a failure."
            " A kind that begins on one day came with a release: compare with the marks of deployments, and tell"
            " Brek. The published file's differences have their own panel below."
        ),
        unit=COUNT,
    )
    series = selector(CONTRACT_FINDINGS, kind=none_of(FindingKind.CONTRACT_DRIFT))
    query = Query(expr=happened_or_nothing("target, kind", grown(series)), legend="{{target}} · {{kind}}")
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12)


def _findings() -> table.Panel:
    texts = Texts(
        title="Findings of the window",
        description=(
            "The same by operation, the most frequent on top. What each one was stands in the runs: the target leads"
            " to them. Empty is good."
        ),
        unit=COUNT,
    )
    columns = (
        Column(of="target", links=(linking.runs_of_target(cell=True),)),
        Column(of="operation"),
        Column(of="kind"),
        Column(of="A", title="Findings", unit=COUNT),
    )
    query = Query(expr=happened("target, operation, kind", grown(selector(CONTRACT_FINDINGS))))
    return sized(merged(rows(texts, query), *columns, queries=1, sort_by="Findings"), 12)


def _drift() -> timeseries.Panel:
    texts = Texts(
        title="Drift over releases",
        description=(
            "Differences between the OpenAPI file that the target publishes and the one that we play by, told in the"
            " window before each moment. The file is compared at the start and every six hours, and each comparison"
            " tells all differences again: a step up is a release that changed the contract, and steps of one height"
            " are the same differences. Each is a log line `contract_drift`."
        ),
        unit=COUNT,
    )
    series = selector(CONTRACT_FINDINGS, kind=FindingKind.CONTRACT_DRIFT)
    query = Query(expr=total("target", grown(series)), legend="{{target}}")
    return sized(graph(texts, query, limits=bad_above(0.5)).data_links([linking.target_page()]), 24)
