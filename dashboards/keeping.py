"""What costs money or ends by itself: bookings that stayed, and certificates; alerts about them lead here."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, timeseries

from alerts.thresholds import Thresholds
from dashboards import linking
from dashboards.panels import AGE, COUNT, GREEN, ORANGE, RED, Limits, Query, Texts, graph, mapped, number, sized
from dashboards.queries import grown, happened_or_nothing, here, one_of, selector
from exporter.metrics import BOOKINGS, BOOKINGS_STOPPED, CERTIFICATE_EXPIRY
from probes.words import BookingState

_THRESHOLDS = Thresholds()


def keeping_panels() -> tuple[stat.Panel | timeseries.Panel, ...]:
    """In the order of the board."""
    return (_certificates(), _stopped(), _bookings())


def _certificates() -> stat.Panel:
    texts = Texts(
        title="Certificate ends in",
        description=(
            "How long the certificate that the target showed last is still good. Orange opens a ticket, red pages:"
            " after its end no client that checks certificates reaches the API. No data: it has shown none, as over"
            " plain HTTP."
        ),
        unit=AGE,
    )
    left = f"min by (target) (\n{here(selector(CERTIFICATE_EXPIRY))}\n) - time()"
    page, ticket = _THRESHOLDS.certificate_page_seconds, _THRESHOLDS.certificate_ticket_seconds
    limits = Limits(below=RED, steps=((page, ORANGE), (ticket, GREEN)))
    return sized(number(texts, Query(expr=left, legend="{{target}}"), limits=limits), 6)


def _stopped() -> stat.Panel:
    texts = Texts(
        title="Bookings stopped",
        description=(
            "Whether scenarios that leave a booking are stopped on the target, since a run booked without being asked"
            " to. They stay so until somebody looked at it and says `brekwatch resume`."
        ),
        unit=COUNT,
    )
    query = Query(expr=f"max by (target) (\n{here(selector(BOOKINGS_STOPPED))}\n)", legend="{{target}}")
    states = mapped({0.0: ("no", GREEN), 1.0: ("stopped", RED)}, "no data")
    return sized(number(texts, query).mappings(states), 6)


def _bookings() -> timeseries.Panel:
    texts = Texts(
        title="Bookings that may have stayed",
        description=(
            "Bookings of the window that were `left`, whose fate is `unclear`, or that nobody asked for. In"
            " production each costs money until somebody cancels it: its run names it. Nothing is good; on a sandbox"
            " it costs nothing."
        ),
        unit=COUNT,
    )
    states = one_of(BookingState.LEFT, BookingState.UNCLEAR, BookingState.UNEXPECTED)
    query = Query(
        expr=happened_or_nothing("target, state", grown(selector(BOOKINGS, state=states))),
        legend="{{target}} · {{state}}",
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12)
