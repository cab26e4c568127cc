from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.facts import SEARCH, a_probe, a_target

from exporter.changes import Changes, reload_problem
from probes.redaction import Secret
from probes.settings import IncidentPolicy, Service, Settings


def settings(**service: object) -> Settings:
    return Settings(
        service=Service(**({"journal": "sqlite:///a.db"} | service)),  # type: ignore[arg-type]
        targets={"acme": a_target()},
        probes=(a_probe(),),
        scenarios={SEARCH.name: SEARCH},
    )


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({"listen_host": "::1"}, "service.listen"),
        ({"listen_host": "::1", "listen_port": 1}, "service.listen"),
        ({"web_config": Path("web.yml")}, "service.web_config"),
        ({"journal": "sqlite:///b.db"}, "service.journal"),
        ({"location": "eu-2"}, "service.location"),
        ({"sentry_dsn": Secret("https://key@sentry.example/1")}, "service.sentry_dsn"),
        ({"listen_port": 1, "location": "eu-2"}, "service.listen and service.location"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_takes_a_restart_is_named_with_the_way_out(changed: dict[str, object], keys: str) -> None:
    problem = reload_problem(settings(), settings(**changed))

    assert problem == f"{keys} can't change while the service runs: restart it, or put back what was there"


def test_all_else_may_change() -> None:
    after = settings(max_concurrent_runs=5, external_url="https://brekwatch.example")
    after = replace(after, targets={"acme": a_target(partner="brek")}, incidents=IncidentPolicy(open_after=1))

    assert reload_problem(settings(), after) is None


def test_nothing_to_play_is_no_configuration_for_a_service() -> None:
    problem = reload_problem(settings(), replace(settings(), probes=()))

    assert problem is not None
    assert problem.startswith("there are no probes to play")


def test_changes_are_told_by_name() -> None:
    kept, gone, new = a_probe(), a_probe(scenario="gone"), a_probe(scenario="new")
    before = replace(settings(), probes=(kept, gone))
    after = replace(
        before,
        probes=(replace(kept, every_seconds=1.0), new),
        targets={"acme": a_target(api_key=Secret("rotated-key")), "other": a_target(name="other")},
        scenarios={SEARCH.name: replace(SEARCH, title="Another"), "new": SEARCH},
    )

    assert Changes.between(before, after) == Changes(
        added=("new on acme",),
        removed=("gone on acme",),
        changed=("quick_search on acme",),
        changed_targets=("acme",),
        changed_scenarios=("quick_search",),
    )
    assert Changes.between(after, after) == Changes(
        added=(), removed=(), changed=(), changed_targets=(), changed_scenarios=()
    )
