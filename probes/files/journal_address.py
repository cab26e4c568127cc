"""Where a configuration keeps its journal, read without the rest: whoever only reads a journal needs no key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from probes.errors import ConfigError
from probes.files import variables, yaml_files
from probes.files.addresses import journal_problem, journal_url

_PLACE = ("service", "journal")


def read(path: Path, environ: Mapping[str, str]) -> str | None:
    """The journal's address in a configuration file, None where it names none; raises ConfigError."""
    document = yaml_files.read(yaml_files.read_bytes(path), str(path))
    known, node = document.node(_PLACE)
    if known != _PLACE or node.value is None:
        return None
    address = str(variables.filled_at(document, _PLACE, environ))
    if problem := journal_problem(address):
        raise ConfigError(document.problem(_PLACE, problem))
    return journal_url(address, path.absolute().parent)
