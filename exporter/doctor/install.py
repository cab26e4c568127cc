"""What is installed: versions, and whether it is complete."""

from __future__ import annotations

import re
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from platform import python_version

from exporter.doctor.findings import Finding, fail, ok, warn
from probes import scenario_files
from probes.errors import ConfigError

_FIRST_WAL, _WAL_RESET_FIXED = (3, 7, 0), (3, 51, 3)
_REINSTALL = "install brekwatch again"


def versions() -> Iterator[Finding]:
    """Brekwatch, Python and OpenSSL; then the libraries, or those that are missing."""
    yield ok(
        "brekwatch", f"{version('brekwatch')}, Python {python_version()} at {sys.executable}, {ssl.OPENSSL_VERSION}"
    )
    found: list[str] = []
    missing: list[str] = []
    for name in _libraries():
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield fail("libraries", f"not installed: {', '.join(missing)}", _REINSTALL)
    yield ok("libraries", ", ".join(found))


def _libraries() -> Iterator[str]:
    """What our own metadata asks for, on this platform."""
    for needed in requires("brekwatch") or ():
        name, _, condition = needed.partition(";")
        if "extra" not in condition and not (sys.platform == "win32" and "win32" in condition):
            yield re.split("[^A-Za-z0-9._-]", name.strip())[0]


def shipped() -> Iterator[Finding]:
    """The files that come with the code: what a bad package lacks."""
    try:
        yield ok("scenarios", f"{len(scenario_files.shipped())} are shipped, and sound")
    except (OSError, ConfigError) as problem:
        yield fail("scenarios", f"the shipped ones can't be read: {problem}", _REINSTALL)


def sqlite(library: tuple[int, ...] = sqlite3.sqlite_version_info) -> Iterator[Finding]:
    """SQLite, which may keep the journal: 3.7.0 to 3.51.2 have a rare fault, the WAL-reset bug."""
    told = f"SQLite {'.'.join(map(str, library))}"
    if _FIRST_WAL <= library < _WAL_RESET_FIXED:
        yield warn(
            "journal",
            f"{told} has the WAL-reset bug: two connections that write at the same moment may damage a file",
            "let one process alone use a journal file, its backups aside, or install SQLite 3.51.3 or newer",
        )
    else:
        yield ok("journal", told)
