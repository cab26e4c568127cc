"""Scenario: which step, since when, how slow, and what the conversation did."""

from __future__ import annotations

from grafana_foundation_sdk.builders import heatmap, statetimeline, table, timeseries
from grafana_foundation_sdk.models.common import TableColoredBackgroundCellOptions
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DataTransformerConfig,
    DynamicConfigValue,
)

from alerts.rulebook.model import Board
from dashboards import linking, variables
from dashboards.boards import Section, board
from dashboards.burning import burning_panels
from dashboards.objectives import PAIR, failed, failed_or_nothing
from dashboards.panels import (
    BLUE,
    COUNT,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SECONDS,
    YELLOW,
    Limits,
    Query,
    Texts,
    graph,
    heat,
    mapped,
    rows,
    sized,
    timeline,
)
from dashboards.queries import (
    CHOSEN_STEP,
    Match,
    fresh_success,
    grown,
    happened,
    happened_or_nothing,
    here,
    increase,
    mean,
    selector,
    total,
)
from dashboards.tables import Column, merged
from exporter.metrics import CHAT_TRANSITIONS, HTTP_PHASE_DURATION, RUNS, STEP_DURATION
from probes.words import Outcome

_OPERATION = Match('="$operation"')
_UNDOCUMENTED = "undocumented"
_PASSED, _DEGRADED, _SKIPPED, _UNKNOWN, _FAILED, _STILL_GOOD = range(6)
_ENDED = (  # what is told of several runs in one step of the graph: the first of these
    (Outcome.FAILED, _FAILED),
    (Outcome.DEGRADED, _DEGRADED),
    (Outcome.UNKNOWN, _UNKNOWN),
    (Outcome.SKIPPED, _SKIPPED),
    (Outcome.PASSED, _PASSED),
)
_STATES = {
    _FAILED: ("failed", RED),
    _DEGRADED: ("degraded", YELLOW),
    _UNKNOWN: ("unknown", PURPLE),
    _SKIPPED: ("skipped", BLUE),
    _PASSED: ("passed", GREEN),
    _STILL_GOOD: ("good until now", "dark-green"),
}


def scenario() -> Dashboard:
    """Where an alert about a scenario leads."""
    return board(
        Board.SCENARIO,
        title="brekwatch / Scenario",
        description="Which step, since when, how slow, and what the conversation did",
        extra=(variables.scenario("golden_path"), variables.step(), variables.operation()),
        sections=(
            Section(title="What happened", panels=(_outcomes(), _runs(), _kinds(), _steps(), _ids())),
            Section(title="The conversation", panels=(_matrix(), _undocumented())),
            Section(title="How near to an alert", panels=burning_panels()),
            Section(title="How long", panels=(_means(), _phases())),
            Section(title="How long, step by step", panels=(_heatmap(),)),
        ),
    )


def outcome_now() -> str:
    """The worst outcome of the runs that ended since the moment before; else the verdict that holds.

    A difference and no `increase()`: the look back of a strip is its own resolution, and no run shows twice.
    """
    branches = []
    for outcome, code in _ENDED:
        series = selector(RUNS, outcome=outcome)
        ended = here(f"({series} - {series} offset $__interval > 0)")
        branches.append(f"0 * max by ({PAIR}) (\n{ended}\n) + {code}")
    branches.append(f"{_FAILED} + min by ({PAIR}) (\n{fresh_success()}\n)")
    return "\nor ".join(branches)


def _outcomes() -> statetimeline.Panel:
    texts = Texts(
        title="Outcomes",
        description=(
            "What the runs of each scenario ended as, and between two runs the verdict that holds. Red is failed;"
            " yellow got there, but only after a retry or too slowly; blue and purple say nothing of the API, look at"
            " the Monitor board. A gap means that nothing is known. Where red begins is since when."
        ),
        unit=COUNT,
    )
    states = mapped({float(code): told for code, told in _STATES.items()})
    panel = timeline(texts, Query(expr=outcome_now(), legend="{{target}} · {{scenario}}"), states=states)
    return sized(panel.data_links([linking.failed_runs()]), 24, 7)


def _runs() -> timeseries.Panel:
    texts = Texts(
        title="Runs by outcome",
        description=(
            "How many runs ended in the window before each moment, by outcome. Failed and degraded ones are the API's"
            " or the way's to it; many skipped or unknown ones mean that little is measured: look at the Monitor"
            " board."
        ),
        unit=COUNT,
    )
    query = Query(expr=happened("outcome", increase(selector(RUNS))), legend="{{outcome}}")
    return sized(graph(texts, query, stacked=True), 12)


def _kinds() -> timeseries.Panel:
    texts = Texts(
        title="Failures by kind and step",
        description=(
            "Failed runs in the window before each moment: at which step, and what was wrong. One kind at every step"
            " is the key, the quota or the whole API; one step alone is the conversation. The diamonds are single"
            " runs."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=failed_or_nothing("target, scenario, step, kind"),
        legend="{{target}} · {{scenario}} · {{step}} · {{kind}}",
        exemplars=True,
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.failed_runs()]), 12)


