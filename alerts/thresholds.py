"""When it is time to wake somebody: the one place for figures that incidents, rules and dashboards share.

Each has its reason beside it. A configuration changes those of its `incidents:`; the others are the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from probes.incident import Cause
from probes.settings import IncidentPolicy
from probes.words import Blame, FailureKind, Severity

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0

GOLDEN_PATHS = frozenset({"golden_path", "golden_path_to_payment"})

ALERT_OF_KIND: Mapping[FailureKind, str] = {
    FailureKind.AUTH_MISSING: "BrekAuthMissing",
    FailureKind.AUTH_REJECTED: "BrekAuthRejected",
    FailureKind.RATE_LIMITED: "BrekRateLimited",
    FailureKind.SERVER_ERROR: "BrekServerErrors",
    FailureKind.UNEXPECTED_BOOKING: "BrekUnexpectedBooking",
}
"""The alerts of one kind of failure alone; any other kind is told by the scenario that it fails."""
"""The scenarios that stand for a guest who books: whatever breaks them costs bookings, so it always pages."""

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "BrekAuthMissing": Severity.PAGE,
        "BrekAuthRejected": Severity.PAGE,
        "BrekRateLimited": Severity.PAGE,
        "BrekServerErrors": Severity.PAGE,
        "BrekHiddenByRetries": Severity.TICKET,
        "BrekGoldenPathFailing": Severity.PAGE,
        "BrekScenarioFailing": Severity.PAGE,
        "BrekUnexpectedTransition": Severity.TICKET,
        "BrekUnexpectedBooking": Severity.PAGE,
        "BrekHeadroomLow": Severity.TICKET,
        "BrekLatencyHigh": Severity.TICKET,
        "BrekErrorBudgetBurnFast": Severity.PAGE,
        "BrekErrorBudgetBurnSlow": Severity.TICKET,
        "BrekCorrelationMissing": Severity.TICKET,
        "BrekContractDrift": Severity.TICKET,
        "BrekCertificateExpiring": Severity.TICKET,
        "BrekBookingsLeft": Severity.TICKET,
        "BrekProbeStale": Severity.PAGE,
        "BrekMonitorOffline": Severity.PAGE,
        "BrekMonitorDown": Severity.PAGE,
        "BrekMonitorFault": Severity.TICKET,
    }
)
"""What each alert asks for, where nothing else is said: a scenario's is a ticket where `severity_of` says so, a
certificate's becomes a page in its last week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """How fast a probe may spend its error budget, by how often it is played.

    For probes due at most every `up_to_seconds` (and more seldom than the entry before): the alert wants the share of
    bad runs over `factor` times the budget in both windows, and more than `Thresholds.burn_bad_runs` in the long one.
    """

    up_to_seconds: float
    long_seconds: float
    short_seconds: float
    factor: float
    severity: Severity


BURN_WINDOWS = (
    BurnWindow(
        up_to_seconds=_MINUTE, long_seconds=_HOUR, short_seconds=5 * _MINUTE, factor=14.4, severity=Severity.PAGE
    ),
    BurnWindow(
        up_to_seconds=10 * _MINUTE, long_seconds=6 * _HOUR, short_seconds=30 * _MINUTE, factor=6, severity=Severity.PAGE
    ),
    BurnWindow(
        up_to_seconds=math.inf, long_seconds=3 * _DAY, short_seconds=6 * _HOUR, factor=1, severity=Severity.TICKET
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """All figures. Shares are of 1, times in seconds; "more than 2.5" means three, where `increase()` extrapolates.

    * `open_after`, `within`, `close_after`: an incident opens after so many bad of the last `within` judged runs of a
      scenario, and closes after so many good ones in a row. Three, for a single failure needs nobody.
    * `fast_failures`, `fast_window_seconds`, `fast_share`: the same for frequent probes, whose scenarios add up: more
      than so many failures of a kind on one target in that time, and more than this share of its judged runs. Without
      the share, one error in a hundred requests would fire it four times in 20,000 runs at one a minute, and eighty
      times at one every ten seconds.
    * `hidden_share`, `hidden_least`, `hidden_window_seconds`: what retries hide is worth a ticket when more than this
      share of the requests were answered as nobody asked for, and at least so many.
    * `headroom_low_ratio`: our own probes stop at a reserve of 20 %, so less than half of that was spent by others.
    * `headroom_fresh_seconds`: how long a rate-limit gauge is believed. The limit is a minute's, so an old reading says
      nothing of now; ten minutes let a probe of five minutes miss one. More seldom ones are believed after each run,
      and then are silent: an hour-old figure would wake somebody for what is over.
    * `certificate_ticket_seconds`, `certificate_page_seconds`: how long before a certificate ends.
    * `stale_intervals`, `stale_slack_seconds`: without a verdict for so many intervals and the slack, we don't measure.
    * `burn_windows`, `burn_bad_runs`: the pace of the error budget, and how many bad runs are more than bad luck.
    * `latency_slow_share`, `latency_least_runs`, `latency_window_intervals`, `latency_window_seconds`: slow when more
      than this share of the good runs took longer than the objective's latency, of at least so many, in the longer of
      so many intervals and that time.
    * `correlation_missing_share`, `correlation_least`, `correlation_window_seconds`: support can't help without ids.
    """

    open_after: int = 3
    within: int = 5
    close_after: int = 2
    fast_failures: float = 2.5
    fast_window_seconds: float = 10 * _MINUTE
    fast_share: float = 0.4
    hidden_share: float = 0.10
    hidden_least: int = 5
    hidden_window_seconds: float = _HOUR
    headroom_low_ratio: float = 0.10
    headroom_fresh_seconds: float = 10 * _MINUTE
    certificate_ticket_seconds: float = 21 * _DAY
    certificate_page_seconds: float = 7 * _DAY
    stale_intervals: int = 3
    stale_slack_seconds: float = 2 * _MINUTE
    burn_windows: tuple[BurnWindow, ...] = BURN_WINDOWS
    burn_bad_runs: float = 2.5
    latency_slow_share: float = 0.5
    latency_least_runs: int = 3
    latency_window_intervals: int = 6
    latency_window_seconds: float = 30 * _MINUTE
    correlation_missing_share: float = 0.10
    correlation_least: int = 3
    correlation_window_seconds: float = _HOUR

    def __post_init__(self) -> None:
        if not 1 <= self.open_after <= self.within or self.close_after < 1:
            raise ValueError("an incident opens after 1 to `within` bad runs, and closes after at least one good one")

    @classmethod
    def of(cls, policy: IncidentPolicy) -> Self:
        """Those of a configuration."""
        return cls(open_after=policy.open_after, within=policy.within, close_after=policy.close_after)

    def burn_window(self, every_seconds: float) -> BurnWindow:
        """The windows in which a probe that is due so often is looked at."""
        return next(each for each in self.burn_windows if every_seconds <= each.up_to_seconds)

    def stale_after_seconds(self, every_seconds: float) -> float:
        """How long a probe that is due so often may be without a verdict."""
        return self.stale_intervals * every_seconds + self.stale_slack_seconds


def severity_of(cause: Cause, scenarios: Iterable[str], blame: Blame | None = None) -> Severity:
    """Whether an incident wakes somebody: one that is the assistant's alone does so on a golden path only.

    An unexpected booking always does. Without a `blame`, the kind says whether it can be the assistant's.
    """
    if cause.kind is FailureKind.UNEXPECTED_BOOKING or not GOLDEN_PATHS.isdisjoint(scenarios):
        return Severity.PAGE
    if blame is None:
        spoken = cause.kind in {FailureKind.CHAT_STATUS, FailureKind.ARTIFACT}
    else:
        spoken = blame is Blame.CONVERSATION
    return Severity.TICKET if spoken else Severity.PAGE


def alert_of(kind: FailureKind, scenarios: Iterable[str]) -> str:
    """The alert that tells of such a failure, and whose runbook says what to do."""
    golden = not GOLDEN_PATHS.isdisjoint(scenarios)
    return ALERT_OF_KIND.get(kind, "BrekGoldenPathFailing" if golden else "BrekScenarioFailing")
