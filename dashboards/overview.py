"""Overview: is it fine, since when not, which scenario, and who has to act. One row a target."""

from __future__ import annotations

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard

from alerts.rulebook.model import Board
from alerts.thresholds import GOLDEN_PATHS
from dashboards import linking, variables
from dashboards.boards import Section, board
from dashboards.keeping import keeping_panels
from dashboards.objectives import (
    PAIR,
    availability_over_the_objective,
    budget_left,
    failed,
    failed_or_nothing,
    objective,
    of_planned,
    share_of_good,
)
from dashboards.panels import (
    BLUE,
    COUNT,
    GREEN,
    GREY,
    NO_LIMIT,
    RED,
    SECONDS,
    SHARE,
    Query,
    Texts,
    bad_above,
    bad_below,
    graph,
    mapped,
    rows,
    sized,
    timeline,
)
from dashboards.queries import (
    OBJECTIVE_WINDOW,
    STALE_INTERVALS,
    WINDOW,
    failing_since,
    fresh_success,
    good_now,
    here,
    increase,
    known_targets,
    one_of,
    quantile,
    selector,
    total,
)
from dashboards.tables import Column, merged
from exporter.metrics import (
    INCIDENTS_OPEN,
    LATENCY_OBJECTIVE,
    MAINTENANCE,
    OBJECTIVE_RUNS,
    RUN_DURATION,
    TARGET_INFO,
)

_GOLDEN = one_of(*sorted(GOLDEN_PATHS))
_ALERTS = 'ALERTS{alertstate="firing",alertname=~"Brek.+",alertname!="BrekWatchdog",target=~"$target|"}'
_RULES_RUN = 'ALERTS{alertname="BrekWatchdog",alertstate="firing"}'
_NOW = {1.0: ("good", GREEN), 0.0: ("failing", RED), -1.0: ("no verdict", GREY)}
_ANNOUNCED = {0.0: ("no", "transparent"), 1.0: ("announced", BLUE)}


def overview() -> Dashboard:
    """The first board that somebody opens."""
    return board(
        Board.OVERVIEW,
        title="brekwatch / Overview",
        description="Is it fine, since when not, which scenario, and who has to act",
        extra=(variables.scenario(),),
        sections=(
            Section(title="Targets", panels=(_targets(),)),
            Section(title="Since when", panels=(_verdicts(), _alerts())),
            Section(title="What fails", panels=(_failures(), _failing())),
            Section(title="Golden path and objectives", panels=(_latency(), _availability(), _budgets(), _incidents())),
            Section(title="Money and certificates", panels=keeping_panels()),
        ),
    )


def _firing() -> str:
    """A zero only where the rules are evaluated: else it would say that all is well."""
    none = f"0 * max by (target) (\n{here(selector(TARGET_INFO))}\n) and on () {_RULES_RUN}"
    return f"count by (target) ({_ALERTS})\nor ({none})"


def _targets() -> table.Panel:
    percentiles = [Query(expr=quantile(each, RUN_DURATION, "target", scenario=_GOLDEN)) for each in (0.5, 0.95, 0.99)]
    failing = f"topk by (target) (1, {failed('target, scenario, step, kind, blame')})"
    texts = Texts(
        title="One row a target",
        description=(
            "Good now: whether the last verdict of every scenario is good, from every location. `no verdict` means"
            f" that at least one is older than {STALE_INTERVALS} of its intervals: look at the Monitor board. Failing"
            " since: the last good run of the scenario that fails longest, of those that ever were good. Availability"
            " and budget are those of the worst scenario that is still planned. Percentiles are of golden path runs"
            " that were good, in the window; of few runs they are little more than the slowest. The last columns name"
            " what fails most. A row without a target counts what fires about brekwatch itself. Click a row to see its"
            " runs."
        ),
        unit=COUNT,
    )
    queries = (
        Query(expr=known_targets("target, environment")),
        Query(expr=good_now()),
        Query(expr=f"min by (target) (\n{availability_over_the_objective()}\n)"),
        Query(expr=f"min by (target) (\n{budget_left()}\n)"),
        *percentiles,
        Query(expr=_firing()),
        Query(expr=total("target", here(selector(INCIDENTS_OPEN)))),
        Query(expr=f"max by (target) (\n{here(selector(MAINTENANCE))}\n)"),
        Query(expr=failing),
        Query(expr=f"1000 * {failing_since()}"),
    )
    return sized(merged(rows(texts, *queries), *_target_columns(), queries=len(queries)), 24, 9)


