"""Quota and errors: is the rate limit used up, by whom, and what do requests get for an answer."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models.dashboard import Dashboard

from alerts.rulebook.model import Board
from alerts.thresholds import Thresholds
from dashboards import linking, variables
from dashboards.boards import Section, board
from dashboards.panels import COUNT, SHARE, Query, Texts, bad_above, bad_below, graph, sized
from dashboards.queries import (
    ANY,
    Match,
    grown,
    happened_or_nothing,
    here,
    none_of,
    one_of,
    per_second,
    ratio,
    selector,
    total,
)
from exporter.metrics import (
    HTTP_REQUESTS,
    RATELIMIT_HEADROOM,
    RATELIMIT_LIMIT,
    RATELIMIT_OBSERVED,
    RATELIMIT_REMAINING,
    SKIPPED,
)
from probes.model import Quota
from probes.words import KEY_REFUSED, Operation, SkipReason

_THRESHOLDS = Thresholds()
_LIMITED = one_of(Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION)
_ANSWER = "target, operation, status_code, code"
_ANSWER_LEGEND = "{{target}} · {{operation}} · {{status_code}} · {{code}}"


def quota() -> Dashboard:
    """Where an alert about the quota or the key leads."""
    return board(
        Board.QUOTA,
        title="brekwatch / Quota and errors",
        description="Is the rate limit used up, by whom, and what do requests get for an answer",
        extra=(variables.scenario_passed_on(),),
        sections=(
            Section(title="The rate limit", panels=(_headroom(), _remaining(), _refused(), _own_share(), _skipped())),
            Section(title="Answers", panels=(_unexpected(), _provoked(), _hidden(), _key())),
        ),
    )


def _fresh(series: str) -> str:
    """A rate-limit gauge while it is believed: the limit is a minute's, so an old reading says nothing of now."""
    observed = selector(RATELIMIT_OBSERVED)
    return here(f"({series} and (timestamp({observed}) - {observed} <= {_THRESHOLDS.headroom_fresh_seconds:g}))")


def _requests(by: str, **labels: str | Match) -> str:
    return happened_or_nothing(by, grown(selector(HTTP_REQUESTS, **labels)))


def _headroom() -> timeseries.Panel:
    texts = Texts(
        title="Headroom",
        description=(
            "The lowest share of the key's minute quota that was left in the last run. Below the line for minutes a"
            " ticket is opened: our probes stop earlier, so somebody else spends it, and at 0 guests get 429. A gap"
            " means that nothing was measured for ten minutes: an hourly probe shows a short line after each run."
        ),
        unit=SHARE,
    )
    query = Query(expr=f"min by (target) (\n{_fresh(selector(RATELIMIT_HEADROOM))}\n)", legend="{{target}} · headroom")
    panel = graph(texts, query, limits=bad_below(_THRESHOLDS.headroom_low_ratio))
    return sized(panel.max(1).data_links([linking.target_page()]), 12)


def _remaining() -> timeseries.Panel:
    texts = Texts(
        title="Limit and remaining",
        description=(
            "The key's minute quota, and the least of it that was left in the last run. A limit that moves was"
            " changed by Brek; a remainder near 0 means that the next requests get 429."
        ),
        unit=COUNT,
    )
    limit = f"max by (target) (\n{_fresh(selector(RATELIMIT_LIMIT))}\n)"
    remaining = f"min by (target) (\n{_fresh(selector(RATELIMIT_REMAINING))}\n)"
    return sized(
        graph(
            texts,
            Query(expr=limit, legend="{{target}} · limit"),
            Query(expr=remaining, legend="{{target}} · remaining"),
        ),
        12,
    )


