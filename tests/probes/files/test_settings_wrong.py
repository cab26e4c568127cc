"""Each way that a configuration can be wrong, with the exact words of its message."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.scenario_files import shipped
from probes.settings import load

KEY = "sk_test_51H8xQz"
VARIABLES = {"BREK_BASE_URL": "http://127.0.0.1:3000", "BREK_PARTNER_API_KEY": KEY, "HOME": "/home/somebody"}
HEAD = "targets:\n  a:\n    base_url: http://127.0.0.1:3000\n    api_key: ${BREK_PARTNER_API_KEY}\n"
_SERVICE = "listen, journal, retention, location, external_url, reference, max_concurrent_runs, web_config, sentry_dsn"
_LINKS = "sentry_dsn_file, grafana_url, webhook_token, webhook_token_file, heartbeat_url, heartbeat_url_file"
SERVICE_KEYS = f"{_SERVICE}, {_LINKS}"
PROBE_KEYS = "scenario, targets, every, deadline, step_deadline, objective"
SHIPPED = ", ".join(shipped())
HTTPS = (
    "production is reached by https:// only, and a host counts as production unless it is declared a sandbox "
    "(environment: sandbox, or BREK_ENVIRONMENT=sandbox)"
)
NEED_KEY = "api_key is missing: give it, as ${VAR} or in a file that api_key_file names"
MOMENT = "must be a moment with its offset, such as 2026-12-01T02:00Z"

BEHIND_A_TARGET = {
    "unknown_key": (
        "probs: []",
        ("5:1: probs: unknown key; did you mean \"probes\"? "
        "Allowed here: service, targets, probes, scenarios, incidents, notify, maintenance"),
    ),
    "unknown_key_of_service": (
        "service: {listn: 1}",
        f'5:11: service.listn: unknown key; did you mean "listen"? Allowed here: {SERVICE_KEYS}',
    ),
    "listen_without_a_port": (
        "service: {listen: localhost}",
        ("5:19: service.listen: must be an address and a port, such as 127.0.0.1:9464 or [::1]:9464 "
        '(seen: "localhost")'),
    ),
    "listen_on_a_path": (
        "service: {listen: 127.0.0.1/x:80}",
        ("5:19: service.listen: must be an address and a port, such as 127.0.0.1:9464 or [::1]:9464 "
        '(seen: "127.0.0.1/x:80")'),
    ),
    "journal_of_another_kind": (
        "service: {journal: 'mysql://me:hunter2-pw@db/x'}",
        "5:20: service.journal: must begin with sqlite:///, and then the path of a file, or with postgresql://",
    ),
    "reference_to_no_port": (
        'service: {reference: ["192.0.2.1:0"]}',
        '5:23: service.reference[0]: must be a host and a port, such as 192.0.2.1:443 (seen: "192.0.2.1:0")',
    ),
    "reference_without_a_port": (
        "service: {reference: [192.0.2.1]}",
        '5:23: service.reference[0]: must be a host and a port, such as 192.0.2.1:443 (seen: "192.0.2.1")',
    ),
    "reference_that_is_probed": (
        ("    portal: {attach_url: 'http://127.0.0.1:9/attach'}\n"
        "service: {reference: ['127.0.0.1:9', '192.0.2.1:443']}"),
        ("6:23: service.reference[0]: it is the portal of target a, whose outage would be taken for ours: "
        "name another host that nearly always answers"),
    ),
    "no_runs_at_once": (
        "service: {max_concurrent_runs: 0}",
        "5:32: service.max_concurrent_runs: must be at least 1 (seen: 0)",
    ),
    "external_url_of_another_kind": (
        "service: {external_url: 'ftp://me:hunter2-pw@x'}",
        "5:25: service.external_url: it must start with https:// or http://",
    ),
    "web_config_missing": (
        "service: {web_config: nowhere.yml}",
        "5:23: service.web_config: {folder}/nowhere.yml can't be read: No such file or directory",
    ),
    "dsn_twice": (
        "service: {sentry_dsn: x, sentry_dsn_file: y}",
        "5:1: service: sentry_dsn and sentry_dsn_file are both given: keep one",
    ),
    "odd_location": (
        "service: {location: here and there}",
        ("5:21: service.location: must be letters, digits, dots, dashes and underscores, at most 64 "
        '(seen: "here and there")'),
    ),
    "unknown_scenario": (
        "probes: [{scenario: golden_pth, every: 5m}]",
        f'5:21: probes[0].scenario: no such scenario; did you mean "golden_path"? Allowed: {SHIPPED}',
    ),
    "unknown_target": (
        "probes: [{scenario: quick_search, targets: [a, prod], every: 5m}]",
        "5:48: probes[0].targets[1]: no such target; allowed: a",
    ),
    "no_targets": (
        "probes: [{scenario: quick_search, targets: [], every: 5m}]",
        "5:44: probes[0].targets: must not be empty (seen: a list)",
    ),
    "no_interval": (
        "probes: [{scenario: quick_search}]",
        "5:10: probes[0]: every is missing: how often it is played, such as 5m",
    ),
    "interval_is_a_number": (
        "probes: [{scenario: quick_search, every: 5}]",
        "5:42: probes[0].every: must be text: put it in quotes (seen: 5)",
    ),
    "interval_in_words": (
        "probes: [{scenario: quick_search, every: 5 min}]",
        '5:42: probes[0].every: must be a duration such as 250ms, 30s, 5m or 1h (seen: "5 min")',
    ),
    "interval_too_short": (
        "probes: [{scenario: quick_search, every: 250ms}]",
        "5:42: probes[0].every: must be at least 1s",
    ),
    "deadline_beyond_the_interval": (
        "probes: [{scenario: quick_search, every: 1m, deadline: 90s}]",
        "5:56: probes[0].deadline: must be no longer than every (1m), or a run would skip its own next slots",
    ),
    "step_deadline_beyond_the_deadline": (
        "probes: [{scenario: quick_search, every: 1m, deadline: 45s, step_deadline: 50s}]",
        "5:76: probes[0].step_deadline: must be no longer than deadline (45s)",
    ),
    "played_twice": (
        "probes:\n- {scenario: quick_search, every: 1m}\n- {scenario: quick_search, targets: a, every: 5m}",
        "7:3: probes[1]: quick_search is played on a already, by the probe on line 6",
    ),
    "unknown_key_of_probe": (
        "probes: [{scenario: quick_search, evry: 1m, every: 1m}]",
        f'5:35: probes[0].evry: unknown key; did you mean "every"? Allowed here: {PROBE_KEYS}',
    ),
    "objective_of_all": (
        "probes: [{scenario: quick_search, every: 1m, objective: {availability: 1}}]",
        "5:72: probes[0].objective.availability: must be less than 1 (seen: 1)",
    ),
    "no_such_folder": (
        "scenarios: nowhere",
        "5:12: scenarios: the scenarios in {folder}/nowhere can't be used",
        "{folder}/nowhere: it can't be read as a folder of scenarios: No such file or directory",
    ),
    "wrong_scenario": (
        "scenarios: [wrong]",
        "5:13: scenarios[0]: the scenarios in {folder}/wrong can't be used",
        "{folder}/wrong/own.yaml:1:1: it is empty",
    ),
    "name_of_a_shipped_scenario": (
        "scenarios: [taken]",
        ("5:13: scenarios[0]: {folder}/taken/own.yaml: the name quick_search is taken by a shipped scenario: "
        "choose another"),
    ),
    "never_open": (
        "incidents: {open_after: 6}",
        "5:25: incidents.open_after: must be at most within (5): else none opens",
    ),
    "never_close": ("incidents: {close_after: 0}", "5:26: incidents.close_after: must be at least 1 (seen: 0)"),
    "maintenance_without_offset": (
        "maintenance: [{from: 2026-12-01T02:00, to: 2026-12-01T04:00Z, reason: x}]",
        f'5:22: maintenance[0].from: {MOMENT} (seen: "2026-12-01T02:00")',
    ),
    "maintenance_on_no_day": (
        "maintenance: [{from: 2026-02-30T02:00Z, to: 2026-12-01T04:00Z, reason: x}]",
        ("5:22: maintenance[0].from: must be a moment that the calendar has, such as 2026-12-01T02:00Z "
        '(seen: "2026-02-30T02:00Z")'),
    ),
    "maintenance_backwards": (
        "maintenance: [{from: 2026-12-01T05:00Z, to: 2026-12-01T05:00+01:00, reason: x}]",
        "5:45: maintenance[0].to: must be later than from",
    ),
    "maintenance_without_reason": (
        "maintenance: [{from: 2026-12-01T02:00Z, to: 2026-12-01T04:00Z}]",
        "5:15: maintenance[0]: reason is missing: a few words for whoever reads the report",
    ),
    "maintenance_of_an_unknown_target": (
        "maintenance: [{targets: aa, from: 2026-12-01T02:00Z, to: 2026-12-01T04:00Z, reason: x}]",
        '5:25: maintenance[0].targets: no such target; did you mean "a"? Allowed: a',
    ),
    "unset_variable": (
        "service: {location: '${NOWHERE}'}",
        "5:21: service.location: the variable NOWHERE is not set: export it",
    ),
    "empty_variable": (
        "service: {location: '${EMPTY}'}",
        "5:21: service.location: the variable EMPTY is empty: export it",
    ),
    "variable_without_end": (
        "service: {location: '${NOWHERE'}",
        "5:21: service.location: ${…} must hold the name of a variable; a plain ${ is written $${",
    ),
    "card_number_in_a_variable": (
        "service: {location: '${CARD}'}",
        ("5:21: service.location: a variable here holds what looks like a payment card number, "
        "which never belongs here"),
    ),
    "card_number": (
        "service: {location: 4242424242424242}",
        "5:21: it looks like a payment card number, which never belongs in a file: name a card",
    ),
}  # fmt: skip

TARGETS = {
    "no_targets": ("probes: []", "1:1: targets is missing: at least one, each with base_url and api_key"),
    "empty_targets": ("targets: {}", "1:10: targets: must not be empty (seen: a mapping)"),
    "odd_name": (
        "targets: {Prod 1: {base_url: 'http://127.0.0.1', api_key: k}}",
        "1:11: targets.Prod 1: must be lower-case letters, digits, dashes and underscores, beginning with a letter",
    ),
    "no_url": (
        "targets: {a: {api_key: k}}",
        "1:11: targets.a: base_url is missing: the address that Brek issued, such as https://sandbox.example",
    ),
    "no_key": ("targets: {a: {base_url: 'http://127.0.0.1'}}", f"1:11: targets.a: {NEED_KEY}"),
    "key_twice": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: k, api_key_file: f}}",
        "1:11: targets.a: api_key and api_key_file are both given: keep one",
    ),
    "key_is_a_number": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: 987654321}}",
        "1:54: targets.a.api_key: must be text: put it in quotes",
    ),
    "key_with_a_space": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: 'sk_hidden_1 '}}",
        "1:54: targets.a.api_key: the partner key has a space or a line break around it",
    ),
    "key_beyond_ascii": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: 'sk_hidden_ü'}}",
        "1:54: targets.a.api_key: the partner key has a character that no header may carry",
    ),
    "short_key": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: sk_hidd}}",
        "1:54: targets.a.api_key: the partner key has under 8 characters: it could be any word, and not be hidden",
    ),
    "key_file_with_a_card_number": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: card.key}}",
        "1:59: targets.a.api_key_file: the partner key looks like a payment card number, which never belongs here",
    ),
    "key_file_behind_a_link_open_to_all": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: link.key}}",
        ("1:59: targets.a.api_key_file: {folder}/link.key is open to other users (mode 0644): "
        "chmod 600 {folder}/link.key"),
    ),
    "empty_key": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: ''}}",
        "1:54: targets.a.api_key: the partner key is empty",
    ),
    "key_file_missing": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: nowhere}}",
        "1:59: targets.a.api_key_file: {folder}/nowhere can't be read: No such file or directory",
    ),
    "key_file_is_a_folder": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: wrong}}",
        "1:59: targets.a.api_key_file: {folder}/wrong is no regular file",
    ),
    "key_file_open_to_all": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: open.key}}",
        ("1:59: targets.a.api_key_file: {folder}/open.key is open to other users (mode 0644): "
        "chmod 600 {folder}/open.key"),
    ),
    "key_file_open_to_the_group": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: group.key}}",
        ("1:59: targets.a.api_key_file: {folder}/group.key is open to other users (mode 0640): "
        "chmod 600 {folder}/group.key"),
    ),
    "key_file_with_two_lines": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: lines.key}}",
        "1:59: targets.a.api_key_file: the partner key has a space or a line break around it",
    ),
    "key_file_of_bytes": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: bytes.key}}",
        "1:59: targets.a.api_key_file: {folder}/bytes.key is not UTF-8 text",
    ),
    "key_file_too_large": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key_file: large.key}}",
        "1:59: targets.a.api_key_file: {folder}/large.key is larger than 16 KiB, so it holds no key",
    ),
    "url_with_a_password": (
        "targets: {a: {base_url: 'https://me:hunter2-pw@x.example', api_key: k}}",
        "1:25: targets.a.base_url: it must not carry a user name or a password",
    ),
    "url_with_the_api_path": (
        "targets: {a: {base_url: 'http://127.0.0.1/api/partner/v1/core-chat', api_key: k}}",
        "1:25: targets.a.base_url: it must end before /api/partner/, which is added to it",
    ),
    "url_with_a_query": (
        "targets: {a: {base_url: 'https://x.example?a=hunter2-pw', api_key: k}}",
        "1:25: targets.a.base_url: it must not have a query (?) or a fragment (#)",
    ),
    "url_without_a_scheme": (
        "targets: {a: {base_url: 'localhost:3000', api_key: k}}",
        "1:25: targets.a.base_url: it must start with https:// or http://",
    ),
    "unknown_environment": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: k, environment: prod}}",
        ('1:70: targets.a.environment: no such value; did you mean "production"? Allowed: sandbox, production '
        '(seen: "prod")'),
    ),
    "undeclared_host_in_plain_text": (
        "targets: {a: {base_url: 'http://x.example', api_key: k3y-0f-n0b0dy}}",
        f"1:25: targets.a.base_url: {HTTPS}",
    ),
    "production_portal_in_plain_text": (
        "targets: {a: {base_url: 'https://x.example', api_key: k3y-0f-n0b0dy, portal: {attach_url: 'http://pay.example/a'}}}",
        f"1:91: targets.a.portal.attach_url: {HTTPS}",
    ),
    "portal_without_a_url": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: k, portal: {test_card: visa}}}",
        ("1:57: targets.a.portal: attach_url is missing: where the portal attaches a card, "
        "such as https://pay.example/attach"),
    ),
    "unknown_card": (
        ("targets: {a: {base_url: 'http://127.0.0.1', api_key: k, "
        "portal: {attach_url: 'http://127.0.0.1', test_card: vsa}}}"),
        ('1:109: targets.a.portal.test_card: no such card; did you mean "visa"? Allowed: visa, mastercard, amex '
        '(seen: "vsa")'),
    ),
    "quota_beyond_all": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: k, quota: {share: 10}}}",
        "1:72: targets.a.quota.share: must be at most 1 (seen: 10)",
    ),
    "bookings_on_another_host": (
        ("targets: {a: {base_url: 'https://x.example', api_key: k3y-0f-n0b0dy, "
        "allow_bookings: {host: y.example, per_day: 1, until: 2026-12-01T02:00Z}}}"),
        "1:93: targets.a.allow_bookings.host: it must name the host of base_url, x.example",
    ),
    "bookings_for_ever": (
        "targets: {a: {base_url: 'https://x.example', api_key: k, allow_bookings: {host: x.example, per_day: 1}}}",
        "1:58: targets.a.allow_bookings: until is missing: when this acknowledgement ends, such as 2026-12-01T00:00Z",
    ),
    "partner_with_a_colon": (
        "targets: {a: {base_url: 'http://127.0.0.1', api_key: k, partner: 'a:b'}}",
        "1:66: targets.a.partner: must be letters, digits, dots, dashes and underscores, at most 64 (seen: \"a:b\")",
    ),
    "reference_that_is_the_target_itself": (
        "targets: {a: {base_url: 'https://API.example', api_key: k3y-n0b0dy}}\nservice: {reference: 'api.example:443'}",
        ("2:22: service.reference: it is the base_url of target a, whose outage would be taken for ours: "
        "name another host that nearly always answers"),
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, mode, content in (
        ("open.key", 0o644, b"sk_hidden_1"),
        ("group.key", 0o640, b"sk_hidden_1"),
        ("lines.key", 0o600, b"sk_hidden_1\n\n"),
        ("bytes.key", 0o600, b"\xff\xfe"),
        ("large.key", 0o600, b"x" * 20_000),
        ("card.key", 0o600, b"4242424242424242"),
    ):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(mode)
    (tmp_path / "link.key").symlink_to("open.key")
    for name, text in (
        ("wrong", ""),
        ("taken", "name: quick_search\ntitle: Mine\nleaves: session\nsteps: [{create_session: }]"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.yaml").write_text(text)
    return tmp_path


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "c.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(folder / "c.yaml", {**VARIABLES, "EMPTY": "", "CARD": "4242 4242 4242 4242"})
    return refused.value.problems


def expected(folder: Path, problems: tuple[str, ...]) -> tuple[str, ...]:
    first, *others = (problem.replace("{folder}", str(folder)) for problem in problems)
    return (f"{folder}/c.yaml:{first}", *others)


@pytest.mark.parametrize("case", BEHIND_A_TARGET.values(), ids=BEHIND_A_TARGET)
def test_a_wrong_configuration_is_told_with_its_place_and_the_way_out(folder: Path, case: tuple[str, ...]) -> None:
    text, *problems = case

    assert problems_of(folder, HEAD + text) == expected(folder, tuple(problems))


@pytest.mark.parametrize("case", TARGETS.values(), ids=TARGETS)
def test_a_wrong_target_is_told_and_no_secret_is_shown(folder: Path, case: tuple[str, ...]) -> None:
    text, *problems = case
    told = problems_of(folder, text)

    assert told == expected(folder, tuple(problems))
    assert not any(word in "\n".join(told) for word in ("hunter2", "sk_hidden", "987654321"))


def test_all_problems_of_a_configuration_are_told_at_once(folder: Path) -> None:
    text = f"{HEAD}probes: [{{scenario: x, every: 1ms}}]\nincidents: {{open_after: 9}}\nservice: {{web_config: no}}"

    places = [problem.split(": ")[1] for problem in problems_of(folder, text)]

    assert places == ["service.web_config", "probes[0].scenario", "probes[0].every", "incidents.open_after"]


def test_a_target_named_like_a_key_has_the_keys_of_a_target(folder: Path) -> None:
    told = problems_of(folder, "targets: {portal: {base_url: 'http://127.0.0.1', api_key: k, quta: 1}}")

    assert 'did you mean "quota"?' in told[0]
