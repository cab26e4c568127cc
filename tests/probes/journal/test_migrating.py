"""The tables come from migrations, and are those that the code writes."""

from __future__ import annotations

import importlib.resources
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from support.journals import NOON, put, put_run
from support.keeping import file_of, journal_at, keeping, rows
from support.kept_incidents import an_incident

from probes.errors import JournalError
from probes.incident import Incident, IncidentChange, IncidentFilter
from probes.journal.kept import RunFilter
from probes.journal.migrating import HEAD, OLDER, NewerJournalError, migrate, version
from probes.journal.opening import make_file, place_of, writing_engine
from probes.journal.reading import Reader
from probes.journal.tables import instances, metadata

_SCHEMA = "SELECT sql FROM sqlite_schema WHERE tbl_name <> 'alembic_version' ORDER BY name"


def test_the_version_that_the_code_knows_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("probes.journal") / "migrations"))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_the_migrations_make_the_tables_that_the_code_writes(journal_url: str) -> None:
    async with keeping(journal_url):
        pass

    place = place_of(journal_url)
    with writing_engine(place).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert differences == []


async def test_in_sqlite_the_two_agree_word_for_word(sqlite_url: str) -> None:
    async with keeping(sqlite_url):
        pass
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        meant = connection.exec_driver_sql(_SCHEMA).scalars().all()

    made = [row["sql"] for row in rows(sqlite_url, _SCHEMA)]
    assert made == meant


async def test_a_journal_that_is_up_to_date_is_opened_without_alembic(journal_url: str) -> None:
    async with keeping(journal_url):
        pass

    with writing_engine(place_of(journal_url)).connect() as connection, connection.begin():
        assert version(connection) == HEAD


def opened(url: str) -> Connection:
    place = place_of(url)
    if place.path is not None:
        make_file(place.path)
    return writing_engine(place).connect()


async def test_tables_of_something_else_are_left_alone(journal_url: str) -> None:
    with opened(journal_url) as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE customers (name TEXT)")

    with (
        opened(journal_url) as connection,
        connection.begin(),
        pytest.raises(JournalError, match=r"tables of something else \(customers\)"),
    ):
        migrate(connection)


async def test_an_unknown_version_is_refused(journal_url: str) -> None:
    async with keeping(journal_url):
        pass
    with opened(journal_url) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with (
        opened(journal_url) as connection,
        connection.begin(),
        pytest.raises(NewerJournalError, match="it has version 9999, and this brekwatch knows"),
    ):
        migrate(connection)


def an_old_journal(url: str) -> None:
    """One of the first version, with a run in it that a process which still seems to be there has played."""
    config = Config()
    config.set_main_option("script_location", "probes.journal:migrations")
    with opened(url) as connection:
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
        with connection.begin():
            put_run(connection, "old-run", instance_id="old", outcome="failed")
            put(connection, instances, instance_id="old", command="serve", ended_at=NOON)


def read(url: str) -> tuple[list[str], list[Incident]]:
    with closing(Reader(url)) as reader:
        runs = [run.run_id for run in reader.runs(RunFilter(commands=("serve",)))]
        return runs, list(reader.incidents(IncidentFilter()))


async def test_a_journal_of_the_first_version_is_brought_up_to_date_with_all_that_it_holds(journal_url: str) -> None:
    an_old_journal(journal_url)
    async with keeping(journal_url) as journal:
        await journal.keep_incidents(IncidentChange(incidents=(an_incident(),)))

    assert read(journal_url) == (["old-run"], [an_incident()])
    with opened(journal_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_who_only_reads_an_older_journal_is_told_how_it_is_brought_up_to_date(journal_url: str) -> None:
    an_old_journal(journal_url)

    with pytest.raises(JournalError, match=f"it has version 0001, and this brekwatch reads {HEAD}: start") as told:
        read(journal_url)
    assert not isinstance(told.value, NewerJournalError)


def test_every_version_but_the_newest_is_known_as_older() -> None:
    config = Config()
    config.set_main_option("script_location", "probes.journal:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}

    assert known == OLDER | {HEAD}


async def test_the_file_is_its_owners_alone(sqlite_url: str) -> None:
    async with keeping(sqlite_url):
        modes = [path.stat().st_mode & 0o777 for path in file_of(sqlite_url).parent.iterdir()]

    assert set(modes) == {0o600}
    assert len(modes) >= 3


async def test_a_missing_folder_is_made(sqlite_url: str) -> None:
    url = sqlite_url.replace("journal.db", "deep/er/journal.db")
    journal = journal_at(url)
    await journal.start()
    await journal.aclose()

    assert file_of(url).parent.stat().st_mode & 0o777 == 0o700
