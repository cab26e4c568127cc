"""The shape of the configuration file (design.md, section 5): what each key may hold, told to pydantic."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from probes.files.addresses import base_url_problem, journal_problem, listen_address, url_problem, word_problem
from probes.files.scenario_shapes import Card
from probes.files.shapes import LISTED, NUMBER, Duration, Shape, form
from probes.words import AuthHeader, Environment

HIDDEN = frozenset(
    {"api_key", "other_api_key", "sentry_dsn", "journal", "base_url", "attach_url", "setup_origins", "external_url"}
)
"""Keys whose values no message shows: a secret, or a URL that may carry one."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")


def _refused_by(problem_of: Callable[[str], str | None]) -> AfterValidator:
    def check(text: str) -> str:
        problem = problem_of(text)
        if problem is not None:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def _listen_problem(text: str) -> str | None:
    return _address_problem(text, "must be an address and a port, such as 127.0.0.1:9464 or [::1]:9464")


def _reference_problem(text: str) -> str | None:
    return _address_problem(text, "must be a host and a port, such as 192.0.2.1:443")


def _address_problem(text: str, problem: str) -> str | None:
    try:
        listen_address(text)
    except ValueError:
        return problem
    return None


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise ValueError("must be a moment with its offset, such as 2026-12-01T02:00Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a moment that the calendar has, such as 2026-12-01T02:00Z") from None


Word = Annotated[str, _refused_by(word_problem)]
TargetName = Annotated[
    str, form("[a-z][a-z0-9_-]{0,39}", "lower-case letters, digits, dashes and underscores, beginning with a letter")
]
Address = Annotated[str, _refused_by(base_url_problem)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Names = Annotated[tuple[str, ...], Field(min_length=1), LISTED]
Count = Annotated[int, Field(ge=1, le=1_000_000), NUMBER]
Share = Annotated[float, Field(gt=0, le=1), NUMBER]


class ServiceShape(Shape):
    """The running service itself."""

    listen: Annotated[str, _refused_by(_listen_problem)] = "127.0.0.1:9464"
    journal: Annotated[str, _refused_by(journal_problem)] | None = None
    location: Word = "local"
    external_url: Address | None = None
    reference: Annotated[tuple[Annotated[str, _refused_by(_reference_problem)], ...], LISTED] = ()
    max_concurrent_runs: Count = 200
    web_config: Text | None = None
    sentry_dsn: Text | None = None
    sentry_dsn_file: Text | None = None


class PortalShape(Shape):
    """The payment portal, which no document names."""

    attach_url: Annotated[
        str,
        _refused_by(url_problem),
        Field(description="where the portal attaches a card, such as https://pay.example/attach"),
    ]
    test_card: Card = "visa"
    setup_origins: Annotated[tuple[Address, ...], LISTED] = ()


class QuotaShape(Shape):
    """The share of the key's minute quota that probes may use."""

    share: Share = 0.10
    reserve: Annotated[float, Field(ge=0, lt=1), NUMBER] = 0.20
    limit: Count | None = None


class AllowBookingsShape(Shape):
    """An expiring acknowledgement that bookings on a production host are real."""

    host: Annotated[Text, Field(description="the host whose bookings are real, as in base_url")]
    per_day: Annotated[Count, Field(description="how many bookings a day are fine")]
    until: Annotated[Moment, Field(description="when this acknowledgement ends, such as 2026-12-01T00:00Z")]


class TargetShape(Shape):
    """One Brek deployment reached with one partner key."""

    base_url: Annotated[Address, Field(description="the address that Brek issued, such as https://sandbox.example")]
    environment: Environment | None = None
    api_key: str | None = None
    api_key_file: Text | None = None
    other_api_key: Annotated[
        str | None, Field(description="another tenant's key, to see that its sessions stay its own")
    ] = None
    other_api_key_file: Annotated[Text | None, Field(description="a file that holds it")] = None
    auth_header: AuthHeader = AuthHeader.PARTNER_API_KEY
    partner: Word = "brekwatch"
    portal: PortalShape | None = None
    quota: QuotaShape = QuotaShape()
    allow_bookings: AllowBookingsShape | None = None


class ObjectiveShape(Shape):
    """What a probe is meant to reach."""

    availability: Annotated[float, Field(gt=0, lt=1), NUMBER] = 0.995
    latency: Duration = "30s"


class ProbeShape(Shape):
    """A scenario played again and again, against all targets or the named ones."""

    scenario: Annotated[str, Field(description="the name of a scenario, such as golden_path")]
    targets: Names | None = None
    every: Annotated[Duration, Field(description="how often it is played, such as 5m")]
    deadline: Duration | None = None
    step_deadline: Duration | None = None
    objective: ObjectiveShape = ObjectiveShape()


class IncidentsShape(Shape):
    """When an incident opens and closes."""

    open_after: Annotated[int, Field(ge=1, le=100), NUMBER] = 3
    within: Annotated[int, Field(ge=1, le=100), NUMBER] = 5
    close_after: Annotated[int, Field(ge=1, le=100), NUMBER] = 2


class MaintenanceShape(Shape):
    """A stretch of time in which nobody is woken."""

    targets: Names | None = None
    starts_at: Annotated[Moment, Field(alias="from", description="its begin, such as 2026-12-01T02:00Z")]
    ends_at: Annotated[Moment, Field(alias="to", description="its end, such as 2026-12-01T04:00Z")]
    reason: Annotated[Text, Field(description="a few words for whoever reads the report")]


class SettingsShape(Shape):
    """The whole file."""

    service: ServiceShape = ServiceShape()
    targets: Annotated[
        Mapping[TargetName, TargetShape],
        Field(description="at least one, each with base_url and api_key", min_length=1),
    ]
    probes: tuple[ProbeShape, ...] = ()
    scenarios: Annotated[tuple[Text, ...], LISTED] = ()
    incidents: IncidentsShape = IncidentsShape()
    maintenance: tuple[MaintenanceShape, ...] = ()
