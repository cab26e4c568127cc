"""Rules about failed runs: what is repeated, what a conversation can't do any more, and who has to act."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.rulebook.model import Alert, Board, Group, Record
from alerts.rulebook.promql import (
    MUTED,
    PAIR,
    TARGET,
    blamed,
    by,
    duration,
    grown,
    indented,
    not_in_maintenance,
    number,
)
from alerts.thresholds import ALERT_OF_KIND, GOLDEN_PATHS, Thresholds
from probes.words import JUDGED_OUTCOMES, Blame, FailureKind, Severity

PAIR_BLAME = "target_scenario:brek_probe_failures:blame"
KIND_BLAME = "target_kind:brek_probe_failures:blame"
_LATELY = {window: f"target_scenario_kind_blame:brek_probe_failures:increase{window}" for window in ("15m", "6h")}
_FAILED = 'sum by (target, scenario) (brek_probe_runs_total{outcome="failed"})'
_JUDGED = "|".join(sorted(JUDGED_OUTCOMES))
_GOLDEN = "|".join(sorted(GOLDEN_PATHS))

_REPEATED = {
    FailureKind.AUTH_MISSING: (
        "401: the partner key does not arrive",
        "Requests that carry the key are answered with 401",
        Blame.CREDENTIALS,
    ),
    FailureKind.AUTH_REJECTED: (
        "403: the partner key is rejected",
        "Requests that carry the key are answered with 403",
        Blame.CREDENTIALS,
    ),
    FailureKind.RATE_LIMITED: (
        "429: the rate limit is used up",
        "Requests are answered with 429, after their retries too",
        Blame.QUOTA,
    ),
    FailureKind.SERVER_ERROR: (
        "5xx: the API fails",
        "Requests are answered with 5xx, after their retries too",
        Blame.API,
    ),
}


def failing(thresholds: Thresholds) -> Group:
    """What a failed run may wake somebody for. One group: blame must be of the same moment as the alert."""
    return Group(
        name="brekwatch-failing",
        why="Failed runs, repeated. What a step provokes on purpose is no failure, and never counted here.",
        rules=(
            _muted(thresholds),
            *(_lately(window, name) for window, name in _LATELY.items()),
            *_blame(PAIR, PAIR_BLAME, held=_held(thresholds)),
            *_blame(("target", "kind"), KIND_BLAME),
            *(_repeated(kind, thresholds) for kind in _REPEATED),
            _golden_path(thresholds),
            _scenario(thresholds),
            _unexpected_booking(),
        ),
    )


def _muted(thresholds: Thresholds) -> Record:
    during = "(max by (target) (brek_probe_maintenance) == 1)"
    return Record(
        record=MUTED,
        expr=(
            f"({_FAILED} and on (target) {during})\n"
            f"or ({_FAILED} < {MUTED})\n"
            f"or ({MUTED} and ({_FAILED} - {MUTED} < {thresholds.open_after}))\n"
            f"or (({MUTED} unless {_FAILED})"
            ' and on (target, scenario) last_over_time(brek_probe_runs_total{outcome="failed"}[1h]))'
        ),
    )


def _lately(window: str, name: str) -> Record:
    grew = indented(grown("brek_probe_failures_total", window))
    return Record(record=name, expr=f"sum by (target, scenario, kind, blame) (\n{grew}\n) > 0")


def _held(thresholds: Thresholds) -> str:
    """The blame with which an alert fires stays while it has half as many failures as the one that leads.

    Else two that take turns would end an alert and page with another, again and again. A probe that is played seldom
    has no more in a quarter of an hour than those of one slot: its last hours count.
    """
    short, long = _LATELY.values()
    many = f"sum by (target, scenario) ({short}) > {number(thresholds.open_after + 0.5)}"
    counted = (
        f"((sum by (target, scenario, blame) ({short}) and on (target, scenario) {many})"
        f" or (sum by (target, scenario, blame) ({long}) unless on (target, scenario) {many}))"
    )
    firing = 'ALERTS{alertname=~"BrekGoldenPathFailing|BrekScenarioFailing",alertstate="firing"}'
    return (
        f"group by (target, scenario, blame) ({firing})\n"
        f"and on (target, scenario, blame)\n"
        f"  2 * {counted}\n"
        f"  >= on (target, scenario) group_left () max by (target, scenario) {counted}\n"
        "or on (target, scenario) "
    )


def _blame(level: tuple[str, ...], name: str, held: str = "") -> Iterator[Record]:
    prefix = name.removesuffix(":blame")
    counted = f"{prefix.replace(':', '_blame:', 1)}:lately"
    leading = f"{prefix.replace(':', '_blame:', 1)}:leading"
    here, with_blame = by(level), by((*level, "blame"))
    short, long = _LATELY.values()
    yield Record(
        record=counted,
        expr=f"round(sum by {with_blame} ({short}))\nor (round(sum by {with_blame} ({long})) unless on {here} {short})",
    )
    yield Record(record=leading, expr=f"{counted} == on {here} group_left () max by {here} ({counted})")
    yield Record(
        record=name,
        expr=(
            f"{held}(group by {with_blame} ({leading} and on {here} count by {here} ({leading}) == 1)\n"
            f'or label_replace(group by {here} (count by {here} ({leading}) > 1), "blame", "api", "", ""))'
        ),
    )


def _repeated(kind: FailureKind, thresholds: Thresholds) -> Alert:
    summary, what, otherwise = _REPEATED[kind]
    window = duration(thresholds.fast_window_seconds)
    failed = f'brek_probe_recent_failed_runs{{kind="{kind}"}}'
    fast = f'sum by (target) (increase(brek_probe_failures_total{{kind="{kind}"}}[{window}]))'
    judged = f'sum by (target) (increase(brek_probe_runs_total{{outcome=~"{_JUDGED}"}}[{window}]))'
    expr = not_in_maintenance(
        f"max by (target) ({failed} unless on (target, scenario) {MUTED}) >= {thresholds.open_after}\n"
        f"or ({fast} > {number(thresholds.fast_failures)}\n"
        f" unless on (target) {fast} <= {number(thresholds.fast_share)} * {judged}\n"
        f" unless on (target) max_over_time(brek_probe_maintenance[{window}]) == 1)"
    )
    hit = (
        f'{{{{ range query (printf "max by (scenario) (brek_probe_recent_failed_runs{{target=%q,kind=\\"{kind}\\"}})'
        ' > 0" $labels.target) | sortByLabel "scenario" }} {{ .Labels.scenario }} ({{ .Value }})'
        "{{ else }} none now{{ end }}"
    )
    return Alert(
        name=ALERT_OF_KIND[kind],
        expr=blamed(expr, TARGET, f'{KIND_BLAME}{{kind="{kind}"}}', otherwise),
        summary=f"{{{{ $labels.target }}}}: {summary}",
        description=(
            f'{what}. At least {{{{ $value | printf "%.0f" }}}} runs failed of it lately.'
            f" Failed among the last {thresholds.within} of each scenario:{hit}."
        ),
        board=Board.QUOTA if kind is FailureKind.RATE_LIMITED else Board.OVERVIEW,
    )


def _failing_pairs(matcher: str, thresholds: Thresholds) -> str:
    summed = f"sum by (target, scenario, job, instance) (brek_probe_recent_failed_runs{{scenario{matcher}}})"
    return not_in_maintenance(
        f"max by (target, scenario) ({summed}) >= {thresholds.open_after} unless on (target, scenario) {MUTED}"
    )


def _failing_text(thresholds: Thresholds) -> str:
    kinds = (
        '{{ range query (printf "max by (kind) (brek_probe_recent_failed_runs{target=%q,scenario=%q}) > 0"'
        ' $labels.target $labels.scenario) | sortByLabel "kind" }} {{ .Labels.kind }} ({{ .Value }}){{ end }}'
    )
    return f"{{{{ $value }}}} of the last {thresholds.within} judged runs failed:{kinds}."


def _golden_path(thresholds: Thresholds) -> Alert:
    return Alert(
        name="BrekGoldenPathFailing",
        expr=blamed(_failing_pairs(f'=~"{_GOLDEN}"', thresholds), PAIR, PAIR_BLAME, Blame.API),
        summary="{{ $labels.target }}: guests can't book ({{ $labels.scenario }})",
        description=_failing_text(thresholds),
        board=Board.SCENARIO,
        about=PAIR,
    )


def _scenario(thresholds: Thresholds) -> Alert:
    spoken = f'{{{{ if eq $labels.blame "{Blame.CONVERSATION}" }}}}{Severity.TICKET}'
    return Alert(
        name="BrekScenarioFailing",
        expr=blamed(_failing_pairs(f'!~"{_GOLDEN}"', thresholds), PAIR, PAIR_BLAME, Blame.API),
        summary="{{ $labels.target }}: {{ $labels.scenario }} fails",
        description=_failing_text(thresholds),
        board=Board.SCENARIO,
        about=PAIR,
        severity=f"{spoken}{{{{ else }}}}{Severity.PAGE}{{{{ end }}}}",
    )


def _unexpected_booking() -> Alert:
    kind = FailureKind.UNEXPECTED_BOOKING
    return Alert(
        name=ALERT_OF_KIND[kind],
        expr=blamed(
            not_in_maintenance(
                f'max by (target) (brek_probe_recent_failed_runs{{kind="{kind}"}}) >= 1\n'
                'or sum by (target) (increase(brek_probe_bookings_total{state="unexpected"}[1h])) > 0\n'
                "or max by (target) (brek_probe_bookings_stopped) == 1"
            ),
            TARGET,
            f'{KIND_BLAME}{{kind="{kind}"}}',
            Blame.API,
        ),
        summary="{{ $labels.target }}: something was booked that nobody asked for",
        description=(
            "A run was booked before it said yes. Scenarios that leave a booking are stopped on this target until a"
            " person has looked and runs: brekwatch resume {{ $labels.target }}"
        ),
        board=Board.OVERVIEW,
    )