def _refused() -> timeseries.Panel:
    texts = Texts(
        title="429: too many requests",
        description=(
            "Requests that were answered with 429, in the window before each moment. `expected true` was provoked by"
            " a step on purpose; any other one hit a guest's quota too. If our own share below is small, others use"
            " the key up. The diamonds are single requests."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=_requests("target, operation, expected", status_code="429"),
        legend="{{target}} · {{operation}} · expected {{expected}}",
        exemplars=True,
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 8)


def _own_share() -> timeseries.Panel:
    texts = Texts(
        title="The probes' own share of the quota",
        description=(
            "Our requests a minute, on average over the window or the life of a younger monitor, as a share of the last"
            f" known limit. The line is the share that probes may use unless configured ({Quota().share:.0%}). Above"
            " it, too much is planned: `brekwatch config check` tells what. Far below it while headroom is low, others"
            " use the key."
        ),
        unit=SHARE,
    )
    ours = total("target", per_second(selector(HTTP_REQUESTS, operation=_LIMITED)))
    limit = f"max by (target) (\n{here(selector(RATELIMIT_LIMIT))}\n)"
    query = Query(expr=ratio(f"60 * {ours}", limit), legend="{{target}}")
    return sized(graph(texts, query, limits=bad_above(Quota().share)), 8)


def _skipped() -> timeseries.Panel:
    texts = Texts(
        title="Skipped for the quota or the key",
        description=(
            "Runs that were not played, in the window before each moment: `quota` since they would have passed our"
            " share or the reserve, `credentials` since the key is refused. Zero is good; else less is measured than"
            " planned."
        ),
        unit=COUNT,
    )
    reasons = one_of(SkipReason.QUOTA, SkipReason.CREDENTIALS)
    query = Query(
        expr=happened_or_nothing("target, scenario, reason", grown(selector(SKIPPED, reason=reasons, scenario=ANY))),
        legend="{{target}} · {{scenario}} · {{reason}}",
    )
    return sized(graph(texts, query, stacked=True), 8)


def _unexpected() -> timeseries.Panel:
    texts = Texts(
        title="Answers that nobody asked for",
        description=(
            "Requests by operation, status and error code, in the window before each moment, whose status the step"
            " did not ask for; `none` in place of a status means that no answer came. Retries hide some of them from"
            " the runs. Any is worth a look. The diamonds are single requests."
        ),
        unit=COUNT,
    )
    query = Query(expr=_requests(_ANSWER, expected="false"), legend=_ANSWER_LEGEND, exemplars=True)
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12, 9)


def _provoked() -> timeseries.Panel:
    texts = Texts(
        title="Answers as asked for",
        description=(
            "Requests by operation, status and error code, in the window before each moment, whose status the step"
            " asked for: errors are here because a step provoked them. A kind that vanishes is no longer measured."
        ),
        unit=COUNT,
    )
    query = Query(expr=_requests(_ANSWER, expected="true"), legend=_ANSWER_LEGEND)
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12, 9)


def _hidden() -> timeseries.Panel:
    texts = Texts(
        title="Share of answers that nobody asked for",
        description=(
            "The share of requests in the window that got an error, or no answer, without having asked for it. Above"
            " the line retries hide trouble, and a ticket is opened: guests without retries feel it. No line where"
            " nothing was sent."
        ),
        unit=SHARE,
    )
    unasked = total("target", grown(selector(HTTP_REQUESTS, expected="false", status_code=none_of("2.*"))))
    query = Query(
        expr=ratio(unasked, total("target", grown(selector(HTTP_REQUESTS)))), legend="{{target}} · not asked for"
    )
    return sized(graph(texts, query, limits=bad_above(_THRESHOLDS.hidden_share)).max(1), 12)


def _key() -> timeseries.Panel:
    texts = Texts(
        title="401 and 403: the key",
        description=(
            "Requests that were answered with 401 or 403, in the window before each moment. `expected true` is a"
            " wrong key sent on purpose. Any other one means that the partner key does not arrive (401) or is"
            " rejected (403): probes of that key stop until it works again."
        ),
        unit=COUNT,
    )
    query = Query(
        expr=_requests("target, status_code, code, expected", status_code=one_of(*map(str, sorted(KEY_REFUSED)))),
        legend="{{target}} · {{status_code}} · {{code}} · expected {{expected}}",
        exemplars=True,
    )
    return sized(graph(texts, query, stacked=True).data_links([linking.runs_of_target()]), 12)
