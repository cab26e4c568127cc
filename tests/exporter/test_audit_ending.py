from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from support.readiness_samples import a_seen, an_evidence

from exporter.audit_ending import Asked, end, prepare
from exporter.documents import STDOUT
from probes.errors import UsageError
from probes.readiness.evidence import Evidence
from probes.readiness.words import AuditKind, RuleState

NOTHING = Evidence(kind=AuditKind.PROXY, exchanges=())


def ended(asked: Asked, evidence: Evidence = NOTHING, *, notes: tuple[str, ...] = ()) -> int:
    return end(
        evidence, prepare(asked), duration_seconds=1.5, scrub=lambda text: text.replace("secret", "***"), notes=notes
    )


def test_an_integration_that_sent_nothing_can_not_be_judged() -> None:
    assert ended(Asked()) == 3


def test_a_broken_rule_is_an_exit_code_of_one_and_stands_in_every_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exposed = a_seen(1, key_in_url=True)
    asked = Asked(json=tmp_path / "audit.json", html=tmp_path / "audit.html", build="secret 1.4")
    code = ended(asked, Evidence(kind=AuditKind.PROXY, exchanges=(exposed,)), notes=("one was lost",))
    told = orjson.loads((tmp_path / "audit.json").read_bytes())
    states = {rule["id"]: rule["state"] for rule in told["rules"]}

    assert code == 1
    assert (told["verdict"], states["key_not_in_url"], told["build"]) == ("not_ready", RuleState.BROKEN, "*** 1.4")
    assert told["notes"] == ["one was lost"]
    assert "key_not_in_url" in (tmp_path / "audit.html").read_text()
    assert "key_not_in_url" in capsys.readouterr().out


def test_a_second_audit_shows_what_changed(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    ended(Asked(json=before), Evidence(kind=AuditKind.PROXY, exchanges=(a_seen(1, key_in_url=True),)))
    ended(Asked(json=after, compare=before), Evidence(kind=AuditKind.PROXY, exchanges=(a_seen(1),)))

    changes = {change["rule"]: change for change in orjson.loads(after.read_bytes())["changes"]}

    assert changes["key_not_in_url"] == {"rule": "key_not_in_url", "was": "broken", "now": "kept"}


def test_a_json_for_stdout_is_alone_there(capsys: pytest.CaptureFixture[str]) -> None:
    ended(Asked(json=STDOUT), an_evidence())
    told = capsys.readouterr()

    assert orjson.loads(told.out)["verdict"] in {"ready", "not_ready"}
    assert "Suite" in told.err


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        pytest.param({"json": "missing/a.json"}, "missing is no folder: make it first", id="no_folder"),
        pytest.param({"html": "folder"}, "--html folder: it is a folder: name a file in it", id="a_folder"),
        pytest.param({"json": "a", "html": "a"}, "--json and --html name the same place, a: give each", id="twice"),
        pytest.param({"html": "long" * 100}, "it can't be written: File name too long", id="long_name"),
        pytest.param({"compare": "missing.json"}, "missing.json: it can't be read: No such file", id="compare"),
        pytest.param({"attest": "missing.yaml"}, "missing.yaml", id="attest"),
        pytest.param({"log": "missing/app.log"}, "missing", id="log"),
        pytest.param({"log": "folder"}, "folder", id="log_is_a_folder"),
    ],
)
def test_what_can_not_be_used_is_said_before_anything_is_played(
    asked: dict[str, str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()

    with pytest.raises(UsageError) as told:
        prepare(Asked(**{name: Path(value) for name, value in asked.items()}))  # type: ignore[arg-type]

    assert complaint in str(told.value)


def test_a_page_for_stdout_is_alone_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended(Asked(html=STDOUT), an_evidence())
    told = capsys.readouterr()

    assert told.out.lstrip().lower().startswith("<!doctype html>")
    assert "Suite" in told.err
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_a_document_is_told_and_the_other_document_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Asked(json=tmp_path / "later" / "audit.json", html=tmp_path / "audit.html")
    (tmp_path / "later").mkdir()
    ending = prepare(asked)
    (tmp_path / "later").rmdir()
    code = end(an_evidence(), ending, duration_seconds=1.5, scrub=str)
    told = capsys.readouterr()

    assert code != 0
    assert "no folder: make it first" in told.err
    assert "Suite" in told.out
    assert (tmp_path / "audit.html").exists()
