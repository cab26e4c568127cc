"""Where the journal is, for whoever only reads it: nothing else of a configuration has to be in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes import settings
from probes.errors import ConfigError, UsageError
from probes.settings import Retention

WITHOUT_ITS_KEY = "targets: {acme: {base_url: 'https://x.example', api_key: '${NOBODY_S_KEY}'}}\n"


def configured(folder: Path, text: str) -> Path:
    path = folder / "brekwatch.yaml"
    path.write_text(text)
    return path


def test_without_anything_it_is_in_the_state_folder_and_takes_no_key() -> None:
    assert settings.journal_of(None, {"HOME": "/home/me"}) == "sqlite:////home/me/.local/state/brekwatch/brekwatch.db"


def test_a_variable_names_it() -> None:
    assert settings.journal_of(None, {"BREKWATCH_JOURNAL": "sqlite:////srv/j.db"}) == "sqlite:////srv/j.db"
    with pytest.raises(UsageError, match="BREKWATCH_JOURNAL must begin with sqlite:///"):
        settings.journal_of(None, {"BREKWATCH_JOURNAL": "j.db"})


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_configuration_names_it_beside_itself_whether_its_keys_are_set_or_not(
    tmp_path: Path, by_variable: bool
) -> None:
    path = configured(tmp_path, "service: {journal: 'sqlite:///${NAME}.db'}\n" + WITHOUT_ITS_KEY)
    environ = {"NAME": "kept"} | ({"BREKWATCH_CONFIG": str(path)} if by_variable else {})

    assert settings.journal_of(None if by_variable else path, environ) == f"sqlite:///{tmp_path}/kept.db"


@pytest.mark.parametrize("text", ["service: {}\n", "service: {journal: null}\n", "service: nothing\n", "[1, 2]\n"])
def test_a_configuration_that_names_none_leaves_it_to_the_environment(tmp_path: Path, text: str) -> None:
    path = configured(tmp_path, text + (WITHOUT_ITS_KEY if text.startswith("service") else ""))

    assert settings.journal_of(path, {"BREKWATCH_JOURNAL": "sqlite:////srv/j.db"}) == "sqlite:////srv/j.db"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("service: {journal: '${NAME}'}\n", "brekwatch.yaml:1:20: service.journal: the variable NAME is not set"),
        ("service:\n  journal: j.db\n", "brekwatch.yaml:2:12: service.journal: must begin with sqlite:///"),
        ("service: {journal: [1]}\n", "brekwatch.yaml:1:20: service.journal: must begin with sqlite:///"),
        ("service: {journal: 5}\n", "brekwatch.yaml:1:20: service.journal: must begin with sqlite:///"),
        ("service: {journal: 'a", "brekwatch.yaml:1:"),
    ],
    ids=["variable", "no URL", "list", "number", "no YAML"],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    path = configured(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        settings.journal_of(path, {})

    assert problem in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        settings.journal_of(tmp_path / "nowhere.yaml", {})


def test_a_password_is_in_no_message(tmp_path: Path) -> None:
    path = configured(tmp_path, "service: {journal: 'postgres://me:open-sesame@db.example/j'}\n")
    with pytest.raises(ConfigError) as refused:
        settings.journal_of(path, {})

    assert "open-sesame" not in str(refused.value)


def test_who_prunes_keeps_what_a_sound_configuration_says(tmp_path: Path) -> None:
    path = configured(
        tmp_path,
        "service: {journal: 'sqlite:///j.db', retention: {successes: 1d}}\n"
        "targets: {acme: {base_url: 'http://127.0.0.1:1', api_key: a-key-of-the-tests}}\n",
    )
    usual = settings.retention_of(None, {"BREKWATCH_JOURNAL": "sqlite:////srv/j.db"})

    assert settings.retention_of(path, {}) == (f"sqlite:///{tmp_path}/j.db", Retention(successes_seconds=86_400.0))
    assert usual == ("sqlite:////srv/j.db", Retention())
    with pytest.raises(ConfigError, match="NOBODY_S_KEY"):
        settings.retention_of(configured(tmp_path, WITHOUT_ITS_KEY), {})
