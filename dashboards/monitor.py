"""Monitor: is what the other boards say to be believed."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard

from alerts.rulebook.model import Board
from alerts.thresholds import Thresholds
from dashboards import linking, variables
from dashboards.boards import Section, board
from dashboards.monitor_process import process_panels
from dashboards.monitor_queries import (
    BY,
    INSTANCE,
    grown_of_monitor,
    happened_or_nothing_to_monitor,
    quantile_of_monitor,
)
from dashboards.panels import (
    AGE,
    COUNT,
    GREEN,
    RED,
    SECONDS,
    Query,
    Texts,
    bad_above,
    bad_below,
    graph,
    mapped,
    number,
    rows,
    sized,
)
from dashboards.queries import (
    STALE_INTERVALS,
    grown,
    happened,
    happened_or_nothing,
    here,
    increase,
    none_of,
    of_monitor,
    selector,
)
from dashboards.tables import Column, merged
from exporter.metrics import (
    BUILD_INFO,
    CONFIG_RELOAD_SUCCESS,
    FAULTS,
    HEARTBEAT,
    INTERVAL,
    JOURNAL_UP,
    LAST_RUN,
    RUNS,
    SKIPPED,
    SLOT_LATENESS,
    SLOTS,
)
from probes.words import FaultKind, Outcome

_UP = {1.0: ("good", GREEN), 0.0: ("bad", RED)}


def monitor() -> Dashboard:
    """Where an alert about brekwatch itself leads."""
    return board(
        Board.MONITOR,
        title="brekwatch / Monitor",
        description="Is what the other boards say to be believed",
        extra=(variables.scenario(),),
        sections=(
            Section(
                title="Is it to be believed?",
                panels=(_heartbeat(), _journal_up(), _reload(), _fault_count(), _versions(), _ages()),
            ),
            Section(title="Does it measure on time?", panels=(_lateness(), _slots(), _skipped(), _unknown())),
            Section(title="What troubles it?", panels=(_faults(), *process_panels())),
        ),
    )


def _heartbeat() -> stat.Panel:
    texts = Texts(
        title="Since the last verdict",
        description=(
            "How long ago a verdict was last committed to the journal. It should be no more than the interval of the"
            " most frequent probe; longer, and nothing is measured or nothing is kept. No data: the monitor is down."
        ),
        unit=AGE,
    )
    age = f"time() - max by ({BY}) (\n{of_monitor(selector(HEARTBEAT))}\n)"
    return sized(number(texts, Query(expr=age, legend=INSTANCE)), 5, 5)


def _journal_up() -> stat.Panel:
    texts = Texts(
        title="Journal",
        description=(
            "Whether the journal commits what is seen. `bad` means that evidence waits in memory, and that bookings"
            " are not tried: look at the disk or the database, then at the panels below."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"min by ({BY}) (\n{of_monitor(selector(JOURNAL_UP))}\n)", legend=INSTANCE)
    return sized(number(texts, query, limits=bad_below(1)).mappings(mapped(_UP, "no data")), 4, 5)


def _reload() -> stat.Panel:
    texts = Texts(
        title="Configuration",
        description=(
            "Whether the last reload of the configuration was good. `bad` means that the one before stays in force:"
            " `brekwatch config check` names the line."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"min by ({BY}) (\n{of_monitor(selector(CONFIG_RELOAD_SUCCESS))}\n)", legend=INSTANCE)
    return sized(number(texts, query, limits=bad_below(1)).mappings(mapped(_UP, "no data")), 4, 5)


def _fault_count() -> stat.Panel:
    texts = Texts(
        title="Own faults in the window",
        description=(
            "Faults of the monitor itself, without runs that were cut off at its stop. Zero is good; which kind they"
            " are stands below, and each is a log line `monitor_fault`. No data: the monitor is down, and had none"
            " before."
        ),
        unit=COUNT,
    )
    return sized(number(texts, Query(expr=fault_count(), legend=INSTANCE), limits=bad_above(1)), 4, 5)


def fault_count() -> str:
    """The monitor's faults of the window; a zero only of one that is scraped, for a dead one is not faultless."""
    faults = happened(BY, grown_of_monitor(selector(FAULTS, kind=none_of(FaultKind.CANCELLED))))
    return f"round({faults})\nor 0 * max by ({BY}) (\n{of_monitor(BUILD_INFO.name)}\n)"


