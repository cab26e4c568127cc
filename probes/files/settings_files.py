"""The configuration file, read: variables, secret files, shape, and then what must fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from types import MappingProxyType

from probes import scenario_files
from probes.errors import ConfigError
from probes.files import durations, sizes, variables, yaml_files
from probes.files.addresses import journal_url, listen_address, plain_text_problem
from probes.files.receiver_files import receivers, secret_url, token
from probes.files.secret_reading import SecretReading
from probes.files.secret_values import key_problem, secrets_in_url
from probes.files.settings_shapes import (
    HIDDEN,
    SECRETS,
    PortalShape,
    ProbeShape,
    SettingsShape,
    TargetShape,
)
from probes.files.shapes import check, no_such, told
from probes.files.yaml_files import Document, Place
from probes.model import AllowBookings, Objective, Portal, Probe, Quota, Target
from probes.origin import Origin
from probes.redaction import Scrubber, Secret
from probes.safety import classify
from probes.scenario import Scenario
from probes.settings import IncidentPolicy, Maintenance, Retention, Service, Settings
from probes.words import Environment

_DEFAULT_DEADLINE_SECONDS = 120.0
_DEFAULT_STEP_DEADLINE_SECONDS = 30.0
_SHORTEST_INTERVAL_SECONDS = 1.0


def read(path: Path, environ: Mapping[str, str], *, default_journal: Callable[[], str]) -> Settings:
    """The settings in a file; raises ConfigError with all that is wrong, each with its place.

    Paths in it are meant from the file's own folder. `default_journal` is asked where it names none.
    """
    document = yaml_files.read(yaml_files.read_bytes(path), str(path))
    value = variables.filled(document, environ)
    try:
        shape = check(SettingsShape, document, value=value, hidden=HIDDEN)
        reading = _Reading(document, shape, path.absolute().parent)
        settings = reading.settings(default_journal)
        if reading.problems:
            raise told(reading.problems)
    except ConfigError as error:
        scrub = Scrubber(_secrets_in(value)).text  # a key may stand in a wrong place, too
        raise ConfigError(*map(scrub, error.problems)) from None
    return settings


def _secrets_in(value: object) -> Iterator[Secret]:
    match value:
        case dict():
            yield from (Secret(text) for key, text in value.items() if key in SECRETS and isinstance(text, str))
            for inner in value.values():
                yield from _secrets_in(inner)
        case list():
            for inner in value:
                yield from _secrets_in(inner)


def _origins(targets: Iterable[Target]) -> Iterator[tuple[str, Origin]]:
    """Whom the probes of these targets talk to."""
    for target in targets:
        yield f"the base_url of target {target.name}", Origin.of(target.base_url)
        if target.portal is not None:
            yield f"the portal of target {target.name}", Origin.of(target.portal.attach_url)


class _Reading:
    """One file on its way to settings. Problems are gathered, so that one look tells them all."""

    def __init__(self, document: Document, shape: SettingsShape, folder: Path) -> None:
        self.problems: list[str] = []
        self._knows_all_scenarios = True
        self._document = document
        self._shape = shape
        self._folder = folder
        self._secrets = SecretReading(folder, self._refuse)

    def settings(self, default_journal: Callable[[], str]) -> Settings:
        """All of it. What is wrong is in `problems`, and then the value is not to be used."""
        shape = self._shape
        service = self._service(default_journal)
        targets = {name: self._target(name, target) for name, target in shape.targets.items()}
        self._check_references(targets.values())
        scenarios = self._scenarios()
        return Settings(
            service=service,
            targets=MappingProxyType(targets),
            probes=tuple(self._probes(scenarios)),
            scenarios=MappingProxyType(scenarios),
            incidents=self._incidents(),
            maintenance=tuple(self._maintenance()),
            receivers=tuple(receivers(shape.notify, self._secrets, self._refuse)),
            secrets=tuple(dict.fromkeys(self._secrets.found)),
            secret_files=MappingProxyType(self._secrets.files),
        )

    def _refuse(self, place: Place, message: str, *, at_key: bool = False) -> None:
        self.problems.append(self._document.problem(place, message, at_key=at_key))

    def _service(self, default_journal: Callable[[], str]) -> Service:
        shape = self._shape.service
        host, port = listen_address(shape.listen)
        journal = journal_url(shape.journal, self._folder) if shape.journal else default_journal()
        self._secrets.found += secrets_in_url(journal)
        return Service(
            listen_host=host,
            listen_port=port,
            journal=journal,
            retention=self._retention(),
            location=shape.location,
            external_url=shape.external_url and shape.external_url.rstrip("/"),
            reference=shape.reference,
            max_concurrent_runs=shape.max_concurrent_runs,
            web_config=self._web_config(shape.web_config),
            sentry_dsn=self._sentry_dsn(),
            grafana_url=shape.grafana_url and shape.grafana_url.rstrip("/"),
            webhook_token=token(self._secrets, ("service",), "webhook_token", shape),
            heartbeat_url=secret_url(self._secrets, ("service",), "heartbeat_url", shape),
        )

    def _retention(self) -> Retention:
        shape = self._shape.service.retention
        successes, failures = durations.seconds_of(shape.successes), durations.seconds_of(shape.failures)
        if successes > failures:
            message = f"it must not be longer than failures, {shape.failures}: evidence is kept longest"
            self._refuse(("service", "retention", "successes"), message)
        return Retention(successes_seconds=successes, failures_seconds=failures, size_bytes=sizes.bytes_of(shape.size))

    def _check_references(self, targets: Iterable[Target]) -> None:
        """What is probed can't be a reference: its own outage would look like ours, and nobody would be told."""
        probed = {(origin.host, origin.port): whose for whose, origin in _origins(targets)}
        for number, reference in enumerate(self._shape.service.reference):
            whose = probed.get(listen_address(reference))
            if whose is not None:
                message = (
                    f"it is {whose}, whose outage would be taken for ours: name another host that nearly always answers"
                )
                self._refuse(("service", "reference", number), message)

    def _web_config(self, named: str | None) -> Path | None:
        if named is None:
            return None
        path = self._folder / named
        try:
            with path.open("rb"):
                return path
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is no path"
            self._refuse(("service", "web_config"), f"{path} can't be read: {reason}")
            return None

    def _sentry_dsn(self) -> Secret | None:
        place: Place = ("service",)
        shape = self._shape.service
        if shape.sentry_dsn is None and shape.sentry_dsn_file is None:
            return None
        text = self._secrets.text(place, "sentry_dsn", shape.sentry_dsn, shape.sentry_dsn_file)
        if text is None:
            return None
        self._secrets.found += (Secret(text), *secrets_in_url(text))
        return Secret(text)

    def _target(self, name: str, shape: TargetShape) -> Target:
        place: Place = ("targets", name)
        environment = classify(shape.base_url, shape.environment)
        if problem := plain_text_problem(shape.base_url, environment):
            self._refuse((*place, "base_url"), problem)
        api_key = self._key(place, "api_key", shape.api_key, shape.api_key_file)
        return Target(
            name=name,
            base_url=shape.base_url.rstrip("/"),
            environment=environment,
            api_key=api_key,
            other_api_key=self._other_api_key(place, shape, api_key),
            auth_header=shape.auth_header,
            partner=shape.partner,
            portal=self._portal((*place, "portal"), shape.portal, environment),
            quota=Quota(share=shape.quota.share, reserve=shape.quota.reserve, limit=shape.quota.limit),
            allow_bookings=self._allow_bookings((*place, "allow_bookings"), shape),
        )

    def _key(self, place: Place, name: str, text: str | None, file: str | None) -> Secret:
        given = self._secrets.text(place, name, text, file)
        key = Secret(given or "")
        if given is not None:
            self._secrets.found.append(key)
            if problem := key_problem(given):
                self._refuse((*place, name if file is None else f"{name}_file"), problem)
        return key

    def _other_api_key(self, place: Place, shape: TargetShape, api_key: Secret) -> Secret | None:
        text, file = shape.other_api_key, shape.other_api_key_file
        if text is None and file is None:
            return None
        key = self._key(place, "other_api_key", text, file)
        if key == api_key:
            given = "other_api_key" if file is None else "other_api_key_file"
            self._refuse((*place, given), "it is the target's own key: another tenant's is wanted", at_key=True)
        return key

    def _portal(self, place: Place, shape: PortalShape | None, environment: Environment) -> Portal | None:
        if shape is None:
            return None
        if problem := plain_text_problem(shape.attach_url, environment):
            self._refuse((*place, "attach_url"), problem)
        return Portal(attach_url=shape.attach_url, test_card=shape.test_card, setup_origins=shape.setup_origins)

    def _allow_bookings(self, place: Place, shape: TargetShape) -> AllowBookings | None:
        allowed = shape.allow_bookings
        if allowed is None:
            return None
        host = Origin.of(shape.base_url).host
        if allowed.host.lower().rstrip(".") != host:
            self._refuse((*place, "host"), f"it must name the host of base_url, {host}")
        return AllowBookings(host=allowed.host, per_day=allowed.per_day, until=allowed.until.astimezone(UTC))

    def _scenarios(self) -> dict[str, Scenario]:
        found = dict(scenario_files.shipped())
        for number, named in enumerate(self._shape.scenarios):
            folder = self._folder / named
            try:
                own = scenario_files.read_folder(folder)
            except ConfigError as error:
                self._refuse(("scenarios", number), f"the scenarios in {folder} can't be used")
                self.problems += error.problems
                self._knows_all_scenarios = False
                continue
            for name, scenario in own.items():
                if taken := scenario_files.name_taken(scenario, found):
                    self._refuse(("scenarios", number), taken)
                found[name] = scenario
        return found

    def _probes(self, scenarios: Mapping[str, Scenario]) -> Iterator[Probe]:
        lines: dict[tuple[str, str], int] = {}
        for number, shape in enumerate(self._shape.probes):
            place: Place = ("probes", number)
            if shape.scenario not in scenarios and self._knows_all_scenarios:
                message = no_such("scenario", shape.scenario, sorted(scenarios))
                self._refuse((*place, "scenario"), message)
            for target in self._named_targets((*place, "targets"), shape.targets):
                pair = (shape.scenario, target)
                if pair in lines:
                    message = f"{shape.scenario} is played on {target} already, by the probe on line {lines[pair]}"
                    self._refuse(place, message)
                lines.setdefault(pair, self._document.line(place))
                yield self._probe(place, shape, target)

    def _named_targets(self, place: Place, names: Iterable[str] | None) -> Iterator[str]:
        known = self._shape.targets
        for number, name in enumerate(known if names is None else names):
            if name in known:
                yield name
            else:
                self._refuse((*place, number), no_such("target", name, known))

    def _probe(self, place: Place, shape: ProbeShape, target: str) -> Probe:
        every = durations.seconds_of(shape.every)
        if every < _SHORTEST_INTERVAL_SECONDS:
            self._refuse((*place, "every"), "must be at least 1s")
        deadline = self._within(
            (*place, "deadline"), shape.deadline, default=_DEFAULT_DEADLINE_SECONDS, outer="every", limit=every
        )
        step_deadline = self._within(
            (*place, "step_deadline"),
            shape.step_deadline,
            default=_DEFAULT_STEP_DEADLINE_SECONDS,
            outer="deadline",
            limit=deadline,
        )
        return Probe(
            scenario=shape.scenario,
            target=target,
            every_seconds=every,
            deadline_seconds=deadline,
            step_deadline_seconds=step_deadline,
            objective=Objective(
                availability=shape.objective.availability,
                latency_seconds=durations.seconds_of(shape.objective.latency),
            ),
        )

    def _within(self, place: Place, given: str | None, *, default: float, outer: str, limit: float) -> float:
        """A deadline that isn't longer than what it has to fit into; the default one gives way."""
        if given is None:
            return min(default, limit)
        seconds = durations.seconds_of(given)
        if seconds > limit:
            shown = durations.spelled(limit)
            why = ", or a run would skip its own next slots" if outer == "every" else ""
            self._refuse(place, f"must be no longer than {outer} ({shown}){why}")
        return seconds

    def _incidents(self) -> IncidentPolicy:
        shape = self._shape.incidents
        if shape.open_after > shape.within:
            self._refuse(("incidents", "open_after"), f"must be at most within ({shape.within}): else none opens")
        return IncidentPolicy(open_after=shape.open_after, within=shape.within, close_after=shape.close_after)

    def _maintenance(self) -> Iterator[Maintenance]:
        for number, shape in enumerate(self._shape.maintenance):
            place: Place = ("maintenance", number)
            if shape.starts_at >= shape.ends_at:
                self._refuse((*place, "to"), "must be later than from")
            yield Maintenance(
                targets=tuple(self._named_targets((*place, "targets"), shape.targets)),
                starts_at=shape.starts_at.astimezone(UTC),
                ends_at=shape.ends_at.astimezone(UTC),
                reason=shape.reason,
            )
