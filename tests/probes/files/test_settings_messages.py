"""What no message about a configuration shows, and what is told of a file that isn't there."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.settings import find, load

VARIABLES = {"HOME": "/home/somebody"}
HEAD = "targets:\n  a:\n    base_url: http://127.0.0.1:3000\n    api_key: a-key-of-nobody\n"


def test_a_key_that_also_stands_in_a_wrong_place_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"{HEAD}    other_api_key: sk_live_0aBcD\n    auth_header: sk_live_0aBcD\n")
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.yaml", VARIABLES)

    assert "auth_header: no such value" in str(refused.value)
    assert "sk_live" not in str(refused.value)


def test_what_moves_a_cursor_reaches_no_message(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f'{HEAD}scenarios: ["\\e[31mred"]\nservice: {{web_config: "\\e[31mweb"}}\n')
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.yaml", VARIABLES)

    assert len(refused.value.problems) == 3
    assert all(problem.isprintable() for problem in refused.value.problems)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        find(None, {**VARIABLES, "BREKWATCH_CONFIG": str(tmp_path / "nowhere.yaml")})

    assert str(refused.value) == f"{tmp_path}/nowhere.yaml: it can't be read: No such file or directory"
