"""The tests' own PostgreSQL."""

from __future__ import annotations

import signal

import psycopg
import pytest
from support.postgres import Cluster


def test_each_test_has_an_empty_database_of_its_own(postgres: Cluster) -> None:
    with postgres.database() as first, postgres.database() as second:
        with psycopg.connect(first) as session:
            session.execute("CREATE TABLE kept (text text)")
        with psycopg.connect(second) as session:
            tables = session.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert tables == (0,)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_is_started_again_has_what_was_committed(postgres: Cluster, by: signal.Signals) -> None:
    with postgres.database() as url:
        with psycopg.connect(url) as session:
            session.execute("CREATE TABLE kept AS SELECT 'snowman ☃' AS text")
        postgres.stop(by)
        postgres.start()
        with psycopg.connect(url) as session:
            kept = session.execute("SELECT text FROM kept").fetchone()

    assert kept == ("snowman ☃",)


def test_a_journal_can_be_asked_for_on_either_database(journal_url: str) -> None:
    assert journal_url.startswith(("sqlite:///", "postgresql://"))
