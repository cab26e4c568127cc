"""The configuration's JSON Schema and its reader: they agree on what is good and what is bad."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from probes.errors import ConfigError
from probes.files import settings_schema, yaml_files
from probes.settings import load

VARIABLES = {
    "URL": "http://127.0.0.1:3000",
    "KEY": "sk_test_51H8xQz",
    "LIMIT": "60",
    "SHARE": "0.5",
    "EVERY": "5m",
    "STYLE": "authorization",
    "KIND": "sandbox",
    "HOST": "127.0.0.1",
    "WORD": "acme",
    "CARD": "amex",
    "MOMENT": "2026-12-01T04:00Z",
    "HOME": "/home/somebody",
}
TARGET = "base_url: 'http://127.0.0.1:3000', api_key: '${KEY}'"
HEAD = f"targets: {{a: {{{TARGET}}}}}\n"

GOOD = {
    "least": HEAD,
    "another_tenant": f"targets: {{a: {{{TARGET}, other_api_key: sk_test_other}}}}",
    "null_portal": f"targets: {{a: {{{TARGET}, portal: null}}}}",
    "key_in_a_file": "targets: {a: {base_url: 'https://x.example', api_key_file: key.txt}}",
    "key_in_a_file_and_none_here": "targets: {a: {base_url: 'https://x.example', api_key: , api_key_file: key.txt}}",
    "variables_everywhere": (
        "targets: {a: {base_url: '${URL}', api_key: '${KEY}', environment: '${KIND}', auth_header: '${STYLE}', "
        "partner: '${WORD}', portal: {attach_url: '${URL}/attach', test_card: '${CARD}', setup_origins: '${URL}'}, "
        "quota: {share: '${SHARE}', limit: '${LIMIT}'}}}\n"
        "service: {listen: '${HOST}:9464', location: '${WORD}', reference: ['${HOST}:443']}\n"
        "probes: [{scenario: quick_search, every: '${EVERY}', objective: {latency: '${EVERY}'}}]\n"
        "maintenance: [{from: 2026-12-01T02:00Z, to: '${MOMENT}', reason: x}]"
    ),
    "part_of_a_value_is_a_variable": HEAD + "service: {listen: '127.0.0.1:${LIMIT}'}",
    "numbers_in_quotes": f"targets: {{a: {{{TARGET}, quota: {{share: '0.5', limit: '60'}}}}}}",
    "one_instead_of_a_list": (
        HEAD + "service: {reference: '192.0.2.1:443'}\n"
        "probes: [{scenario: quick_search, targets: a, every: 1m}]\nscenarios: own"
    ),
    "loopback_of_ipv6": HEAD + "service: {listen: '[::1]:0'}",
    "journal_in_postgresql": HEAD + "service: {journal: 'postgresql://u:${KEY}@db/x'}",
    "bookings": (
        "targets: {a: {base_url: 'https://www.brek.ai', api_key: '${KEY}', "
        "allow_bookings: {host: www.brek.ai, per_day: 1, until: 2026-12-01T00:00+01:00}}}"
    ),
    "deadlines": HEAD + "probes: [{scenario: quick_search, every: 1h, deadline: 1.5m, step_deadline: 250ms}]",
    "retention": HEAD + "service: {retention: {successes: 1h, failures: 30d, size: 1.5GB}}",
    "receivers": HEAD
    + (
        "notify: [{name: oncall, webhook: {url: '${URL}/x', secret: '${KEY}'}, remind_every: 1h}, "
        "{name: chat, slack: {url: '${URL}/s'}}, {name: am, alertmanager: {urls: '${URL}', token_file: key.txt}}]"
    ),
    "heartbeat": HEAD + "service: {heartbeat_url: '${URL}/ping', grafana_url: '${URL}', webhook_token_file: key.txt}",
    "dsn": HEAD + "service: {sentry_dsn: 'https://${KEY}@sentry.example/1'}",
}

BAD = {
    "empty": "{}",
    "no_targets": "targets: {}",
    "unknown_key": HEAD + "probs: []",
    "unknown_key_of_service": HEAD + "service: {listn: x}",
    "unknown_key_of_portal": f"targets: {{a: {{{TARGET}, portal: {{attach_url: 'https://x.example', cards: visa}}}}}}",
    "target_name": f"targets: {{Prod: {{{TARGET}}}}}",
    "no_base_url": "targets: {a: {api_key: '${KEY}'}}",
    "another_scheme": "targets: {a: {base_url: 'ftp://x.example', api_key: '${KEY}'}}",
    "no_key": "targets: {a: {base_url: 'https://x.example'}}",
    "empty_key": "targets: {a: {base_url: 'https://x.example', api_key: ''}}",
    "two_keys": "targets: {a: {base_url: 'https://x.example', api_key: '${KEY}', api_key_file: key.txt}}",
    "two_other_keys": f"targets: {{a: {{{TARGET}, other_api_key: sk_test_other, other_api_key_file: key.txt}}}}",
    "key_is_a_number": "targets: {a: {base_url: 'https://x.example', api_key: 12345678}}",
    "environment": f"targets: {{a: {{{TARGET}, environment: prod}}}}",
    "auth_header": f"targets: {{a: {{{TARGET}, auth_header: cookie}}}}",
    "test_card": f"targets: {{a: {{{TARGET}, portal: {{attach_url: 'https://x.example', test_card: diners}}}}}}",
    "partner": f"targets: {{a: {{{TARGET}, partner: 'a partner'}}}}",
    "share_of_more_than_all": f"targets: {{a: {{{TARGET}, quota: {{share: 1.5}}}}}}",
    "share_is_a_truth": f"targets: {{a: {{{TARGET}, quota: {{share: true}}}}}}",
    "share_in_words": f"targets: {{a: {{{TARGET}, quota: {{share: half}}}}}}",
    "reserve_of_all": f"targets: {{a: {{{TARGET}, quota: {{reserve: 1}}}}}}",
    "limit_in_parts": f"targets: {{a: {{{TARGET}, quota: {{limit: 1.5}}}}}}",
    "listen_without_a_port": HEAD + "service: {listen: localhost}",
    "listen_on_a_path": HEAD + "service: {listen: '127.0.0.1/x:80'}",
    "reference_without_a_port": HEAD + "service: {reference: [192.0.2.1]}",
    "journal_of_another_kind": HEAD + "service: {journal: 'mysql://x'}",
    "journal_without_a_path": HEAD + "service: {journal: 'sqlite:///'}",
    "dsn_twice": HEAD + "service: {sentry_dsn: x, sentry_dsn_file: y}",
    "receiver_without_a_channel": HEAD + "notify: [{name: a}]",
    "receiver_with_two_channels": HEAD
    + ("notify: [{name: a, slack: {url: 'https://x.example'}, webhook: {url: 'https://x.example'}}]"),
    "receiver_without_a_name": HEAD + "notify: [{slack: {url: 'https://x.example'}}]",
    "webhook_without_a_url": HEAD + "notify: [{name: a, webhook: {secret: '${KEY}'}}]",
    "alertmanager_without_urls": HEAD + "notify: [{name: a, alertmanager: {urls: []}}]",
    "two_tokens": HEAD + "service: {webhook_token: '${KEY}', webhook_token_file: key.txt}",
    "no_runs": HEAD + "service: {max_concurrent_runs: 0}",
    "service_is_nothing": HEAD + "service:",
    "no_interval": HEAD + "probes: [{scenario: quick_search}]",
    "interval_is_a_number": HEAD + "probes: [{scenario: quick_search, every: 5}]",
    "interval_in_words": HEAD + "probes: [{scenario: quick_search, every: 5 min}]",
    "one_probe_is_no_list": HEAD + "probes: {scenario: quick_search, every: 5m}",
    "availability_of_all": HEAD + "probes: [{scenario: quick_search, every: 5m, objective: {availability: 1}}]",
    "no_probed_targets": HEAD + "probes: [{scenario: quick_search, targets: [], every: 5m}]",
    "open_after_none": HEAD + "incidents: {open_after: 0}",
    "maintenance_without_offset": HEAD + "maintenance: [{from: 2026-12-01T02:00, to: 2026-12-01T04:00Z, reason: x}]",
    "maintenance_without_reason": HEAD + "maintenance: [{from: 2026-12-01T02:00Z, to: 2026-12-01T04:00Z}]",
    "bookings_without_an_end": f"targets: {{a: {{{TARGET}, allow_bookings: {{host: 127.0.0.1, per_day: 1}}}}}}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key = tmp_path / "key.txt"
    key.write_text("sk_test_51H8xQz")
    key.chmod(0o600)
    (tmp_path / "own").mkdir()
    return tmp_path


def reader_accepts(folder: Path, text: str) -> bool:
    path = folder / "brekwatch.yaml"
    path.write_text(text)
    try:
        load(path, VARIABLES)
    except ConfigError:
        return False
    return True


def schema_accepts(text: str) -> bool:
    validator = jsonschema_rs.Draft202012Validator(settings_schema.schema())
    return validator.is_valid(yaml_files.read(text, "f.yaml").root.value)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_the_schema_accepts_what_the_reader_accepts(folder: Path, text: str) -> None:
    assert reader_accepts(folder, text)
    assert schema_accepts(text)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_the_schema_refuses_what_the_reader_refuses(folder: Path, text: str) -> None:
    assert not reader_accepts(folder, text)
    assert not schema_accepts(text)


def test_it_is_a_valid_schema_of_2020_12() -> None:
    schema = settings_schema.schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(schema)


def test_every_key_is_described() -> None:
    schema = settings_schema.schema()
    definitions = schema["$defs"]
    shapes = [schema, *(shape for shape in definitions.values() if "properties" in shape)]

    assert len(shapes) >= 9
    for shape in shapes:
        for key, field in shape["properties"].items():
            described = {**definitions.get(str(field.get("$ref")).rpartition("/")[2], {}), **field}
            assert described.get("description"), key


def test_its_text_is_the_schema() -> None:
    assert json.loads(settings_schema.schema_text()) == settings_schema.schema()
