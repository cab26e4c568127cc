"""The settings of a process: read once, from a file or from the environment, and frozen (design.md, section 5).

Nothing else reads the environment. The reading itself is in `probes.files.settings_files`, loaded when needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from probes.card_numbers import holds_card_number
from probes.errors import UsageError
from probes.files.addresses import (
    base_url_problem,
    journal_problem,
    journal_url,
    plain_text_problem,
    url_problem,
    word_problem,
)
from probes.files.secret_values import Stamp, key_problem, secrets_in_url
from probes.model import Portal, Probe, Target
from probes.redaction import Secret
from probes.safety import classify
from probes.scenario import Scenario
from probes.words import Channel, Environment

DEFAULT_TARGET = "default"
DEFAULT_REMIND_SECONDS = 4 * 3600.0
_OURS = re.compile("BREK_")
_CARD = "it looks like a payment card number, which never belongs here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long the journal keeps runs that were good or skipped, and all others; and how much it may hold."""

    successes_seconds: float = 14 * 86_400.0
    failures_seconds: float = 90 * 86_400.0
    size_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The running service. `reference` are addresses whose silence means that we are offline.

    Links in alerts and reports begin with `external_url`, those to dashboards with `grafana_url`. `webhook_token` is
    what Alertmanager must show to tell us of alerts. `heartbeat_url` is pinged while all is well: a dead man's switch.
    """

    listen_host: str = "127.0.0.1"
    listen_port: int = 9464
    journal: str
    retention: Retention = field(default_factory=Retention)
    location: str = "local"
    external_url: str | None = None
    reference: tuple[str, ...] = ()
    max_concurrent_runs: int = 200
    web_config: Path | None = None
    sentry_dsn: Secret | None = None
    grafana_url: str | None = None
    webhook_token: Secret | None = None
    heartbeat_url: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Whom brekwatch itself tells of incidents. `urls` may carry a secret, so they are one.

    `secret` signs what a webhook is sent, or is the bearer token for Alertmanager. `remind_seconds` is how often an
    incident that stays open is told again.
    """

    name: str
    channel: Channel
    urls: tuple[Secret, ...]
    secret: Secret | None = None
    remind_seconds: float = DEFAULT_REMIND_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """An incident opens after so many bad of the last `within` judged runs, and closes after so many good ones."""

    open_after: int = 3
    within: int = 5
    close_after: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A stretch of time, in UTC, in which these targets wake nobody."""

    targets: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a process is told. `secrets` are the values that no sink may show.

    `secret_files` are the files that some of them were read from, each as it was just before.
    """

    service: Service
    targets: Mapping[str, Target]
    probes: tuple[Probe, ...] = ()
    scenarios: Mapping[str, Scenario]
    incidents: IncidentPolicy = field(default_factory=IncidentPolicy)
    maintenance: tuple[Maintenance, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    secrets: tuple[Secret, ...] = ()
    secret_files: Mapping[Path, Stamp | None] = field(default_factory=dict)


def find(config: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from this file, else from the one that BREKWATCH_CONFIG names, else from the environment.

    Raises UsageError, which is a ConfigError where a file is wrong.
    """
    variables = os.environ if environ is None else environ
    path = _file(config, variables)
    return from_environment(variables) if path is None else load(path, variables)


def _file(config: Path | None, variables: Mapping[str, str]) -> Path | None:
    named = variables.get("BREKWATCH_CONFIG")
    return Path(named) if config is None and named else config


def journal_of(config: Path | None, environ: Mapping[str, str] | None = None) -> str:
    """The address of the journal that `serve` and `run` would write to, for whoever only reads it.

    Nothing else of a file is looked at: to read takes no key. Raises UsageError, which is a ConfigError where a file
    is wrong.
    """
    variables = os.environ if environ is None else environ
    path = _file(config, variables)
    if path is None:
        return default_journal(variables)
    from probes.files.journal_address import read

    return read(path, variables) or default_journal(variables)


def retention_of(config: Path | None, environ: Mapping[str, str] | None = None) -> tuple[str, Retention]:
    """The journal's address and how long it keeps runs: of a configuration, which must be sound; else what is usual.

    Raises UsageError, which is a ConfigError where a file is wrong.
    """
    variables = os.environ if environ is None else environ
    path = _file(config, variables)
    if path is None:
        return default_journal(variables), Retention()
    service = load(path, variables).service
    return service.journal, service.retention


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings in a file, its `${VAR}` filled from `environ`; raises ConfigError with all that is wrong."""
    from probes.files.settings_files import read

    return read(path, environ, default_journal=lambda: default_journal(environ))


def from_environment(environ: Mapping[str, str]) -> Settings:
    """One target, `default`, from the BREK_… variables; raises UsageError that says which and what to do."""
    from probes.scenario_files import shipped

    missing = [name for name in ("BREK_BASE_URL", "BREK_PARTNER_API_KEY") if not environ.get(name)]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: export what Brek issued to you, "
            "name a configuration with -c, or run `brekwatch sandbox`, which prints lines for your shell"
        )
    target = _target(environ)
    journal = default_journal(environ)
    return Settings(
        service=Service(journal=journal),
        targets={target.name: target},
        scenarios=shipped(),
        secrets=(target.api_key, *secrets_in_url(journal)),
    )


def default_journal(environ: Mapping[str, str]) -> str:
    """BREKWATCH_JOURNAL, else a file in the user's state folder; raises UsageError for what is no such URL."""
    named = environ.get("BREKWATCH_JOURNAL")
    if named:
        if problem := journal_problem(named):
            raise UsageError(f"BREKWATCH_JOURNAL {problem}")
        return journal_url(named, Path.cwd())
    return f"sqlite:///{state_folder(environ) / 'brekwatch.db'}"


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where this user's processes keep what outlives them. It need not be there yet."""
    variables = os.environ if environ is None else environ
    state = variables.get("XDG_STATE_HOME")
    folder = Path(state) if state else Path(variables.get("HOME") or Path.home()) / ".local" / "state"
    return folder / "brekwatch"


def _target(environ: Mapping[str, str]) -> Target:
    for name in filter(_OURS.match, environ):
        _refuse(f"{name} can't be used", _CARD if holds_card_number(environ[name]) else None)
    url, key = environ["BREK_BASE_URL"], environ["BREK_PARTNER_API_KEY"]
    partner = environ.get("BREK_PARTNER_ID") or "brekwatch"
    attach_url = environ.get("BREK_PORTAL_ATTACH_URL") or None
    declared = _environment(environ.get("BREK_ENVIRONMENT") or None)
    _refuse("BREK_BASE_URL can't be used", base_url_problem(url))
    _refuse("BREK_PARTNER_API_KEY can't be used", key_problem(key))
    _refuse("BREK_PARTNER_ID", word_problem(partner))
    environment = classify(url, declared)
    _refuse("BREK_BASE_URL can't be used", plain_text_problem(url, environment))
    if attach_url is not None:
        problem = url_problem(attach_url) or plain_text_problem(attach_url, environment)
        _refuse("BREK_PORTAL_ATTACH_URL can't be used", problem)
    return Target(
        name=DEFAULT_TARGET,
        base_url=url.rstrip("/"),
        environment=environment,
        api_key=Secret(key),
        partner=partner,
        portal=None if attach_url is None else Portal(attach_url=attach_url),
    )


def _refuse(what: str, problem: str | None) -> None:
    if problem is not None:
        raise UsageError(f"{what}: {problem}")


def _environment(declared: str | None) -> Environment | None:
    if declared is None:
        return None
    try:
        return Environment(declared)
    except ValueError:
        raise UsageError("BREK_ENVIRONMENT must be sandbox or production") from None
