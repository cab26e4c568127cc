"""What is installed: versions, and whether it is complete."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from platform import python_version

from exporter.doctor.findings import Finding, fail, ok, warn
from probes import scenario_files
from probes.errors import ConfigError
from probes.journal.sqlite_library import has_wal_reset_bug, sqlite_version

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


def sqlite(version: tuple[int, ...] | None = None) -> Iterator[Finding]:
    """SQLite, which may keep the journal: old ones have a rare fault, which our processes avoid by taking turns."""
    version = version or sqlite_version()
    told = f"SQLite {'.'.join(map(str, version))}"
    if has_wal_reset_bug(version):
        yield warn(
            "journal",
            f"{told} has the WAL-reset bug: two programs that write at the same moment may damage a file",
            "brekwatch's own processes take turns; let nothing else write to the journal's file, or install "
            "SQLite 3.51.3 or newer",
        )
    else:
        yield ok("journal", told)
