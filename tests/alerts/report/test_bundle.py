"""A bundle proves its report; whatever was changed in it is told, and no bundle does harm."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.reporting import evidence_of, story

from alerts.report import as_json, bundle
from alerts.report.bundle import FOLDER, NotABundleError, bundle_bytes, files_of, sums_of
from alerts.report.facts import Report
from alerts.report.reckoning import report_of
from alerts.report.verify import Verification, differences, verify

OURS = "1.2.3"


def a_page(report: Report) -> str:
    return f"<!doctype html>{report.headline}"


@cache
def a_bundle() -> bytes:
    evidence = evidence_of(story("..FFuF.."))
    report = report_of(evidence)
    return bundle_bytes(evidence, as_json(report), a_page(report))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "evidence.tar.gz"
    file.write_bytes(a_bundle())
    return file


@cache
def whole() -> Mapping[str, bytes]:
    file = Path(os.environ.get("TMPDIR", "/tmp")) / f"brekwatch-bundle-{os.getpid()}.tar.gz"  # noqa: S108
    file.write_bytes(a_bundle())
    try:
        return files_of(file)
    finally:
        file.unlink()


def summed(**changed: bytes) -> dict[str, bytes]:
    """The bundle's files with these changed, and sums that fit: as a forger would leave them."""
    names = {"report": bundle.REPORT, "lines": bundle.LINES, "runs": bundle.RUNS, "evidence": bundle.EVIDENCE}
    files = {**whole(), **{names[name]: content for name, content in changed.items()}}
    del files[bundle.SUMS]
    return {**files, bundle.SUMS: sums_of(files)}


def checked(files: Mapping[str, bytes]) -> Verification:
    return verify(files, OURS, a_page)


def test_what_was_not_touched_is_sound(path: Path) -> None:
    found = checked(files_of(path))

    assert found.problems == ()
    assert found.notes == ()
    assert found.checked > 200


def test_an_unpacked_bundle_is_sound_too(path: Path, tmp_path: Path) -> None:
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")

    assert checked(files_of(tmp_path / FOLDER)).problems == ()


def test_the_same_evidence_makes_the_same_bytes() -> None:
    evidence = evidence_of(story("..FFuF.."))
    report = report_of(evidence)

    assert bundle_bytes(evidence, as_json(report), a_page(report)) == a_bundle()


