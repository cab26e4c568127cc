"""Settings: from a file, from the environment, and which of the two."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probes.errors import ConfigError, UsageError
from probes.model import AllowBookings, Objective, Portal, Probe, Quota, Target
from probes.redaction import Secret
from probes.scenario_files import shipped
from probes.settings import IncidentPolicy, Maintenance, Service, find, from_environment, load
from probes.words import AuthHeader, Environment

KEY = "sk_test_51H8xQz"
VARIABLES = {
    "BREK_BASE_URL": "http://127.0.0.1:3000/",
    "BREK_PARTNER_API_KEY": KEY,
    "BREK_PORTAL_ATTACH_URL": "http://127.0.0.1:3000/portal/api/attach",
    "HOME": "/home/somebody",
}
MINIMAL = "targets:\n  sandbox:\n    base_url: http://127.0.0.1:3000\n    api_key: ${BREK_PARTNER_API_KEY}\n"
FULL = """
service:
  listen: 127.0.0.1:9464
  journal: sqlite:///brekwatch.db
  location: eu-1
  external_url: https://brekwatch.example/
  reference: ["192.0.2.1:443"]
  max_concurrent_runs: 100
  web_config: web.yml
  sentry_dsn: https://5e17d5a2f0c9@sentry.example/1
targets:
  sandbox:
    base_url: ${BREK_BASE_URL}
    environment: sandbox
    api_key: ${BREK_PARTNER_API_KEY}
    auth_header: authorization
    partner: acme
    portal:
      attach_url: "${BREK_PORTAL_ATTACH_URL}"
      test_card: amex
      setup_origins: [https://pay.example]
    quota: {share: 0.25, reserve: 0.5, limit: "${LIMIT}"}
  live:
    base_url: https://www.brek.ai
    api_key_file: live.key
    allow_bookings: {host: www.brek.ai, per_day: 2, until: "2026-12-31T00:00+01:00"}
probes:
  - scenario: golden_path
    targets: [sandbox]
    every: 5m
    deadline: 90s
    step_deadline: 20s
    objective: {availability: 0.99, latency: 45s}
  - scenario: quick_search
    every: 30s
  - scenario: my_own
    targets: sandbox
    every: 1h
scenarios: [./scenarios]
incidents: {open_after: 2, within: 4, close_after: 3}
maintenance:
  - {targets: [sandbox], from: 2026-12-01T02:00Z, to: 2026-12-01T06:00+02:00, reason: new release}
  - {from: 2026-12-02T02:00Z, to: 2026-12-02T04:00Z, reason: all of it}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "full.yaml").write_text(FULL)
    (tmp_path / "minimal.yaml").write_text(MINIMAL)
    (tmp_path / "web.yml").write_text("{}")
    key_file = tmp_path / "live.key"
    key_file.write_text("sk_live_AAAA1111\n")
    key_file.chmod(0o600)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.yaml").write_text(
        "name: my_own\ntitle: Mine\nleaves: session\nsteps: [{create_session: }]"
    )
    return tmp_path


def test_the_service_is_told_all_that_the_file_says(folder: Path) -> None:
    told = load(folder / "full.yaml", {**VARIABLES, "LIMIT": "60"})

    assert told.service == Service(
        listen_host="127.0.0.1",
        listen_port=9464,
        journal=f"sqlite:///{folder}/brekwatch.db",
        location="eu-1",
        external_url="https://brekwatch.example",
        reference=("192.0.2.1:443",),
        max_concurrent_runs=100,
        web_config=folder / "web.yml",
        sentry_dsn=Secret("https://5e17d5a2f0c9@sentry.example/1"),
    )
    assert told.incidents == IncidentPolicy(open_after=2, within=4, close_after=3)
    assert sorted(told.scenarios) == sorted([*shipped(), "my_own"])


