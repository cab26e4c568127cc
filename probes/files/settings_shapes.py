"""The shape of the configuration file (design.md, section 5): what each key may hold, told to pydantic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from probes.files.addresses import journal_problem, listen_address, url_problem
from probes.files.receiver_shapes import RECEIVER_SECRETS, ReceiverShape
from probes.files.scenario_shapes import Card
from probes.files.settings_parts import IN_A_FILE, URL, Address, Key, Text, Word, refused_by, secrets
from probes.files.shapes import LISTED, NUMBER, Duration, OneOrMany, Shape, Size, form, json_pattern
from probes.words import AuthHeader, Environment

SECRETS = RECEIVER_SECRETS | {"api_key", "other_api_key", "sentry_dsn", "webhook_token", "heartbeat_url"}
HIDDEN = SECRETS | {"urls", "journal", "base_url", "attach_url", "setup_origins", "external_url"}
"""Keys whose values no message shows: a secret, or a URL that may carry one."""

_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})"
_TARGET = "[a-z][a-z0-9_-]{0,39}"
_HOST_AND_PORT = r"[^/?#]+:[0-9]{1,5}"


def _listen_problem(text: str) -> str | None:
    return _address_problem(text, "must be an address and a port, such as 127.0.0.1:9464 or [::1]:9464")


def _reference_problem(text: str) -> str | None:
    return _address_problem(text, "must be a host and a port, such as 192.0.2.1:443", least_port=1)


def _address_problem(text: str, problem: str, *, least_port: int = 0) -> str | None:
    try:
        _, port = listen_address(text)
    except ValueError:
        return problem
    return None if port >= least_port else problem


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or re.fullmatch(_MOMENT, value) is None:
        raise ValueError("must be a moment with its offset, such as 2026-12-01T02:00Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a moment that the calendar has, such as 2026-12-01T02:00Z") from None


TargetName = Annotated[
    str,
    form(_TARGET, "lower-case letters, digits, dashes and underscores, beginning with a letter"),
    json_pattern(_TARGET),
]
Moment = Annotated[datetime, BeforeValidator(_moment), json_pattern(_MOMENT)]
Names = Annotated[tuple[str, ...], Field(min_length=1), LISTED, OneOrMany()]
Count = Annotated[int, Field(ge=1, le=1_000_000), NUMBER]
Share = Annotated[float, Field(gt=0, le=1), NUMBER]
Reference = Annotated[str, refused_by(_reference_problem), json_pattern(_HOST_AND_PORT)]


class RetentionShape(Shape):
    """How long runs are kept. One that is under way, or whose booking was not taken back, is kept longest."""

    successes: Annotated[Duration, Field(description="Runs that passed, or were skipped.")] = "14d"
    failures: Annotated[Duration, Field(description="All others: failed, degraded, unknown.")] = "90d"
    size: Annotated[
        Size, Field(description="What the journal may hold; beyond it the oldest go, those that passed first.")
    ] = "2GiB"


class ServiceShape(Shape):
    """The running service itself."""

    model_config = ConfigDict(json_schema_extra=secrets(sentry_dsn=False, webhook_token=False, heartbeat_url=False))

    listen: Annotated[
        str,
        refused_by(_listen_problem),
        json_pattern(_HOST_AND_PORT),
        Field(
            description="Address and port of metrics and pages; port 0 takes any free one. "
            "Beyond loopback only with users in `web_config`.",
            examples=["127.0.0.1:9464"],
        ),
    ] = "127.0.0.1:9464"
    journal: Annotated[
        Annotated[str, refused_by(journal_problem), json_pattern("(sqlite:///|postgresql://).+")] | None,
        Field(
            description="Where runs are kept: a SQLite file, or a PostgreSQL database. Without it, a file in the "
            "user's state folder.",
            examples=["sqlite:///brekwatch.db", "postgresql://brekwatch:${JOURNAL_PASSWORD}@db.example/brekwatch"],
        ),
    ] = None
    retention: Annotated[RetentionShape, Field(description="How long runs are kept.")] = RetentionShape()
    location: Annotated[Word, Field(description="Where this monitor stands: a word in metrics and reports.")] = "local"
    external_url: Annotated[Address | None, Field(description="What links in alerts and reports start with.")] = None
    reference: Annotated[
        tuple[Reference, ...],
        LISTED,
        OneOrMany(),
        Field(
            description="Hosts and ports that nearly always answer. If none does, we are offline: runs are `unknown`.",
            examples=[["192.0.2.1:443"]],
        ),
    ] = ()
    max_concurrent_runs: Annotated[Count, Field(description="How many runs may be under way at once.")] = 200
    web_config: Annotated[
        Text | None,
        Field(description="The Prometheus exporter toolkit's file: TLS and basic auth for metrics and pages."),
    ] = None
    sentry_dsn: Annotated[
        Text | None, Field(description="Where the monitor's own crashes are reported; best given as ${VAR}.")
    ] = None
    sentry_dsn_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None
    grafana_url: Annotated[Address | None, Field(description="What links to dashboards start with.")] = None
    webhook_token: Annotated[
        Key | None, Field(description="The bearer token by which Alertmanager tells us of alerts, at /alerts.")
    ] = None
    webhook_token_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None
    heartbeat_url: Annotated[
        Key | None,
        Field(description="Fetched every minute while all is well, so that whoever watches it notices our death."),
    ] = None
    heartbeat_url_file: Annotated[Text | None, Field(description=IN_A_FILE)] = None


class PortalShape(Shape):
    """The payment portal, which no document names."""

    attach_url: Annotated[
        str,
        refused_by(url_problem),
        json_pattern(URL),
        Field(description="where the portal attaches a card, such as https://pay.example/attach"),
    ]
    test_card: Annotated[Card, Field(description="The card that is attached where a scenario names none.")] = "visa"
    setup_origins: Annotated[
        tuple[Address, ...],
        LISTED,
        OneOrMany(),
        Field(description="Where `setupUrl` may lead, if not to the origin of `attach_url`."),
    ] = ()


class QuotaShape(Shape):
    """The share of the key's minute quota that probes may use."""

    share: Annotated[Share, Field(description="What scheduled probes may use, on average over ten minutes.")] = 0.10
    reserve: Annotated[
        float, Field(ge=0, lt=1, description="What is always left to the customer, by whatever is played."), NUMBER
    ] = 0.20
    limit: Annotated[
        Count | None,
        Field(description="Requests a minute, if known; a plan beyond the share of it is refused.", examples=[60]),
    ] = None


