from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.postgres import Cluster, serving

# The same examples in every run, and no clock: a red test is red for everybody, on a busy machine too.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")

# What the tests start hears SIGHUP, also where they themselves were told to ignore it (nohup).
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """The server of this test session."""
    with serving() as cluster:
        yield cluster


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A journal in a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'journal.db'}"


@pytest.fixture
def postgresql_url(postgres: Cluster) -> Iterator[str]:
    """A journal in a new, empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_url(request: pytest.FixtureRequest) -> str:
    """An empty journal: whoever asks for it is tested on both databases."""
    return str(request.getfixturevalue(f"{request.param}_url"))
