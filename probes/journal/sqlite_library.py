"""The SQLite that this Python brings, and what is known of it."""

from __future__ import annotations

_FIRST_WAL, _WAL_RESET_FIXED = (3, 7, 0), (3, 51, 3)


def sqlite_version() -> tuple[int, int, int]:
    """The version of the library, which is not that of Python's module."""
    import sqlite3

    return sqlite3.sqlite_version_info


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether two connections that write or checkpoint at once may damage a file in WAL mode: 3.7.0 to 3.51.2."""
    return _FIRST_WAL <= version < _WAL_RESET_FIXED