class AllowBookingsShape(Shape):
    """An expiring acknowledgement that bookings on a production host are real."""

    host: Annotated[Text, Field(description="the host whose bookings are real, as in base_url")]
    per_day: Annotated[Count, Field(description="how many bookings a day are fine")]
    until: Annotated[Moment, Field(description="when this acknowledgement ends, such as 2026-12-01T00:00Z")]


class TargetShape(Shape):
    """One Brek deployment reached with one partner key."""

    model_config = ConfigDict(json_schema_extra=secrets(api_key=True, other_api_key=False))

    base_url: Annotated[Address, Field(description="the address that Brek issued, such as https://sandbox.example")]
    environment: Annotated[
        Environment | None,
        Field(
            description="What may be done there. Without it only a loopback host counts as a sandbox, "
            "and www.brek.ai never does."
        ),
    ] = None
    api_key: Annotated[
        Key | None,
        Field(description="The partner key, best given as ${VAR}.", examples=["${BREK_PARTNER_API_KEY}"]),
    ] = None
    api_key_file: Annotated[
        Text | None,
        Field(
            description="The same, in a file that only its owner may read. Give one of the two.",
            examples=["/run/secrets/brek"],
        ),
    ] = None
    other_api_key: Annotated[
        Key | None,
        Field(description="Another tenant's key, to see that its sessions stay its own; without it that is not tried."),
    ] = None
    other_api_key_file: Annotated[
        Text | None, Field(description="The same, in a file that only its owner may read.")
    ] = None
    auth_header: Annotated[AuthHeader, Field(description="The header that carries the key.")] = (
        AuthHeader.PARTNER_API_KEY
    )
    partner: Annotated[
        Word,
        Field(description="Whom idempotency keys and actor ids name; `brekwatch ready` holds it to x-partner-id."),
    ] = "brekwatch"
    portal: Annotated[
        PortalShape | None,
        Field(description="The payment portal; without it, scenarios that attach a card are skipped."),
    ] = None
    quota: Annotated[QuotaShape, Field(description="How much of the key's quota is used.")] = QuotaShape()
    allow_bookings: Annotated[
        AllowBookingsShape | None,
        Field(description="Real bookings in production, until a day: without it, none."),
    ] = None


