"""What a journal costs those who don't need it yet: nothing, least of all its libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("sqlalchemy", "alembic", "psycopg")
_PRINTS_LOADED = f"import sys; {{}}; print([name for name in {_HEAVY!r} if name in sys.modules])"


@pytest.mark.parametrize("code", ["import probes.journal.journal", "import exporter.cli", "import exporter.service"])
def test_importing_it_loads_no_library_of_databases(code: str) -> None:
    command = [sys.executable, "-c", _PRINTS_LOADED.format(code)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter

    assert done.stdout.strip() == "[]"
