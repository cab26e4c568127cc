"""What the pages of targets tell, put together from the configuration and from memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from alerts.thresholds import Thresholds
from exporter.budget import Budget, budgets
from exporter.recorder.board import Row
from exporter.recorder.readings import Headroom, Reading
from exporter.recorder.sights import Untold
from probes.incident import Incident
from probes.model import Probe, Quota, Target
from probes.quota import shared_quota, targets_by_key
from probes.settings import Maintenance, Settings
from probes.words import Outcome, Tone

_NEVER = Reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHeadroom:
    """The lowest headroom of the last run, judged: an old one says nothing of now."""

    remaining: int
    limit: int | None
    ratio: float | None
    observed_at: datetime
    tone: Tone

    @classmethod
    def of(cls, headroom: Headroom, reserve: float, now: datetime) -> SeenHeadroom:
        """As it is to be believed at this moment."""
        observed_at = datetime.fromtimestamp(headroom.observed_at, UTC)
        return cls(
            remaining=headroom.remaining,
            limit=headroom.limit,
            ratio=headroom.ratio,
            observed_at=observed_at,
            tone=_headroom_tone(headroom.ratio, reserve, (now - observed_at).total_seconds()),
        )


def _headroom_tone(ratio: float | None, reserve: float, age_seconds: float) -> Tone:
    if age_seconds > Thresholds().headroom_fresh_seconds:
        return Tone.OLD
    if ratio is None:
        return Tone.UNSURE
    if ratio < Thresholds().headroom_low_ratio:
        return Tone.BAD
    return Tone.WARN if ratio < reserve else Tone.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate that the target showed. `encrypted` is False where it is reached by plain http, and has none."""

    encrypted: bool
    expires_at: datetime | None
    tone: Tone

    @classmethod
    def of(cls, target: Target, reading: Reading, now: datetime) -> Certificate:
        """Judged at this moment."""
        encrypted = urlsplit(target.base_url).scheme == "https"
        if not encrypted or reading.certificate_expires_at is None:
            return cls(encrypted=encrypted, expires_at=None, tone=Tone.UNSURE)
        expires_at = datetime.fromtimestamp(reading.certificate_expires_at, UTC)
        return cls(encrypted=True, expires_at=expires_at, tone=_certificate_tone((expires_at - now).total_seconds()))


def _certificate_tone(seconds_left: float) -> Tone:
    if seconds_left < Thresholds().certificate_page_seconds:
        return Tone.BAD
    return Tone.WARN if seconds_left < Thresholds().certificate_ticket_seconds else Tone.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A probe with its last verdict, and what became of its runs since, if nothing could be told by them.

    `stale`: so old that it says nothing of now.
    """

    probe: Probe
    outcome: Outcome | None
    reason: str | None
    seen_at: datetime | None
    stale: bool
    run_id: str | None
    untold: Untold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """One target, whole. `quota` is that of its key; `windows` are maintenance that goes on or is announced.

    `incidents` are those that are open; None: they can't be known.
    """

    target: Target
    location: str
    quota: Quota
    headroom: SeenHeadroom | None
    certificate: Certificate
    budget: Budget | None
    stopped: str | None
    key_refused_at: datetime | None
    windows: tuple[Maintenance, ...]
    plays: tuple[Play, ...]
    incidents: tuple[Incident, ...] | None

    def in_maintenance(self, now: datetime) -> Maintenance | None:
        """What is being done there now."""
        return next((window for window in self.windows if window.starts_at <= now), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Where the facts come from, all of one moment. `incidents` are all that are open; None: they can't be known."""

    settings: Settings
    rows: Mapping[tuple[str, str], Row]
    readings: Mapping[str, Reading]
    stopped: Mapping[str, str]
    incidents: tuple[Incident, ...] | None
    now: datetime


def targets_known(known: Known) -> tuple[TargetFacts, ...]:
    """Every configured target, in the order of their names."""
    settings = known.settings
    plans = {name: budget for budget in budgets(settings) for name in budget.targets}
    quotas = {each.name: shared_quota(each_of) for each_of in _sharing(settings) for each in each_of}
    return tuple(
        _facts(known, settings.targets[name], quotas[name], plans.get(name)) for name in sorted(settings.targets)
    )


def _sharing(settings: Settings) -> Iterable[list[Target]]:
    return targets_by_key(settings.targets.values()).values()


def _facts(known: Known, target: Target, quota: Quota, budget: Budget | None) -> TargetFacts:
    reading, now = known.readings.get(target.name, _NEVER), known.now
    refused_at = reading.key_refused_at
    return TargetFacts(
        target=target,
        location=known.settings.service.location,
        quota=quota,
        headroom=None if reading.headroom is None else SeenHeadroom.of(reading.headroom, quota.reserve, now),
        certificate=Certificate.of(target, reading, now),
        budget=budget,
        stopped=known.stopped.get(target.name),
        key_refused_at=None if refused_at is None else datetime.fromtimestamp(refused_at, UTC),
        windows=windows_of(target.name, known.settings.maintenance, now),
        plays=tuple(play_of(known, probe) for probe in _in_order(known.settings.probes) if probe.target == target.name),
        incidents=known.incidents and tuple(each for each in known.incidents if each.cause.target == target.name),
    )


def windows_of(target: str, maintenance: tuple[Maintenance, ...], now: datetime) -> tuple[Maintenance, ...]:
    """What goes on at this target or is announced, the next first."""
    ahead = (window for window in maintenance if target in window.targets and now < window.ends_at)
    return tuple(sorted(ahead, key=lambda window: window.starts_at))


def play_of(known: Known, probe: Probe) -> Play:
    """A probe beside what is remembered of it."""
    row = known.rows.get((probe.target, probe.scenario))
    judged = None if row is None else row.sight.judged
    return Play(
        probe=probe,
        outcome=None if judged is None else judged.outcome,
        reason=None if judged is None else judged.reason,
        seen_at=None if judged is None else judged.ended_at,
        stale=row is None or row.stale,
        run_id=None if judged is None else judged.run_id,
        untold=None if row is None else row.sight.untold,
    )


def _in_order(probes: tuple[Probe, ...]) -> list[Probe]:
    return sorted(probes, key=lambda probe: (probe.target, probe.scenario))
