"""`brekwatch config init`: an annotated configuration to start from, and its schema beside it for editors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from probes.errors import UsageError
from probes.files.settings_schema import SCHEMA_NAME, schema_text

_OWNER_ONLY = 0o600  # someone will write a key into it
_READABLE = 0o644


def example_text() -> str:
    """The annotated configuration. It names every key there is."""
    return resources.files("exporter").joinpath("examples", "brekwatch.yaml").read_text(encoding="utf-8")


def init(path: Path) -> Iterator[str]:
    """Writes the configuration, and tells what to do next.

    Raises UsageError for a path that exists or can't be written: nothing is ever overwritten. A schema that is there
    already stays.
    """
    _write_new(path, example_text(), _OWNER_ONLY)
    yield f"wrote {path}"
    schema = path.with_name(SCHEMA_NAME)
    if os.path.lexists(schema):
        yield f"{schema} was there already, and stays; `brekwatch config schema` prints the present one"
    else:
        _write_new(schema, schema_text(), _READABLE)
        yield f"wrote {schema}, by which editors complete and check it"
    yield "Next: export BREK_BASE_URL, BREK_PARTNER_API_KEY and BREK_PORTAL_ATTACH_URL (`brekwatch sandbox` prints a"
    yield f"set to try with), and then: brekwatch config check -c {path}"


def _write_new(path: Path, text: str, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise UsageError(f"{path} is there already, and stays as it is: name another path, or move it away") from None
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} can't be written: {_reason(problem)}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        path.unlink(missing_ok=True)
        raise UsageError(f"{path} can't be written: {_reason(problem)}") from None


def _reason(problem: OSError | ValueError) -> str:
    return getattr(problem, "strerror", None) or "its name is no path"
