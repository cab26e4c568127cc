"""Two readiness checks with one key would judge each other, so the second is told who is there first."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.ready_lock import KeyInUseError, UnlockedError, alone_with_key, lock_path
from probes.model import Target
from probes.redaction import Secret
from probes.words import Environment

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TARGET = Target(
    name="sandbox",
    base_url="https://sandbox.example",
    environment=Environment.SANDBOX,
    api_key=Secret("a-key-of-the-tests"),
)


def test_the_second_check_with_a_key_is_told_the_process_and_since_when(tmp_path: Path) -> None:
    with (
        alone_with_key(tmp_path, TARGET, now=NOW),
        pytest.raises(KeyInUseError, match=rf"process {os.getpid()}, since 2026-11-24T12:00:00\+00:00"),
        alone_with_key(tmp_path, TARGET, now=NOW),
    ):
        pass


def test_the_same_key_under_another_name_and_spelling_is_the_same_key(tmp_path: Path) -> None:
    other = replace(TARGET, name="other", base_url="https://SANDBOX.example:443/")

    assert lock_path(tmp_path, other) == lock_path(tmp_path, TARGET)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"api_key": Secret("another-key-of-the-tests")}, id="another-key"),
        pytest.param({"base_url": "https://www.sandbox.example"}, id="another-deployment"),
    ],
)
def test_another_key_or_deployment_may_be_checked_meanwhile(tmp_path: Path, changes: dict[str, object]) -> None:
    with (
        alone_with_key(tmp_path, TARGET, now=NOW),
        alone_with_key(tmp_path, replace(TARGET, **changes), now=NOW),  # type: ignore[arg-type]
    ):
        held = len(list(tmp_path.iterdir()))

    assert held == 2


def test_after_its_end_nothing_is_left_and_the_next_may_begin(tmp_path: Path) -> None:
    with alone_with_key(tmp_path, TARGET, now=NOW):
        pass
    with alone_with_key(tmp_path, TARGET, now=NOW):
        pass

    assert list(tmp_path.iterdir()) == []


def test_neither_name_nor_content_of_the_lock_tells_the_key(tmp_path: Path) -> None:
    with alone_with_key(tmp_path / "state", TARGET, now=NOW):
        (path,) = (tmp_path / "state").iterdir()
        told = path.read_text()
        mode = stat.S_IMODE(path.stat().st_mode)

    assert json.loads(told).keys() == {"pid", "since"}
    assert "a-key" not in path.name
    assert mode == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pid": "x"}', b"\xff", b'{"pid": 1}'])
def test_a_lock_that_says_nothing_yet_still_locks(tmp_path: Path, content: bytes) -> None:
    with alone_with_key(tmp_path, TARGET, now=NOW):
        lock_path(tmp_path, TARGET).write_bytes(content)
        with (
            pytest.raises(KeyInUseError, match="which process isn't known yet"),
            alone_with_key(tmp_path, TARGET, now=NOW),
        ):
            pass


def test_a_folder_that_takes_no_lock_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(UnlockedError, match="takes no lock"), alone_with_key(tmp_path / "state", TARGET, now=NOW):
        pass
