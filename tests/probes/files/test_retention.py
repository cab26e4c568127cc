"""How long runs are kept, as the configuration says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.settings import Retention, load

TARGET = "targets: {a: {base_url: 'http://127.0.0.1:3000', api_key: sk_test_51H8xQz}}\n"


def retention_of(folder: Path, text: str) -> Retention:
    path = folder / "c.yaml"
    path.write_text(f"{TARGET}service: {{journal: 'sqlite:///a.db', retention: {text}}}\n")
    path.chmod(0o600)
    return load(path, {}).service.retention


def test_what_is_not_said_stays_as_it_is(tmp_path: Path) -> None:
    assert retention_of(tmp_path, "{}") == Retention()
    assert retention_of(tmp_path, "{successes: 1h, size: 1.5GB}") == Retention(
        successes_seconds=3600.0, size_bytes=1_500_000_000
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{successes: 91d}", "successes: it must not be longer than failures, 90d: evidence is kept longest"),
        ("{size: much}", 'size: must be a size such as 500MB or 2GiB (seen: "much")'),
        ("{size: 10kB}", 'size: must be a size of at least 1MB (seen: "10kB")'),
        ("{failures: never}", "failures: must be a duration such as 250ms, 30s, 5m or 1h"),
    ],
)
def test_what_can_not_be_kept_to_is_refused_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        retention_of(tmp_path, text)

    assert "c.yaml:2:" in str(refused.value)
    assert f"service.retention.{problem}" in str(refused.value)