def _steps() -> table.Panel:
    texts = Texts(
        title="Failed runs of the window",
        description=(
            "The same as a table, with who has to act. The scenario leads to its failed runs, each with its"
            " conversation and its requests. Empty is good."
        ),
        unit=COUNT,
    )
    columns = (
        Column(of="target", links=(linking.open_incidents(cell=True),)),
        Column(of="scenario", links=(linking.failed_runs(cell=True),)),
        *(Column(of=name) for name in ("step", "kind", "blame")),
        Column(of="A", title="Failed runs", unit=COUNT),
    )
    query = Query(expr=failed("target, scenario, step, kind, blame"))
    return sized(merged(rows(texts, query), *columns, queries=1, sort_by="Failed runs"), 12)


def _ids() -> timeseries.Panel:
    texts = Texts(
        title="Last failing ids",
        description=(
            "Each diamond is a failed run with its `run_id`, and the `request_id` that Brek's support asks for: hover"
            " it, and follow it to the run. The rightmost is the latest. The lines count the failed runs of each"
            " scenario; a line's link lists them all. Without exemplars, Prometheus was started without its exemplar"
            " storage."
        ),
        unit=COUNT,
    )
    query = Query(expr=failed_or_nothing(PAIR), legend="{{target}} · {{scenario}}", exemplars=True)
    return sized(graph(texts, query).data_links([linking.failed_runs()]), 12)


def _matrix() -> table.Panel:
    texts = Texts(
        title="Transitions from status to status",
        description=(
            "How often the conversation went from the status of a row to that of a column, in the window. Columns"
            f" marked `({_UNDOCUMENTED})` are ways that the guide doesn't know: each is worth a ticket, none breaks a"
            " booking by itself. `none` is the beginning. A way of the golden path without a figure was not reached."
        ),
        unit=COUNT,
    )
    ways = "from_status, to_status"
    known = happened(ways, grown(selector(CHAT_TRANSITIONS, documented="true")))
    unknown = happened(ways, grown(selector(CHAT_TRANSITIONS, documented="false")))
    marked = f'label_replace({unknown}, "to_status", "$1 ({_UNDOCUMENTED})", "to_status", "(.*)")'
    matrix = {"columnField": "to_status", "rowField": "from_status", "valueField": "Value", "emptyValue": "null"}
    panel = rows(texts, Query(expr=f"{known}\nor {marked}")).decimals(0)
    panel.with_transformation(DataTransformerConfig(id_val="groupingToMatrix", options=matrix))
    return sized(panel.override_by_regexp(f".*{_UNDOCUMENTED}.*", list(_warning())), 14, 9)


def _warning() -> tuple[DynamicConfigValue, ...]:
    return (
        DynamicConfigValue(
            id_val="thresholds", value=Limits(below="transparent", steps=((0.5, ORANGE),)).build().build()
        ),
        DynamicConfigValue(id_val="custom.cellOptions", value=TableColoredBackgroundCellOptions()),
    )


def _undocumented() -> timeseries.Panel:
    texts = Texts(
        title="Undocumented transitions",
        description=(
            "Ways from status to status that the guide doesn't know, in the window before each moment. Any is worth a"
            " ticket to Brek; the diamonds are the single runs, with the request that did it. Empty is good."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened_or_nothing(
            f"{PAIR}, from_status, to_status", grown(selector(CHAT_TRANSITIONS, documented="false"))
        ),
        legend="{{target}} · {{scenario}} · {{from_status}} → {{to_status}}",
        exemplars=True,
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 10, 9)


def _means() -> timeseries.Panel:
    texts = Texts(
        title="Mean time of a run, by step",
        description=(
            "How long each step of a good run took on average, in the window before each moment, one upon the other."
            " The step that grows is the slow one; its heatmap below shows whether always or now and then."
        ),
        unit=SECONDS,
    )
    query = Query(
        expr=mean(STEP_DURATION, "scenario, step", step=CHOSEN_STEP), legend="{{scenario}} · {{step}}", exemplars=False
    )
    return sized(graph(texts, query, stacked=True), 12)


def _phases() -> timeseries.Panel:
    texts = Texts(
        title="Mean time of a request, by phase",
        description=(
            "Where the time of a request of the chosen operation goes, on average: `dns`, `connect` and `tls` are the"
            " way, `wait` is Brek thinking, `receive` the answer's size. The phase that grows says whom to ask. A"
            " phase that most requests don't have, for the connection is kept, is small. Of all scenarios on the"
            " target."
        ),
        unit=SECONDS,
    )
    seconds = total("phase", increase(selector(HTTP_PHASE_DURATION, "_sum", operation=_OPERATION)))
    requests = total("", increase(selector(HTTP_PHASE_DURATION, "_count", operation=_OPERATION, phase="send")))
    query = Query(expr=f"{seconds}\n/ on () group_left () ({requests} > 0)", legend="{{phase}}")
    return sized(graph(texts, query, stacked=True), 12)


def _heatmap() -> heatmap.Panel:
    texts = Texts(
        title="$step",
        description=(
            "How long this step took in good runs: each column is the window before that moment, brighter cells were"
            " hit more often. Two bands mean that something is slow now and then; a band that climbs is getting"
            " slower. The diamonds are single runs."
        ),
        unit=SECONDS,
    )
    buckets = total("le", increase(selector(STEP_DURATION, "_bucket", step=CHOSEN_STEP)))
    panel = heat(texts, Query(expr=buckets, legend="{{le}}", exemplars=True))
    return sized(panel.repeat("step").repeat_direction("h").max_per_row(3), 8, 7)
