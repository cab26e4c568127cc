"""The rules, played by promtool: each fires, ends, and is silent on its look-alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rules import TEST_FILES, promtool


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name.removesuffix(".test.yml"))
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    said = promtool("test", "rules", path)

    assert said.returncode == 0, said.stdout + said.stderr
