"""The second half of the Monitor board: journal, notices, loop and memory."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from dashboards.monitor_queries import (
    BY,
    INSTANCE,
    grown_of_monitor,
    happened_or_nothing_to_monitor,
    quantile_of_monitor,
)
from dashboards.panels import BYTES, COUNT, SECONDS, SHARE, Query, Texts, bad_above, graph, sized
from dashboards.queries import happened, of_monitor, per_second, selector, total
from exporter.metrics import (
    JOURNAL_LOST,
    JOURNAL_SIZE,
    JOURNAL_WAITING,
    LOOP_LAG,
    NOTICES,
    NOTICES_WAITING,
    RUNS_UNDER_WAY,
)


def process_panels() -> tuple[timeseries.Panel, ...]:
    """In the order of the board."""
    return (_loop_lag(), _waiting(), _size(), _notices(), _undelivered(), _memory(), _processor())


def _loop_lag() -> timeseries.Panel:
    texts = Texts(
        title="Loop lag",
        description=(
            "How late the event loop woke, in the window before each moment: half of the times, and 99 of a hundred,"
            " no later. Up to some milliseconds is good; above a tenth of a second measured latencies are partly our"
            " own."
        ),
        unit=SECONDS,
    )
    queries = [
        Query(expr=quantile_of_monitor(share, LOOP_LAG), legend=f"{INSTANCE} · p{share * 100:g}")
        for share in (0.5, 0.99)
    ]
    return sized(graph(texts, *queries, limits=bad_above(0.1)), 12)


def _waiting() -> timeseries.Panel:
    texts = Texts(
        title="Results that wait for the journal, or are lost",
        description=(
            "Results that are not committed yet, and those of the window that the journal will never hold. Few that"
            " wait are good; a line that climbs is a journal that is too slow or away. A lost one is evidence that is"
            " gone."
        ),
        unit=COUNT,
    )
    waiting = f"max by ({BY}) (\n{of_monitor(selector(JOURNAL_WAITING))}\n)"
    lost = happened(BY, grown_of_monitor(selector(JOURNAL_LOST)))
    return sized(
        graph(
            texts, Query(expr=waiting, legend=f"{INSTANCE} · waiting"), Query(expr=lost, legend=f"{INSTANCE} · lost")
        ),
        12,
    )


def _size() -> timeseries.Panel:
    texts = Texts(
        title="Size of the journal",
        description=(
            "How much the journal holds. It grows to what its retention keeps, and then stays. A line that climbs for"
            " weeks wants `brekwatch journal prune`, or a shorter retention."
        ),
        unit=BYTES,
    )
    query = Query(expr=f"max by ({BY}) (\n{of_monitor(selector(JOURNAL_SIZE))}\n)", legend=INSTANCE)
    return sized(graph(texts, query), 12)


def _notices() -> timeseries.Panel:
    texts = Texts(
        title="Notices, by channel",
        description=(
            "What brekwatch itself told receivers in the window before each moment. `failed` is tried again;"
            " `given_up` will never be told: somebody who should know does not. `brekwatch notify test` tries a"
            " receiver."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=happened_or_nothing_to_monitor(f"{BY}, channel, state", grown_of_monitor(selector(NOTICES))),
        legend=f"{INSTANCE} · {{{{channel}}}} · {{{{state}}}}",
    )
    return sized(graph(texts, query, stacked=True), 12)


def _undelivered() -> timeseries.Panel:
    texts = Texts(
        title="Notices that wait, runs under way",
        description=(
            "Notices that are due and not delivered yet, and the runs that have begun and have no verdict. Notices"
            " that stay above 0 mean a receiver that takes nothing; runs that pile up mean an API that does not"
            " answer."
        ),
        unit=COUNT,
    )
    waiting = f"max by ({BY}, channel) (\n{of_monitor(selector(NOTICES_WAITING))}\n)"
    under_way = total(BY, of_monitor(selector(RUNS_UNDER_WAY)))
    return sized(
        graph(
            texts,
            Query(expr=waiting, legend=f"{INSTANCE} · {{{{channel}}}} waits"),
            Query(expr=under_way, legend=f"{INSTANCE} · runs under way"),
        ),
        12,
    )


def _memory() -> timeseries.Panel:
    texts = Texts(
        title="Memory",
        description=(
            "Resident memory of the process. It settles within an hour of a start; a line that climbs for days is a"
            " leak: please report it. A fall to the ground is a restart."
        ),
        unit=BYTES,
    )
    query = Query(expr=f"max by ({BY}) (\n{of_monitor('process_resident_memory_bytes')}\n)", legend=INSTANCE)
    return sized(graph(texts, query), 12)


def _processor() -> timeseries.Panel:
    texts = Texts(
        title="Processor and open files",
        description=(
            "The share of one processor that the monitor used in the window, and of the files that it may open. Near"
            " 100 % slots fire late and latencies are partly our own: spread the probes, or use a second monitor."
        ),
        unit=SHARE,
    )
    busy = f"sum by ({BY}) (\n{per_second('process_cpu_seconds_total', of_monitor)}\n)"
    files = f"max by ({BY}) (\n{of_monitor('(process_open_fds / process_max_fds)')}\n)"
    return sized(
        graph(
            texts, Query(expr=busy, legend=f"{INSTANCE} · processor"), Query(expr=files, legend=f"{INSTANCE} · files")
        ),
        12,
    )
