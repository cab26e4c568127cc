"""Rules about answers that are good enough for a run to pass, and still want a person in working hours."""

from __future__ import annotations

from alerts.rulebook.model import Alert, Board, Group, Record
from alerts.rulebook.promql import (
    PAIR,
    duration,
    grown,
    indented,
    not_in_maintenance,
    not_since_maintenance,
    number,
)
from alerts.thresholds import SEVERITIES, Thresholds
from probes.words import Blame, Severity

_DRIFT_WINDOW = "7h"  # a published file is compared at the start and every six hours
_TRANSITION_WINDOW = "6h"
_BOOKING_WINDOW = "1d"
_HEADROOM_SPAN = "2m"  # the quota is a minute's: of a frequent probe each minute ends low, and begins high
_HEADROOM_FOR_SECONDS = 300.0
_UNASKED = 'brek_probe_http_requests_total{expected="false",status_code!~"2.*"}'


def answers(thresholds: Thresholds) -> Group:
    """Tickets, and the last week of a certificate."""
    return Group(
        name="brekwatch-answers",
        why="What hides behind good runs: retries, lost ids, drift, a certificate that ends, bookings that stay.",
        rules=(
            _hidden(thresholds),
            _transition(),
            _headroom(thresholds),
            _correlation(thresholds),
            _drift(),
            *_certificate(thresholds),
            *_bookings(),
        ),
    )


def _hidden(thresholds: Thresholds) -> Alert:
    window = duration(thresholds.hidden_window_seconds)
    unasked = f"sum by (target) (increase({_UNASKED}[{window}]))"
    return Alert(
        name="BrekHiddenByRetries",
        expr=not_since_maintenance(
            f"({unasked} / sum by (target) (increase(brek_probe_http_requests_total[{window}])))"
            f" > {number(thresholds.hidden_share)}\n"
            f"and on (target) {unasked} > {number(thresholds.hidden_least - 0.5)}",
            window,
        ),
        summary="{{ $labels.target }}: retries hide errors",
        description=(
            f"{{{{ $value | humanizePercentage }}}} of the requests of the last {window} were answered with an error,"
            " or not at all. By status:"
            f'{{{{ range query (printf "sum by (status_code) (increase(brek_probe_http_requests_total{{target=%q,'
            f'expected=\\"false\\",status_code!~\\"2.*\\"}}[{window}])) > 0.5" $labels.target) | sortByLabel'
            ' "status_code" }} {{ .Labels.status_code }} ({{ .Value | printf "%.0f" }}){{ end }}.'
        ),
        board=Board.OVERVIEW,
        blame=Blame.API,
    )


def _transition() -> Alert:
    grew = indented(grown('brek_probe_chat_transitions_total{documented="false"}', _TRANSITION_WINDOW))
    return Alert(
        name="BrekUnexpectedTransition",
        expr=not_since_maintenance(
            f"sum by (target, scenario, from_status, to_status) (\n{grew}\n) > 0.5", _TRANSITION_WINDOW
        ),
        summary="{{ $labels.target }}: {{ $labels.scenario }} took a turn that the guide doesn't know",
        description=(
            "The status went from {{ $labels.from_status }} to {{ $labels.to_status }}."
            f' Seen in the last {_TRANSITION_WINDOW}: {{{{ $value | printf "%.0f" }}}}.'
        ),
        board=Board.SCENARIO,
        about=PAIR,
        blame=Blame.CONVERSATION,
    )


def _headroom(thresholds: Thresholds) -> Alert:
    fresh = number(thresholds.headroom_fresh_seconds)
    return Alert(
        name="BrekHeadroomLow",
        expr=not_in_maintenance(
            f"min by (target) (min_over_time(brek_probe_ratelimit_headroom_ratio[{_HEADROOM_SPAN}]))"
            f" < {number(thresholds.headroom_low_ratio)}\n"
            "and on (target) time() - max by (target) (brek_probe_ratelimit_observed_timestamp_seconds)"
            f" < {fresh}"
        ),
        summary="{{ $labels.target }}: the rate limit is nearly used up",
        description=(
            "{{ $value | humanizePercentage }} of the key's minute quota was left at the lowest. Probes stop at their"
            " reserve, so somebody else spends it. At 0 your guests get 429."
        ),
        board=Board.QUOTA,
        blame=Blame.QUOTA,
        for_seconds=_HEADROOM_FOR_SECONDS,
    )


