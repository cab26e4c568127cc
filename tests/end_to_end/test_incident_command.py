"""`brekwatch incident`: what a person sees of a journal in which real runs, and an incident, were kept."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from support.commands import Ended, brekwatch
from support.keeping import keeping
from support.kept_incidents import a_cause, a_hit, an_incident
from support.playing import play, target_for

from probes.incident import IncidentChange
from probes.model import Run
from probes.sandbox.server import SandboxServer


@pytest.fixture
def journal_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'brekwatch.db'}"


@pytest.fixture
async def kept(journal_url: str) -> Sequence[Run]:
    """One that was good, and three that were not."""
    async with keeping(journal_url) as journal, SandboxServer() as sandbox:
        runs = []
        for faults in ([], *[["server_error@search"]] * 3):
            sandbox.set_faults(faults)
            runs.append(await play("quick_search", target_for(sandbox), ledger=journal, listener=journal))
    return runs


@pytest.fixture
async def incident_id(journal_url: str, kept: Sequence[Run]) -> str:
    """An open incident of the failed ones."""
    first, last = kept[1], kept[-1]
    incident = an_incident(
        cause=a_cause(target="sandbox"),
        location=first.location,
        hits=(a_hit(first_failed_at=first.started_at, last_failed_at=last.started_at),),
        incident_id="k3m5q7s2u4w6y2a4c6e2g4i6k2",
        first_failed_run_id=first.run_id,
        first_failed_at=first.started_at,
        detected_run_id=last.run_id,
        detected_at=last.started_at + timedelta(seconds=last.duration_seconds),
        last_failed_run_id=last.run_id,
        last_failed_at=last.started_at + timedelta(seconds=last.duration_seconds),
    )
    async with keeping(journal_url) as journal:
        await journal.keep_incidents(IncidentChange(incidents=(incident,)))
    return incident.incident_id


async def ask(journal_url: str, *arguments: str) -> Ended:
    return await brekwatch("incident", *arguments, environment={"BREKWATCH_JOURNAL": journal_url})


async def test_the_last_hour_is_reported_as_a_page(journal_url: str, kept: Sequence[Run], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ended = await ask(journal_url, "--since", "1h", "-o", str(page))

    assert (ended.exit_code, ended.out) == (0, ""), ended
    assert "quick_search on sandbox has failed since" in ended.err
    assert f"wrote {page}\n" in ended.err
    assert page.read_text().startswith("<!doctype html>")
    assert sorted(file.name for file in tmp_path.iterdir() if "brekwatch" not in file.name) == ["report.html"]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.json", "{"), ("r.md", "# quick"), ("r.eml", "To: leo@pageonelab.com"), ("r.html", "<!doctype html>")],
)
async def test_the_file_s_name_says_the_format(
    journal_url: str, kept: Sequence[Run], tmp_path: Path, name: str, begins: str
) -> None:
    await ask(journal_url, "--since", "1h", "-o", str(tmp_path / name))

    assert (tmp_path / name).read_text().startswith(begins)


async def test_a_run_is_reported_by_the_beginning_of_its_id(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "--run", kept[2].run_id[:10], "--format", "json")
    report = json.loads(ended.out)

    assert ended.exit_code == 0
    assert report["failing"]["run_id"] == kept[2].run_id
    assert report["last_good"]["run_id"] == kept[0].run_id
    assert report["counts"]["failed"] == 3


async def test_the_newest_open_incident_is_reported_unasked(journal_url: str, incident_id: str) -> None:
    ended = await ask(journal_url, "--format", "json")

    report = json.loads(ended.out)

    assert ended.exit_code == 0, ended
    assert report["incident"]["incident_id"] == incident_id
    assert (report["counts"]["failed"], len(report["ids"])) == (3, 3)
    assert not any("The incident counts" in each for each in report["unknowns"])


async def test_an_incident_is_reported_by_the_beginning_of_its_id(journal_url: str, incident_id: str) -> None:
    ended = await ask(journal_url, "--incident", incident_id[:8], "--format", "json")

    assert json.loads(ended.out)["scope"]["asked"] == f"incident {incident_id}"


async def test_incidents_are_listed(journal_url: str, incident_id: str) -> None:
    table = await ask(journal_url, "list", "--open")
    document = await ask(journal_url, "list", "--format", "json")

    assert incident_id in table.out
    assert [each["incident_id"] for each in json.loads(document.out)["incidents"]] == [incident_id]


async def test_a_bundle_is_private_and_sound(journal_url: str, incident_id: str, tmp_path: Path) -> None:
    bundle = tmp_path / "evidence.tar.gz"
    made = await ask(journal_url, "--format", "json", "--bundle", str(bundle))
    verified = await ask(journal_url, "verify", str(bundle))

    assert made.exit_code == 0, made
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert (verified.exit_code, verified.err) == (0, ""), verified
    assert f"{bundle} is sound: " in verified.out


async def test_a_bundle_that_was_changed_is_told(journal_url: str, kept: Sequence[Run], tmp_path: Path) -> None:
    import tarfile

    bundle = tmp_path / "evidence.tar.gz"
    await ask(journal_url, "--since", "1h", "--format", "json", "--bundle", str(bundle))
    with tarfile.open(bundle) as archive:
        archive.extractall(tmp_path, filter="data")
    report = tmp_path / "brekwatch-report" / "report.json"
    report.write_text(report.read_text().replace('"failed": 3', '"failed": 2'))
    ended = await ask(journal_url, "verify", str(report.parent))

    assert ended.exit_code == 1
    assert "report.json: its checksum is not the one in SHA256SUMS" in ended.out
    assert "report.json: counts.failed is 2, and the evidence makes 3" in ended.out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        pytest.param(["--run", "no-such-run"], 1, "there is no run 'no-such-run' in", id="no such run"),
        pytest.param(
            ["--incident", "no-such-incident"], 1, "there is no incident 'no-such-incident'", id="no incident"
        ),
        pytest.param([], 1, "no incident is in", id="none kept"),
        pytest.param(["--run", "x", "--since", "1h"], 2, "a report is of one thing", id="two things"),
        pytest.param(["--until", "1h"], 2, "--until and --target belong to --since", id="until alone"),
        pytest.param(["--since", "1h", "--until", "2h"], 2, "--until must be later", id="until before since"),
        pytest.param(["--since", "yesterday"], 2, "is no stretch of time", id="no time"),
        pytest.param(["--since", "1h", "-o", "/"], 2, "is a folder: name a file in it", id="a folder"),
        pytest.param(["--since", "1h", "-o", "/no/such/r.html"], 2, "/no/such is no folder", id="no folder"),
        pytest.param(["verify", "/no/such/bundle"], 3, "can't be read: No such file", id="no bundle"),
        pytest.param(["verify", "/etc/passwd"], 2, "/etc/passwd is no bundle", id="something else"),
    ],
)
async def test_what_can_t_be_done_is_said_in_a_sentence(
    journal_url: str, kept: Sequence[Run], arguments: list[str], exit_code: int, told: str
) -> None:
    ended = await ask(journal_url, *arguments)

    assert (ended.exit_code, ended.out) == (exit_code, ""), ended
    assert told in ended.err
    assert "Traceback" not in ended.err


async def test_a_journal_that_is_not_there_can_t_be_read(tmp_path: Path) -> None:
    ended = await ask(f"sqlite:///{tmp_path / 'none.db'}", "--since", "1h")

    assert ended.exit_code == 3
    assert "there is no journal at" in ended.err


async def test_a_stretch_in_which_nothing_failed_is_a_report_too(journal_url: str, kept: Sequence[Run]) -> None:
    ended = await ask(journal_url, "--since", "2020-01-01", "--until", "2020-01-02", "--format", "markdown")

    assert ended.exit_code == 0
    assert ended.out.startswith("# No run is known since 2020-01-01")
