"""Targets as public JSON; `exporter/schemas/targets.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from exporter.budget import Budget
from exporter.recorder.sights import Untold
from exporter.run_json import maybe_moment, moment
from exporter.web.target_facts import Play, SeenHeadroom, TargetFacts
from probes.settings import Maintenance

Scrub = Callable[[str], str]


def targets_as_json(targets: Iterable[TargetFacts], now: datetime, scrub: Scrub) -> dict[str, object]:
    """`{"targets": [...]}`, ready for a JSON encoder."""
    return {"targets": [_target(facts, now, scrub) for facts in targets]}


def _target(facts: TargetFacts, now: datetime, scrub: Scrub) -> dict[str, object]:
    target = facts.target
    return {
        "target": target.name,
        "path": f"/targets/{target.name}",
        "environment": target.environment,
        "base_url": scrub(target.base_url),
        "auth_header": target.auth_header,
        "partner": target.partner,
        "location": facts.location,
        "headroom": None if facts.headroom is None else _headroom(facts.headroom, now),
        "quota": {"share": facts.quota.share, "reserve": facts.quota.reserve, "limit": facts.quota.limit},
        "plan": None if facts.budget is None else _plan(facts.budget),
        "certificate": {
            "encrypted": facts.certificate.encrypted,
            "expires_at": maybe_moment(facts.certificate.expires_at),
            "state": facts.certificate.tone,
        },
        "maintenance": [_window(window, now) for window in facts.windows],
        "bookings_stopped": None if facts.stopped is None else scrub(facts.stopped),
        "key_refused_at": maybe_moment(facts.key_refused_at),
        "probes": [play_as_json(play) for play in facts.plays],
        "open_incidents": None if facts.incidents is None else [each.incident_id for each in facts.incidents],
    }


def _untold(untold: Untold) -> dict[str, object]:
    return {
        "outcome": untold.outcome,
        "reason": untold.reason,
        "count": untold.count,
        "at": moment(untold.at),
        "run_id": untold.run_id,
    }


def _headroom(headroom: SeenHeadroom, now: datetime) -> dict[str, object]:
    return {
        "limit": headroom.limit,
        "remaining": headroom.remaining,
        "ratio": headroom.ratio,
        "observed_at": moment(headroom.observed_at),
        "age_seconds": max((now - headroom.observed_at).total_seconds(), 0.0),
        "state": headroom.tone,
    }


def _plan(budget: Budget) -> dict[str, object]:
    return {
        "targets": budget.targets,
        "requests_per_minute": budget.planned,
        "allowed_per_minute": budget.allowed,
        "longest_run_requests": budget.longest,
        "exceeded": budget.exceeded or budget.outgrown,
    }


def _window(window: Maintenance, now: datetime) -> dict[str, object]:
    return {
        "from": moment(window.starts_at),
        "to": moment(window.ends_at),
        "reason": window.reason,
        "now": window.starts_at <= now,
    }


def play_as_json(play: Play) -> dict[str, object]:
    """A probe and its last run."""
    probe = play.probe
    return {
        "target": probe.target,
        "scenario": probe.scenario,
        "every_seconds": probe.every_seconds,
        "deadline_seconds": probe.deadline_seconds,
        "availability": probe.objective.availability,
        "latency_seconds": probe.objective.latency_seconds,
        "outcome": play.outcome,
        "reason": play.reason,
        "seen_at": maybe_moment(play.seen_at),
        "stale": play.stale,
        "run_id": play.run_id,
        "untold": None if play.untold is None else _untold(play.untold),
    }