def test_the_targets_are_told_all_that_the_file_says(folder: Path) -> None:
    told = load(folder / "full.yaml", {**VARIABLES, "LIMIT": "60"})

    assert told.targets == {
        "sandbox": Target(
            name="sandbox",
            base_url="http://127.0.0.1:3000",
            environment=Environment.SANDBOX,
            api_key=Secret(KEY),
            auth_header=AuthHeader.AUTHORIZATION,
            partner="acme",
            portal=Portal(
                attach_url="http://127.0.0.1:3000/portal/api/attach",
                test_card="amex",
                setup_origins=("https://pay.example",),
            ),
            quota=Quota(share=0.25, reserve=0.5, limit=60),
        ),
        "live": Target(
            name="live",
            base_url="https://www.brek.ai",
            environment=Environment.PRODUCTION,
            api_key=Secret("sk_live_AAAA1111"),
            allow_bookings=AllowBookings(host="www.brek.ai", per_day=2, until=datetime(2026, 12, 30, 23, tzinfo=UTC)),
        ),
    }


def test_a_probe_is_one_scenario_against_one_target(folder: Path) -> None:
    told = load(folder / "full.yaml", {**VARIABLES, "LIMIT": "60"})

    assert told.probes == (
        Probe(
            scenario="golden_path",
            target="sandbox",
            every_seconds=300.0,
            deadline_seconds=90.0,
            step_deadline_seconds=20.0,
            objective=Objective(availability=0.99, latency_seconds=45.0),
        ),
        Probe(scenario="quick_search", target="sandbox", every_seconds=30.0, deadline_seconds=30.0),
        Probe(scenario="quick_search", target="live", every_seconds=30.0, deadline_seconds=30.0),
        Probe(scenario="my_own", target="sandbox", every_seconds=3600.0),
    )


def test_maintenance_is_in_utc_and_for_all_targets_unless_some_are_named(folder: Path) -> None:
    told = load(folder / "full.yaml", {**VARIABLES, "LIMIT": "60"})

    assert told.maintenance == (
        Maintenance(
            targets=("sandbox",),
            starts_at=datetime(2026, 12, 1, 2, tzinfo=UTC),
            ends_at=datetime(2026, 12, 1, 4, tzinfo=UTC),
            reason="new release",
        ),
        Maintenance(
            targets=("sandbox", "live"),
            starts_at=datetime(2026, 12, 2, 2, tzinfo=UTC),
            ends_at=datetime(2026, 12, 2, 4, tzinfo=UTC),
            reason="all of it",
        ),
    )


def test_every_secret_is_known_and_none_is_printed(folder: Path) -> None:
    told = load(folder / "full.yaml", {**VARIABLES, "LIMIT": "60"})

    known = {secret.reveal() for secret in told.secrets}
    assert known == {KEY, "sk_live_AAAA1111", "https://5e17d5a2f0c9@sentry.example/1", "5e17d5a2f0c9"}
    assert not any(secret in repr(told) for secret in known)


def test_a_minimal_file_takes_the_defaults(folder: Path) -> None:
    told = load(folder / "minimal.yaml", VARIABLES)

    assert told.service == Service(journal="sqlite:////home/somebody/.local/state/brekwatch/brekwatch.db")
    assert told.targets["sandbox"].portal is None
    assert told.probes == ()
    assert told.scenarios == shipped()
    assert told.incidents == IncidentPolicy(open_after=3, within=5, close_after=2)


@pytest.mark.parametrize(
    ("every", "deadline", "step_deadline"), [("10m", 120.0, 30.0), ("1m", 60.0, 30.0), ("10s", 10.0, 10.0)]
)
def test_default_deadlines_give_way_to_the_interval(
    folder: Path, every: str, deadline: float, step_deadline: float
) -> None:
    (folder / "c.yaml").write_text(f"{MINIMAL}probes: [{{scenario: quick_search, every: {every}}}]")
    (probe,) = load(folder / "c.yaml", VARIABLES).probes

    assert (probe.deadline_seconds, probe.step_deadline_seconds) == (deadline, step_deadline)


