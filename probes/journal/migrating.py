"""Which version of the tables a journal has, and how it gets the one that this brekwatch writes."""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from probes.errors import EmptyJournalError, JournalError

HEAD = "0003"
"""The version that this code reads and writes; a test compares it with the newest in `migrations/versions`."""

OLDER = frozenset({"0001", "0002"})
"""Those that are brought up to it; a reader need not load what does that to know them."""

VERSION_TABLE = "alembic_version"
_SCRIPTS = "probes.journal:migrations"


class NewerJournalError(JournalError):
    """The journal was written by a newer brekwatch: nothing of it is touched."""


def version(connection: Connection) -> str | None:
    """The version of the tables that are there; None if there are none.

    Raises JournalError where there are tables, and none of them tells a version: they are somebody else's.
    """
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        row = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").first()  # noqa: S608
        return None if row is None else str(row[0])
    if names:
        some = ", ".join(sorted(names)[:3])
        raise JournalError(f"it holds tables of something else ({some}): give the journal a place of its own")
    return None


def require_head(connection: Connection) -> None:
    """Raises JournalError unless the tables have the version that this code reads."""
    found = version(connection)
    if found is None:
        raise EmptyJournalError("the journal is empty: nothing was kept yet")
    if found in OLDER:
        raise JournalError(
            f"it has version {found}, and this brekwatch reads {HEAD}: "
            "start `brekwatch serve` on it, or `brekwatch run`, which brings it up to date and keeps all that it holds"
        )
    if found != HEAD:
        raise NewerJournalError(_other(found))


def migrate(connection: Connection) -> None:
    """Bring the tables to HEAD, within the transaction of this connection, which keeps others out.

    Raises NewerJournalError where the version isn't known here.
    """
    found = version(connection)
    if found != HEAD:
        _run_alembic(connection, found)


def _run_alembic(connection: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise NewerJournalError(_other(found))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _other(found: str) -> str:
    return (
        f"it has version {found}, and this brekwatch knows {HEAD}: install the newer brekwatch that wrote it, "
        "or name another journal"
    )