def _versions() -> table.Panel:
    texts = Texts(
        title="Which monitors",
        description=(
            "Every monitor that is scraped now, with its version. One that you miss is down, or Prometheus doesn't"
            " scrape it."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"max by (job, instance, version, python) (\n{of_monitor(selector(BUILD_INFO))}\n)")
    columns = (*(Column(of=name) for name in ("job", "instance", "version", "python")), Column(of="A", hidden=True))
    return sized(merged(rows(texts, query), *columns, queries=1), 7, 5)


def _ages() -> timeseries.Panel:
    stale = Thresholds().stale_intervals
    texts = Texts(
        title="Age of each verdict, in intervals",
        description=(
            "How old the last verdict of each probe is, counted in its own intervals. Around 1 is good; above"
            f" {STALE_INTERVALS} the boards show it as no verdict, and above the line (and two minutes) somebody is"
            " told. A line that climbs is a probe that is not played: see what is skipped below."
        ),
        unit=COUNT,
    )
    last_run = selector(LAST_RUN)
    age = here(f"((timestamp({last_run}) - {last_run}) / {selector(INTERVAL)})")
    query = Query(expr=f"max by (target, scenario) (\n{age}\n)", legend="{{target}} · {{scenario}}")
    return sized(graph(texts, query, limits=bad_above(stale)).data_links([linking.target_page()]), 24)


def _lateness() -> timeseries.Panel:
    texts = Texts(
        title="Lateness of slots",
        description=(
            "How late planned starts fired, in the window before each moment: half of them, and 99 of a hundred, were"
            " no later. Beyond a second the machine is short of processor or the loop is blocked: look at the loop"
            " lag. The buckets end at 30 s."
        ),
        unit=SECONDS,
    )
    queries = [
        Query(expr=quantile_of_monitor(share, SLOT_LATENESS), legend=f"{INSTANCE} · p{share * 100:g}")
        for share in (0.5, 0.99)
    ]
    return sized(graph(texts, *queries), 12)


def _slots() -> timeseries.Panel:
    texts = Texts(
        title="Slots by how they ended",
        description=(
            "Planned starts in the window before each moment: `run` as planned, `late` but run, `skipped` with the"
            " reason beside. Their sum is what was planned; if it falls without a new configuration, the scheduler"
            " stands still."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened(f"{BY}, state", grown_of_monitor(selector(SLOTS))), legend=f"{INSTANCE} · {{{{state}}}}"
    )
    return sized(graph(texts, query, stacked=True), 12)


def _skipped() -> timeseries.Panel:
    texts = Texts(
        title="Skipped, by reason",
        description=(
            "Runs that were not played, in the window before each moment. `safety` and `portal` are configuration,"
            " `quota` and `credentials` the key, `capacity`, `overlap` and `missed` this machine or a slow API,"
            " `journal` the disk. None says anything of the API, and each is a run less to judge it by."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened_or_nothing("target, scenario, reason", increase(selector(SKIPPED))),
        legend="{{target}} · {{scenario}} · {{reason}}",
    )
    return sized(graph(texts, query, stacked=True), 12)


def _unknown() -> timeseries.Panel:
    texts = Texts(
        title="Runs without a verdict",
        description=(
            "Runs that ended `unknown`, by the monitor's own fault, in the window before each moment. Zero is good;"
            " many mean that availability rests on few runs. The faults below say why."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened_or_nothing("target, scenario", grown(selector(RUNS, outcome=Outcome.UNKNOWN))),
        legend="{{target}} · {{scenario}}",
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12)


def _faults() -> timeseries.Panel:
    texts = Texts(
        title="Own faults, by kind",
        description=(
            "The monitor's own faults in the window before each moment. `offline` is the network here, `journal` the"
            " disk or the database, `clock` the machine's time, `bug` ours: please report it. What it could not tell"
            " is `unknown`, and never held against the API."
        ),
        unit=COUNT,
    )
    faults = happened_or_nothing_to_monitor(f"{BY}, kind", grown_of_monitor(selector(FAULTS)))
    query = Query(expr=faults, legend=f"{INSTANCE} · {{{{kind}}}}")
    return sized(graph(texts, query, stacked=True), 12)