def test_a_dollar_is_doubled_to_be_itself(folder: Path) -> None:
    (folder / "c.yaml").write_text(MINIMAL.replace("${BREK_PARTNER_API_KEY}", "a$${B}-${BREK_PARTNER_API_KEY}-$c"))

    assert load(folder / "c.yaml", VARIABLES).targets["sandbox"].api_key == Secret(f"a${{B}}-{KEY}-$c")


@pytest.mark.parametrize(
    ("written", "key"), [("abc12345\n", "abc12345"), ("abc12345\r\n", "abc12345"), ("abc12345", "abc12345")]
)
def test_a_key_file_may_end_with_one_line_break(folder: Path, written: str, key: str) -> None:
    (folder / "live.key").write_bytes(written.encode())
    (folder / "c.yaml").write_text(MINIMAL.replace("api_key: ${BREK_PARTNER_API_KEY}", "api_key_file: live.key"))

    assert load(folder / "c.yaml", {}).targets["sandbox"].api_key == Secret(key)


@pytest.mark.parametrize(
    ("listen", "address"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:9464", ("::1", 9464)), ("192.0.2.7:80", ("192.0.2.7", 80)),
     ("localhost:9464", ("localhost", 9464))],
)  # fmt: skip
def test_where_to_listen_is_a_host_and_a_port(folder: Path, listen: str, address: tuple[str, int]) -> None:
    (folder / "c.yaml").write_text(f'{MINIMAL}service: {{listen: "{listen}"}}')
    service = load(folder / "c.yaml", VARIABLES).service

    assert (service.listen_host, service.listen_port) == address


@pytest.mark.parametrize(
    ("journal", "url"),
    [("sqlite:///a/b.db", "sqlite:///{folder}/a/b.db"), ("sqlite:////var/b.db", "sqlite:////var/b.db"),
     ("postgresql://me:p%40ss-word@db/x", "postgresql://me:p%40ss-word@db/x")],
    ids=["relative", "absolute", "postgresql"],
)  # fmt: skip
def test_a_relative_journal_is_beside_the_configuration(folder: Path, journal: str, url: str) -> None:
    (folder / "c.yaml").write_text(f"{MINIMAL}service: {{journal: '{journal}'}}")

    assert load(folder / "c.yaml", VARIABLES).service.journal == url.format(folder=folder)


def test_the_password_of_a_journal_is_a_secret_as_written_and_as_meant(folder: Path) -> None:
    (folder / "c.yaml").write_text(f"{MINIMAL}service: {{journal: 'postgresql://me:p%40ss-word@db/x'}}")
    told = load(folder / "c.yaml", VARIABLES)

    assert {Secret("p%40ss-word"), Secret("p@ss-word")} <= set(told.secrets)


def test_without_a_file_the_variables_make_one_target() -> None:
    told = from_environment({**VARIABLES, "BREK_PARTNER_ID": "acme"})

    assert told.targets == {
        "default": Target(
            name="default",
            base_url="http://127.0.0.1:3000",
            environment=Environment.SANDBOX,
            api_key=Secret(KEY),
            partner="acme",
            portal=Portal(attach_url="http://127.0.0.1:3000/portal/api/attach"),
        )
    }
    assert told.secrets == (Secret(KEY),)
    assert told.scenarios == shipped()
    assert told.probes == ()


@pytest.mark.parametrize(
    ("url", "declared", "environment"),
    [("http://127.0.0.1:1", "", "sandbox"), ("http://127.0.0.1:1", "production", "production"),
     ("https://www.brek.ai", "sandbox", "production"), ("https://api.example", "", "production"),
     ("https://api.example", "sandbox", "sandbox"), ("http://api.example", "sandbox", "sandbox")],
)  # fmt: skip
def test_the_environment_is_declared_or_follows_from_the_host(url: str, declared: str, environment: str) -> None:
    told = from_environment(
        {"BREK_BASE_URL": url, "BREK_PARTNER_API_KEY": KEY, "BREK_ENVIRONMENT": declared, "HOME": "/"}
    )

    assert told.targets["default"].environment == environment