def _target_columns() -> tuple[Column, ...]:
    here_links = (linking.target_page(cell=True), linking.runs_of_target(cell=True))
    return (
        Column(of="target", links=here_links),
        Column(of="environment"),
        Column(of="A", title="Known", hidden=True),
        Column(of="B", title="Good now", words=tuple(mapped(_NOW, "no verdict"))),
        Column(of="L", title="Failing since", unit="dateTimeFromNow"),
        Column(of="C", title="Availability, 28 d", unit=SHARE),
        Column(of="D", title="Budget left, 28 d", unit=SHARE, limits=bad_below(0, good=0.25)),
        Column(of="E", title="Golden path p50", unit=SECONDS),
        Column(of="F", title="p95", unit=SECONDS),
        Column(of="G", title="p99", unit=SECONDS),
        Column(of="H", title="Firing alerts", unit=COUNT, limits=bad_above(1)),
        Column(
            of="I", title="Open incidents", unit=COUNT, limits=bad_above(1), links=(linking.open_incidents(cell=True),)
        ),
        Column(of="J", title="Maintenance", words=tuple(mapped(_ANNOUNCED))),
        Column(of="scenario", links=(linking.failed_runs(cell=True),)),
        Column(of="step"),
        Column(of="kind"),
        Column(of="blame"),
        Column(of="K", title="Failed runs", unit=COUNT),
    )


