"""Statements that insert, as either database says them."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from probes.journal.exchange_rows import Row


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what becomes of a conflict."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def plain(row: Row) -> Row:
    """Its words as plain texts."""
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in row.items()}