def _correlation(thresholds: Thresholds) -> Alert:
    window = duration(thresholds.correlation_window_seconds)
    lacking = f'sum by (target, id) (increase(brek_probe_correlation_total{{state!="present"}}[{window}]))'
    return Alert(
        name="BrekCorrelationMissing",
        expr=not_since_maintenance(
            f"({lacking} / sum by (target, id) (increase(brek_probe_correlation_total[{window}])))"
            f" > {number(thresholds.correlation_missing_share)}\n"
            f"and on (target, id) {lacking} > {number(thresholds.correlation_least - 0.5)}",
            window,
        ),
        summary="{{ $labels.target }}: answers lack a usable {{ $labels.id }}",
        description=(
            f"{{{{ $value | humanizePercentage }}}} of the answers of the last {window} had none, two that differ, or"
            " one that another request had before. Support can't find such a request."
        ),
        board=Board.CORRELATION,
        blame=Blame.API,
    )


def _drift() -> Alert:
    grew = indented(grown('brek_probe_contract_findings_total{kind="contract_drift"}', _DRIFT_WINDOW))
    return Alert(
        name="BrekContractDrift",
        expr=f"sum by (target) (\n{grew}\n) > 0.5",
        summary="{{ $labels.target }}: the published OpenAPI file is not what we play by",
        description=(
            f'{{{{ $value | printf "%.0f" }}}} differences were told in the last {_DRIFT_WINDOW}. Each is a log line'
            " `contract_drift`."
        ),
        board=Board.OVERVIEW,
        blame=Blame.API,
    )


def _certificate(thresholds: Thresholds) -> tuple[Alert, ...]:
    left = "min by (target) (brek_probe_certificate_expiry_timestamp_seconds) - time()"
    page, ticket = number(thresholds.certificate_page_seconds), number(thresholds.certificate_ticket_seconds)
    spans = {Severity.PAGE: f"< {page}", Severity.TICKET: f"< {ticket} >= {page}"}
    return tuple(
        Alert(
            name="BrekCertificateExpiring",
            expr=not_in_maintenance(f"{left} {span}"),
            summary="{{ $labels.target }}: its certificate is about to end",
            description=(
                "{{ if gt $value 0.0 }}It ends in {{ $value | humanizeDuration }}.{{ else }}It ended already.{{ end }}"
                " After that no client that checks certificates reaches it."
            ),
            board=Board.OVERVIEW,
            blame=Blame.API,
            severity=severity.value,
        )
        for severity, span in spans.items()
    )


def _bookings() -> tuple[Record | Alert, ...]:
    name = "target:brek_probe_bookings_staying:increase" + _BOOKING_WINDOW
    grew = indented(grown('brek_probe_bookings_total{state=~"left|unclear"}', _BOOKING_WINDOW))
    return (
        Record(record=name, expr=f"sum by (target) (\n{grew}\n)"),
        Alert(
            name="BrekBookingsLeft",
            expr=f'{name} > 0.5 and on (target) brek_probe_target_info{{environment="production"}}',
            summary="{{ $labels.target }}: a real booking may have stayed",
            description=(
                "Bookings in production that were left, or may have been made, in the last"
                f' {_BOOKING_WINDOW}: {{{{ $value | printf "%.0f" }}}}. They cost money until somebody cancels them.'
            ),
            board=Board.OVERVIEW,
            blame=Blame.API,
            severity=SEVERITIES["BrekBookingsLeft"].value,
        ),
    )