def _verdicts() -> statetimeline.Panel:
    texts = Texts(
        title="Verdicts",
        description=(
            "The last verdict of each scenario, while it holds. Red is a failed run, a gap means that nothing was"
            f" known: no verdict for {STALE_INTERVALS} intervals. Where red begins is since when. The Scenario board"
            " shows which step it was."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"min by ({PAIR}) (\n{fresh_success()}\n)", legend="{{target}} · {{scenario}}")
    panel = timeline(texts, query, states=mapped({1.0: ("good", GREEN), 0.0: ("failed", RED)}))
    return sized(panel.data_links([linking.failed_runs()]), 12, 9)


def _alerts() -> table.Panel:
    texts = Texts(
        title="Firing alerts",
        description=(
            "What fires now, by Prometheus' own account; it needs the rules of `brekwatch rules export`. Empty is"
            " good if the rules are loaded: then the row above shows 0, and no gap. The alert's name leads to what to"
            " do."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"max by (alertname, severity, blame, target, scenario) ({_ALERTS})")
    columns = (
        Column(of="alertname", links=(linking.runbook(),)),
        Column(of="severity"),
        Column(of="blame"),
        Column(of="target", links=(linking.open_incidents(cell=True),)),
        Column(of="scenario"),
        Column(of="A", title="Firing", hidden=True),
    )
    return sized(merged(rows(texts, query), *columns, queries=1), 12, 9)


def _failures() -> timeseries.Panel:
    texts = Texts(
        title="Failed runs by kind",
        description=(
            "How many runs failed within the window before each moment, by what was wrong. Any bar is worth a look;"
            " one kind that grows is an outage. The diamonds are single runs: each leads to its evidence."
        ),
        unit=COUNT,
    )
    query = Query(expr=failed_or_nothing("target, kind"), legend="{{target}} · {{kind}}", exemplars=True)
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12, 9)


def _failing() -> table.Panel:
    texts = Texts(
        title="Failed runs by scenario and step",
        description=(
            "The failed runs of the window: which scenario, at which step, what was wrong, and who has to act. The"
            " top row is where to begin; its scenario leads to the runs with their requests. Empty is good."
        ),
        unit=COUNT,
    )
    query = Query(expr=failed("target, scenario, step, kind, blame"))
    columns = (
        Column(of="target", links=(linking.target_page(cell=True),)),
        Column(of="scenario", links=(linking.failed_runs(cell=True),)),
        *(Column(of=name) for name in ("step", "kind", "blame")),
        Column(of="A", title="Failed runs", unit=COUNT),
    )
    return sized(merged(rows(texts, query), *columns, queries=1, sort_by="Failed runs"), 12, 9)


def _latency() -> timeseries.Panel:
    texts = Texts(
        title="Golden path latency",
        description=(
            "How long good golden path runs took, in the window before each moment: half of them, 95 and 99 of a"
            " hundred were no slower. The line `objective` is what a good run may take. Of fewer than 20 runs p95 is"
            " the slowest one; buckets make all of them estimates. The Scenario board shows which step is slow."
        ),
        unit=SECONDS,
    )
    queries = [
        Query(
            expr=quantile(share, RUN_DURATION, "target", scenario=_GOLDEN), legend=f"{{{{target}}}} · p{share * 100:g}"
        )
        for share in (0.5, 0.95, 0.99)
    ]
    objective = f"min by (target) (\n{here(selector(LATENCY_OBJECTIVE, scenario=_GOLDEN))}\n)"
    return sized(graph(texts, *queries, Query(expr=objective, legend="{{target}} · objective")), 12)


def _availability() -> timeseries.Panel:
    texts = Texts(
        title="Availability in the window",
        description=(
            "The share of good runs that count for the objective, in the window before each moment, beside what the"
            " objective asks. Below its line the budget is spent faster than it lasts. No line where nothing was"
            " judged."
        ),
        unit=SHARE,
    )
    pair = "{{target}} · {{scenario}}"
    panel = graph(
        texts,
        Query(expr=share_of_good(PAIR, WINDOW), legend=pair),
        Query(expr=objective(), legend=f"{pair} · objective"),
    )
    return sized(panel.max(1).data_links([linking.failed_runs()]), 12)


def _budgets() -> table.Panel:
    texts = Texts(
        title="Objectives over 28 days",
        description=(
            "Availability over 28 days beside the objective, and how much of the error budget is left: 100 % is"
            " untouched, below 0 the objective is missed. It counts what was measured, so a young monitor speaks of"
            " its own days alone. The least is on top."
        ),
        unit=SHARE,
    )
    queries = (
        Query(expr=availability_over_the_objective()),
        Query(expr=objective()),
        Query(expr=budget_left()),
        Query(expr=of_planned(total(PAIR, increase(selector(OBJECTIVE_RUNS), OBJECTIVE_WINDOW)))),
    )
    columns = (
        Column(of="target", links=(linking.target_page(cell=True),)),
        Column(of="scenario", links=(linking.failed_runs(cell=True),)),
        Column(of="A", title="Availability", unit=SHARE),
        Column(of="B", title="Objective", unit=SHARE),
        Column(of="C", title="Budget left", unit=SHARE, limits=bad_below(0, good=0.25)),
        Column(of="D", title="Runs", unit=COUNT),
    )
    panel = merged(rows(texts, *queries), *columns, queries=len(queries), sort_by="Budget left", descending=False)
    return sized(panel, 12)


def _incidents() -> timeseries.Panel:
    texts = Texts(
        title="Open incidents",
        description=(
            "How many incidents were open, by who has to act: `network` and `monitor` are ours, `credentials` and"
            " `quota` the operator's of the key, `api` and `conversation` Brek's. Zero is good. The target leads to"
            " the report."
        ),
        unit=COUNT,
    )
    query = Query(expr=total("target, blame", here(selector(INCIDENTS_OPEN))) + " > 0", legend="{{target}} · {{blame}}")
    panel = graph(texts, query, limits=NO_LIMIT, stacked=True)
    return sized(panel.data_links([linking.open_incidents()]), 12)
