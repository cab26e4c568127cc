"""A report with the evidence that it was reckoned from, in one archive: whoever doubts it reckons again.

The archive is the same, byte for byte, for the same evidence. It is read without being unpacked, and within bounds:
a bundle comes from anywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from alerts.report.codec import UnfitError, decode, encode
from alerts.report.evidence import EVIDENCE_VERSION, Evidence, Witness
from alerts.report.json_twin import json_text
from probes.journal.kept import RunSummary

FOLDER = "brekwatch-report"
REPORT, PAGE, SUMS, README = "report.json", "report.html", "SHA256SUMS", "README.txt"
EVIDENCE, LINES, RUNS = "evidence.json", "lines.jsonl", "runs.jsonl"
NAMES = (EVIDENCE, LINES, README, REPORT, PAGE, RUNS, SUMS)
MOST_BYTES = 256 * 1024 * 1024

_README = """\
An incident report of brekwatch, with the evidence that it was reckoned from.

report.html    the report, for people: open it in a browser
report.json    the same, for programs
evidence.json  what was asked, the incident, alerts, and what the configuration said
lines.jsonl    every run of the stretch, one a line
runs.jsonl     the runs that the report shows something of, whole: each request and answer, redacted
SHA256SUMS     checksums: sha256sum -c SHA256SUMS

`brekwatch incident verify` on the archive, or on its unpacked folder, checks the sums and reckons every number anew.
Checksums tell of what was changed by accident or in part. Who changes everything at once can make new ones: to rule
that out, compare the checksum of the archive with the one that its maker tells you.
"""


class NotABundleError(Exception):
    """What was given is no bundle, or none that this version reads; the text says why."""


def bundle_bytes(evidence: Evidence, report_json: Mapping[str, Any], page: str) -> bytes:
    """The archive, a gzipped tar."""
    files = {
        EVIDENCE: json_text(_scope(evidence)).encode(),
        LINES: _json_lines(evidence.lines),
        README: _README.encode(),
        REPORT: json_text(report_json).encode(),
        PAGE: page.encode(),
        RUNS: _json_lines(evidence.witnesses),
    }
    files[SUMS] = sums_of(files)
    return _archive(files, int(evidence.now.timestamp()))


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """As `sha256sum` writes them."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


def files_of(path: Path) -> Mapping[str, bytes]:
    """The files of an archive, or of its folder; raises NotABundleError, and OSError where it can't be read."""
    files = _unpacked(path) if path.is_dir() else _archived(path.read_bytes() if _small(path) else b"")
    missing = sorted(set(NAMES) - files.keys())
    if missing:
        raise NotABundleError(f"it has no {missing[0]}")
    return files


def evidence_of(files: Mapping[str, bytes]) -> Evidence:
    """The evidence in them; raises NotABundleError."""
    scope = _read(files[EVIDENCE], EVIDENCE)
    version = scope.pop("evidence_version", None) if isinstance(scope, dict) else None
    if version != EVIDENCE_VERSION or isinstance(version, bool):
        told = json.dumps(version)[:40]
        raise NotABundleError(f"its evidence is of version {told}, and this brekwatch reads {EVIDENCE_VERSION}")
    try:
        found = decode(Evidence, {**scope, "lines": [], "witnesses": []}, EVIDENCE)
        lines = tuple(decode(RunSummary, each, place) for each, place in _read_lines(files[LINES], LINES))
        runs = tuple(decode(Witness, each, place) for each, place in _read_lines(files[RUNS], RUNS))
    except (UnfitError, RecursionError) as error:
        raise NotABundleError(f"its evidence can't be read: {str(error)[:200]}") from None
    policy = found.surroundings.policy
    if not (1 <= policy.open_after <= policy.within and policy.close_after >= 1):
        raise NotABundleError("its evidence has rules of incidents that no configuration allows")
    return replace(found, lines=lines, witnesses=runs)


def report_in(files: Mapping[str, bytes]) -> Any:
    """The report's JSON as it stands there; raises NotABundleError."""
    return _read(files[REPORT], REPORT)


def _scope(evidence: Evidence) -> dict[str, Any]:
    """All of the evidence but the runs."""
    apart = {"lines", "witnesses"}
    found = {each.name: encode(getattr(evidence, each.name)) for each in fields(evidence) if each.name not in apart}
    return {"evidence_version": EVIDENCE_VERSION, **found}


def _json_lines(items: Iterable[object]) -> bytes:
    return "".join(json.dumps(encode(each), allow_nan=False) + "\n" for each in items).encode()


def _archive(files: Mapping[str, bytes], mtime: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mtime, member.mode = len(content), mtime, 0o644
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _small(path: Path) -> bool:
    if path.stat().st_size > MOST_BYTES:
        raise NotABundleError("it is larger than any bundle")
    return True


def _archived(content: bytes) -> dict[str, bytes]:
    """The members by name. Nothing is unpacked: a name is only ever compared."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise NotABundleError("it is no gzipped archive, or a part of one") from None
    if len(plain) > MOST_BYTES:
        raise NotABundleError("it unpacks to more than any bundle")
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            return dict(_members(archive))
    except (tarfile.TarError, ValueError, OverflowError, RecursionError):
        raise NotABundleError("it is no tar archive, or a damaged one") from None


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for member in archive:
        folder, _, name = member.name.rpartition("/")
        if folder != FOLDER or name not in NAMES or not member.isreg() or member.issparse() or name in seen:
            raise NotABundleError(f"it holds what no bundle holds: {ascii(member.name)[:80]}")
        seen.add(name)
        found = archive.extractfile(member)
        yield name, found.read() if found else b""


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of a folder; links and pipes are not followed or waited for."""
    found: dict[str, bytes] = {}
    room = MOST_BYTES
    for name in NAMES:
        file = path / name
        try:
            known = file.lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(known.st_mode) or known.st_size > room:
            raise NotABundleError(f"its {name} is no file, or larger than any bundle")
        found[name] = file.read_bytes()
        room -= len(found[name])
    return found


def _read_lines(content: bytes, name: str) -> Iterator[tuple[object, str]]:
    for number, line in enumerate(content.splitlines(), 1):
        place = f"{name} line {number}"
        yield _read(line, place), place


def _read(content: bytes, place: str) -> Any:
    try:
        return json.loads(content, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError):
        raise NotABundleError(f"its {place} is no sound JSON") from None


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found