@pytest.mark.parametrize(
    ("variables", "journal"),
    [({"BREKWATCH_JOURNAL": "postgresql://db/x"}, "postgresql://db/x"),
     ({"BREKWATCH_JOURNAL": "sqlite:////var/x.db"}, "sqlite:////var/x.db"),
     ({"XDG_STATE_HOME": "/state"}, "sqlite:////state/brekwatch/brekwatch.db"),
     ({}, "sqlite:////home/somebody/.local/state/brekwatch/brekwatch.db")],
    ids=["postgresql", "sqlite", "state_folder", "home"],
)  # fmt: skip
def test_the_journal_is_named_by_a_variable_or_in_the_state_folder(variables: dict[str, str], journal: str) -> None:
    assert from_environment({**VARIABLES, **variables}).service.journal == journal


def test_a_named_file_wins_over_the_variable_and_both_over_the_environment(folder: Path) -> None:
    named = {**VARIABLES, "LIMIT": "60", "BREKWATCH_CONFIG": str(folder / "full.yaml")}

    assert list(find(None, VARIABLES).targets) == ["default"]
    assert list(find(None, named).targets) == ["sandbox", "live"]
    assert list(find(folder / "minimal.yaml", named).targets) == ["sandbox"]


def test_without_variables_given_those_of_the_process_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BREKWATCH_CONFIG", "BREKWATCH_JOURNAL", "BREK_ENVIRONMENT", "BREK_PARTNER_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BREK_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("BREK_PARTNER_API_KEY", KEY)

    assert find(None).targets["default"].base_url == "http://127.0.0.1:1"


_PIECES = st.sampled_from(
    ["service:", "targets:", " sandbox:", "  base_url: ", "http://127.0.0.1", "  api_key: ", "${K}", "${",
     "probes:", "- ",
     "scenario: ", "quick_search", " every: ", "5m", "\n", "[", "]", "{", "}", "\x00", "é", "maintenance:", "from: ",
     "2026-12-01T02:00Z", "api_key_file: .", "scenarios: .", "\n  "]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=50) | st.lists(_PIECES, max_size=25).map("".join) | st.just(MINIMAL).flatmap(
    lambda head: st.lists(_PIECES, max_size=12).map(lambda tail: head + "".join(tail))))  # fmt: skip
def test_any_text_gives_settings_or_a_config_error(folder: Path, text: str) -> None:
    (folder / "any.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        told = [str(folder)] if load(folder / "any.yaml", {"K": "v", "BREK_PARTNER_API_KEY": KEY, "HOME": "/"}) else []
    except ConfigError as error:
        told = list(error.problems)

    assert told
    assert not any(KEY in problem for problem in told)


@given(st.fixed_dictionaries({}, optional={
    name: st.text(max_size=30)
    for name in ("BREK_BASE_URL", "BREK_PARTNER_API_KEY", "BREK_PARTNER_ID", "BREK_ENVIRONMENT",
                 "BREK_PORTAL_ATTACH_URL", "BREKWATCH_JOURNAL", "HOME", "XDG_STATE_HOME")
}))  # fmt: skip
def test_any_variables_give_settings_or_a_usage_error(variables: dict[str, str]) -> None:
    try:
        told = str(from_environment(variables).service.journal)
    except UsageError as error:
        told = str(error)

    assert told


def test_a_scenario_folder_that_can_not_be_read_casts_no_doubt_on_the_names_of_probes(tmp_path: Path) -> None:
    """Whether a probe's scenario is in it can't be told: only what is wrong for sure is said."""
    config = tmp_path / "brekwatch.yaml"
    config.write_text(
        "targets: {a: {base_url: 'http://127.0.0.1:3000', api_key: k3y-0f-n0b0dy}}\n"
        "scenarios: [own]\n"
        "probes: [{scenario: mine, every: 5m}]\n"
    )
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "broken.yaml").write_text("name: mine\n")
    with pytest.raises(ConfigError) as told:
        load(config, {})

    assert "own can't be used" in str(told.value)
    assert "no such scenario" not in str(told.value)