class ObjectiveShape(Shape):
    """What a probe is meant to reach."""

    availability: Annotated[float, Field(gt=0, lt=1, description="The share of good runs."), NUMBER] = 0.995
    latency: Annotated[Duration, Field(description="How long a good run may take.")] = "30s"


class ProbeShape(Shape):
    """A scenario played again and again, against all targets or the named ones."""

    scenario: Annotated[str, Field(description="the name of a scenario, such as golden_path")]
    targets: Annotated[Names | None, Field(description="Which targets; without it, all.")] = None
    every: Annotated[Duration, Field(description="how often it is played, such as 5m")]
    deadline: Annotated[
        Duration | None, Field(description="How long a run may take: 2m, or `every` if that is shorter.")
    ] = None
    step_deadline: Annotated[
        Duration | None, Field(description="How long a step may take: 30s, or `deadline` if that is shorter.")
    ] = None
    objective: Annotated[ObjectiveShape, Field(description="What it is meant to reach.")] = ObjectiveShape()


class IncidentsShape(Shape):
    """When an incident opens and closes."""

    open_after: Annotated[
        int, Field(ge=1, le=100, description="So many bad runs open one, among the last `within` judged."), NUMBER
    ] = 3
    within: Annotated[
        int, Field(ge=1, le=100, description="How many of the last judged runs are looked at."), NUMBER
    ] = 5
    close_after: Annotated[int, Field(ge=1, le=100, description="So many good runs in a row close one."), NUMBER] = 2


class MaintenanceShape(Shape):
    """A stretch of time in which nobody is woken."""

    targets: Annotated[Names | None, Field(description="Which targets; without it, all.")] = None
    starts_at: Annotated[Moment, Field(alias="from", description="its begin, such as 2026-12-01T02:00Z")]
    ends_at: Annotated[Moment, Field(alias="to", description="its end, such as 2026-12-01T04:00Z")]
    reason: Annotated[Text, Field(description="a few words for whoever reads the report")]


class SettingsShape(Shape):
    """What brekwatch plays, where and how often, and how its service runs."""

    model_config = ConfigDict(title="brekwatch configuration")

    service: Annotated[ServiceShape, Field(description="The running service itself.")] = ServiceShape()
    targets: Annotated[
        Mapping[TargetName, TargetShape],
        Field(description="at least one, each with base_url and api_key", min_length=1),
    ]
    probes: Annotated[tuple[ProbeShape, ...], Field(description="What `serve` plays, and how often.")] = ()
    scenarios: Annotated[
        tuple[Text, ...], LISTED, OneOrMany(), Field(description="Folders with scenarios of your own.")
    ] = ()
    incidents: Annotated[IncidentsShape, Field(description="When an incident opens and closes.")] = IncidentsShape()
    notify: Annotated[
        tuple[ReceiverShape, ...],
        Field(description="Whom brekwatch itself tells of incidents. Use this or Prometheus' alerts: not both."),
    ] = ()
    maintenance: Annotated[
        tuple[MaintenanceShape, ...],
        Field(description="Stretches of time in which nobody is woken; all is measured as ever."),
    ] = ()