def leaves(document: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of each value."""
    inner: Any = document.items() if isinstance(document, dict) else ()
    inner = enumerate(document) if isinstance(document, list) else inner
    known = False
    for name, value in inner:
        known = True
        yield from leaves(value, (*place, name))
    if not known:
        yield place


def changed_at(document: Any, place: tuple[str | int, ...]) -> Any:
    """The document with another value there."""
    found = document
    for name in place:
        found = found[name]
    return _with(document, place, _other(found))


def _with(document: Any, place: tuple[str | int, ...], value: object) -> Any:
    """The document with this value there."""
    if not place:
        return value
    first, *rest = place
    copied = list(document) if isinstance(document, list) else dict(document)
    copied[first] = _with(copied[first], tuple(rest), value)
    return copied


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case list():
            return ["more"]
        case dict():
            return {"more": 1}
        case _:
            return "something"


def test_each_changed_value_of_the_report_is_told_with_its_place() -> None:
    report = json.loads(whole()[bundle.REPORT])
    places = list(leaves(report))
    told = {place: list(differences(changed_at(report, place), report)) for place in places}

    assert len(places) > 200
    assert checked(summed(report=json.dumps(changed_at(report, places[0])).encode())).problems
    assert [place for place, [problem] in told.items() if not problem.startswith(f"report.json: {place[0]}")] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("duration_seconds", 902.0, id="a duration"),
        pytest.param("first_failed_at", "2026-11-24T12:00:00Z", id="a moment"),
        pytest.param("headline", "all is well", id="the headline"),
    ],
)
def test_both_values_are_told(name: str, value: object) -> None:
    report = {**json.loads(whole()[bundle.REPORT]), name: value}
    [problem] = checked(summed(report=json.dumps(report).encode())).problems

    assert problem.startswith(f"report.json: {name} is {json.dumps(value)}, and the evidence makes ")


def test_a_missing_and_an_added_field_are_told() -> None:
    report = json.loads(whole()[bundle.REPORT])
    del report["counts"]["failed"]
    report["more"] = 1
    found = checked(summed(report=json.dumps(report).encode()))

    assert found.problems == ("report.json: counts.failed is missing", "report.json: more is not what a report has")


def test_a_truth_value_is_no_number() -> None:
    report = json.loads(whole()[bundle.REPORT])
    report["counts"]["unknown"] = True

    assert checked(summed(report=json.dumps(report).encode())).problems


@pytest.mark.parametrize("number", range(8))
def test_a_removed_run_is_told_whichever_it_is(number: int) -> None:
    lines = whole()[bundle.LINES].splitlines(keepends=True)
    runs = whole()[bundle.RUNS].splitlines(keepends=True)
    del lines[number], runs[number]
    found = checked(summed(lines=b"".join(lines), runs=b"".join(runs)))

    assert any("counts.runs" in each for each in found.problems)


def test_a_line_that_the_whole_run_contradicts_is_told() -> None:
    content = whole()[bundle.LINES].replace(b'"passed"', b'"degraded"', 1)

    assert "runs.jsonl: run r0 says otherwise than its line in lines.jsonl" in checked(summed(lines=content)).problems


def test_an_incident_that_the_runs_don_t_make_is_told() -> None:
    scope = json.loads(whole()[bundle.EVIDENCE])
    scope["incident"]["first_failed_at"] = "2026-11-24T12:00:00Z"
    problems = checked(summed(evidence=json.dumps(scope).encode())).problems

    assert any(each.startswith("evidence.json: incident.first_failed_at is") for each in problems)


def test_a_run_that_stands_there_twice_is_told() -> None:
    lines = whole()[bundle.LINES]

    assert "lines.jsonl: a run stands there twice" in checked(summed(lines=lines + lines.splitlines()[0])).problems


@pytest.mark.parametrize(
    "name", [bundle.LINES, bundle.RUNS, bundle.EVIDENCE, bundle.REPORT, bundle.PAGE, bundle.README]
)
def test_a_byte_that_changed_by_accident_is_told(name: str) -> None:
    files = {**whole(), name: whole()[name] + b"\n"}

    assert f"{name}: its checksum is not the one in SHA256SUMS" in checked(files).problems


def test_another_page_is_told() -> None:
    files = {**whole(), bundle.PAGE: b"<p>all is well</p>"}
    del files[bundle.SUMS]

    assert checked({**files, bundle.SUMS: sums_of(files)}).problems == (
        "report.html: it is not the page that this evidence makes",
    )


def test_another_version_s_page_is_not_compared_and_that_is_said() -> None:
    found = verify(whole(), "9.9.9", lambda _: "another page")

    assert found.problems == ()
    assert found.notes == ("made by brekwatch '1.2.3', checked by 9.9.9: sentences may differ",)


def test_sums_are_those_of_sha256sum(path: Path, tmp_path: Path) -> None:
    assert all(len(line.split(b"  ")[0]) == 64 for line in whole()[bundle.SUMS].splitlines())


def archive_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue())


def member(name: str, **changes: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def hostile_archives() -> Iterator[Any]:
    plain = f"{FOLDER}/{bundle.REPORT}"
    yield pytest.param(archive_of((member("../../etc/passwd"), b"x")), id="a path out of it")
    yield pytest.param(archive_of((member("/etc/passwd"), b"x")), id="a path from the root")
    yield pytest.param(archive_of((member(f"{FOLDER}/../report.json"), b"x")), id="a path back")
    link = member(plain, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    yield pytest.param(archive_of((link, b"")), id="a symlink")
    hard = member(plain, type=tarfile.LNKTYPE, linkname="/etc/passwd")
    yield pytest.param(archive_of((hard, b"")), id="a hard link")
    yield pytest.param(archive_of((member(plain, type=tarfile.FIFOTYPE), b"")), id="a pipe")
    yield pytest.param(archive_of((member(plain, type=tarfile.CHRTYPE), b"")), id="a device")
    yield pytest.param(archive_of((member(plain), b"{}"), (member(plain), b"{}")), id="a name twice")
    yield pytest.param(archive_of((member(f"{FOLDER}/more.txt"), b"x")), id="an unknown name")
    yield pytest.param(archive_of(), id="nothing")
    yield pytest.param(b"", id="an empty file")
    yield pytest.param(b"no archive", id="no archive")
    yield pytest.param(a_bundle()[: len(a_bundle()) // 2], id="a half")
    yield pytest.param(gzip.compress(b"x" * 5000), id="no tar")
    yield pytest.param(gzip.compress(b"\0" * (9 * 1024 * 1024)), id="much of nothing")


@pytest.mark.parametrize("content", list(hostile_archives()))
def test_what_is_no_bundle_is_refused(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_BYTES", 8 * 1024 * 1024)
    file = tmp_path / "evidence.tar.gz"
    file.write_bytes(content)

    with pytest.raises(NotABundleError):
        files_of(file)
    assert [each.name for each in tmp_path.iterdir()] == ["evidence.tar.gz"]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(("elsewhere/report.json",), id="another folder"),
        pytest.param((f"{FOLDER}/report.json", f"{FOLDER}/report.json"), id="a name twice"),
    ],
)
def test_a_member_that_no_bundle_has_is_refused(odd: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "evidence.tar.gz"
    file.write_bytes(archive_of(*((member(name), b"{}") for name in odd)))

    with pytest.raises(NotABundleError, match="it holds what no bundle holds"):
        files_of(file)


def test_a_name_that_stands_twice_in_the_evidence_is_refused() -> None:
    twice = whole()[bundle.EVIDENCE].replace(b"{", b'{"evidence_version": 1, ', 1)

    with pytest.raises(NotABundleError, match=r"its evidence\.json is no sound JSON"):
        checked(summed(evidence=twice))


def test_no_more_is_unpacked_than_a_bundle_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_BYTES", 1024)
    file = tmp_path / "evidence.tar.gz"
    file.write_bytes(gzip.compress(b"\0" * 2048))

    with pytest.raises(NotABundleError, match="unpacks to more than any bundle"):
        files_of(file)


def test_a_link_in_a_folder_is_not_followed(path: Path, tmp_path: Path) -> None:
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    page = tmp_path / FOLDER / bundle.PAGE
    page.unlink()
    page.symlink_to("/etc/passwd")

    with pytest.raises(NotABundleError, match=r"its report\.html is no file"):
        files_of(tmp_path / FOLDER)


def test_a_pipe_in_a_folder_is_not_waited_for(path: Path, tmp_path: Path) -> None:
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    page = tmp_path / FOLDER / bundle.PAGE
    page.unlink()
    os.mkfifo(page)

    with pytest.raises(NotABundleError):
        files_of(tmp_path / FOLDER)


def test_a_folder_of_something_else_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(NotABundleError, match=r"it has no README\.txt"):
        files_of(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b'{"a": 1, "a": 2}', id="a name twice"),
        pytest.param(b'{"evidence_version": ' + b"9" * 5000 + b"}", id="a huge number"),
        pytest.param(b'{"evidence_version": 2}', id="a later version"),
        pytest.param(b'{"evidence_version": true}', id="a version that is none"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"evidence_version": 1}', id="nothing in it"),
    ],
)
def test_evidence_that_can_t_be_read_is_no_bundle(content: bytes) -> None:
    with pytest.raises(NotABundleError):
        checked(summed(evidence=content))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(("now",), "0001-01-01T00:00:00+23:59", id="before all time"),
        pytest.param(("until",), "9999-12-31T23:59:59-23:59", id="after all time"),
        pytest.param(("surroundings", "plans", 0, "every_seconds"), 1e300, id="an endless interval"),
        pytest.param(("surroundings", "plans", 0, "latency_seconds"), 10**400, id="a number beyond all others"),
        pytest.param(("surroundings", "plans", 0, "latency_seconds"), -1, id="a time that runs backwards"),
        pytest.param(("surroundings", "policy", "within"), -5, id="no window of runs"),
        pytest.param(("surroundings", "policy", "open_after"), 0, id="an incident of nothing"),
    ],
)
def test_evidence_that_no_journal_holds_is_no_bundle(place: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(NotABundleError, match="its evidence"):
        checked(summed(evidence=json.dumps(_with(json.loads(whole()[bundle.EVIDENCE]), place, value)).encode()))


def test_a_run_that_never_ended_is_no_bundle() -> None:
    first, *rest = whole()[bundle.LINES].splitlines(keepends=True)
    forged = json.dumps({**json.loads(first), "duration_seconds": 1e12}).encode() + b"\n"

    with pytest.raises(NotABundleError, match=r"line 1\.duration_seconds: no duration"):
        checked(summed(lines=b"".join([forged, *rest])))


@pytest.mark.parametrize("content", [b"[" * 200_000, b"{", b""], ids=["deep", "broken", "empty"])
def test_a_report_that_can_t_be_read_is_no_bundle(content: bytes) -> None:
    with pytest.raises(NotABundleError):
        checked(summed(report=content))


def test_evidence_keeps_bodies_and_no_run_is_lost_on_the_way() -> None:
    evidence = evidence_of(story("..FFuF.."))

    assert bundle.evidence_of(whole()) == replace(evidence)
