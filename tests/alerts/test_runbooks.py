from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.facts import a_failed_step, a_probe, a_run, a_start, an_answer, an_exchange
from support.logging_state import logging_restored
from support.runbooks import commands, complaint_of_brekwatch, complaints_of_promtool, lines, runbooks

from alerts.tying import KINDS_OF_ALERT
from exporter import logs
from exporter.logs import LogListener
from exporter.metrics import FAMILIES, Kind
from probes.model import Booking, Finding, MonitorFault
from probes.redaction import Scrubber
from probes.words import (
    BookingState,
    FailureKind,
    FaultKind,
    FindingKind,
    Operation,
    Outcome,
    SkipReason,
    SlotState,
)

HEADINGS = ["Meaning", "Impact", "Check", "Do", "Tell", "Silence"]
RUNBOOKS = runbooks()
RULES = Path(__file__).parents[2] / "alerts" / "rules"
OURS = "BrekIncident"
SERIES = {
    name
    for family in FAMILIES
    for name in [family.name, *(family.name + end for end in ("_bucket", "_count", "_sum"))]
    if name == family.name or family.kind is Kind.HISTOGRAM
}
every_runbook = pytest.mark.parametrize("name", RUNBOOKS)


@every_runbook
def test_a_runbook_is_named_after_its_alert_and_has_the_same_headings_as_all(name: str) -> None:
    assert RUNBOOKS[name].startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", RUNBOOKS[name], re.MULTILINE) == HEADINGS


@every_runbook
def test_no_part_of_a_runbook_is_empty(name: str) -> None:
    parts = re.split(r"^## .+$", RUNBOOKS[name], flags=re.MULTILINE)[1:]

    assert all(part.strip() for part in parts)


def test_every_alert_that_can_be_tied_to_an_incident_has_a_runbook_and_every_runbook_its_alert() -> None:
    assert set(RUNBOOKS) == set(KINDS_OF_ALERT)


def test_every_alert_of_the_rules_has_a_runbook_and_every_runbook_its_rule() -> None:
    text = "".join(path.read_text() for path in sorted(RULES.glob("*.rules.yml")))
    alerts = set(re.findall(r"alert: [\"']?(\w+)", text))

    assert alerts in (set(), set(RUNBOOKS) - {OURS})


@every_runbook
def test_every_brekwatch_command_of_a_runbook_can_be_typed(name: str) -> None:
    typed = commands(RUNBOOKS[name], "brekwatch")
    complaints = [complaint for words in typed if (complaint := complaint_of_brekwatch(words))]

    assert complaints == []


@pytest.mark.parametrize("wrong", ["runs --nonsense", "nonsense", "runs --outcome bad", "runs show", "run --repeat x"])
def test_a_command_that_can_t_be_typed_is_noticed(wrong: str) -> None:
    assert complaint_of_brekwatch(["brekwatch", *wrong.split()])


@every_runbook
def test_prometheus_takes_every_query_of_a_runbook(name: str, tmp_path: Path) -> None:
    queries = lines(RUNBOOKS[name], "promql")

    assert queries
    assert complaints_of_promtool(queries, tmp_path) == ""


@every_runbook
def test_the_metrics_and_labels_of_a_runbook_are_those_of_the_catalogue(name: str) -> None:
    queries = "\n".join(lines(RUNBOOKS[name], "promql"))
    named = set(re.findall(r"\bbrek_\w+", RUNBOOKS[name]))
    by = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", queries) for label in group.split(",")}
    matched = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", queries))
    known = {label for family in FAMILIES for label in family.labels} | {"le", "job", "alertname"}

    assert named <= SERIES
    assert by | matched <= known


@every_runbook
def test_a_runbook_leads_to_runbooks_that_exist(name: str) -> None:
    linked = set(re.findall(r"\]\((\w+)\.md\)", RUNBOOKS[name]))

    assert linked <= set(RUNBOOKS)
    assert RUNBOOKS[name].count("](") == len(re.findall(r"\[(\w+)\]\(\1\.md\)", RUNBOOKS[name]))


@every_runbook
def test_a_silence_is_of_this_alert_alone_and_ends(name: str) -> None:
    silences = [words for words in commands(RUNBOOKS[name], "amtool") if "silence" in words]

    assert len(silences) == 1
    assert f"alertname={name}" in silences[0]
    assert any(word.startswith("--duration=") for word in silences[0])
    assert any(word.startswith("--comment=") for word in silences[0])


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One line of each kind that a service writes when things go wrong."""
    stream = io.StringIO()
    with logging_restored():
        logs.configure(format="json", level="debug", scrubber=Scrubber(), stream=stream)
        tell_everything(LogListener())
    path = tmp_path_factory.mktemp("logs") / "brekwatch.log"
    path.write_text(stream.getvalue())
    return path


def tell_everything(listener: LogListener) -> None:
    start = a_start(scenario="golden_path")
    findings = tuple(
        Finding(kind=kind, operation=Operation.SEND_EVENT, detail="of the tests")
        for kind in (
            FindingKind.UNDOCUMENTED_TRANSITION,
            FindingKind.UNDOCUMENTED_CHAT_STATUS,
            FindingKind.CORRELATION_MISSING,
        )
    )
    for status_code in (401, 403, 429, 503):
        listener.exchange_finished(start, "search", an_exchange(answer=an_answer(status_code), expected=False))
    listener.step_finished(start, replace(a_failed_step(), findings=findings))
    listener.run_finished(a_run(Outcome.FAILED, reason=FailureKind.SERVER_ERROR))
    for reason in (SkipReason.QUOTA, SkipReason.CREDENTIALS):
        listener.slot_finished(a_probe(), SlotState.SKIPPED, reason, 0.0)
    listener.contract_compared("acme", findings[:1])
    listener.contract_unread("acme", "it is not there")
    booking = Booking(run_id=start.run_id, target="acme", session_id="s", booking_id="b", state=BookingState.LEFT)
    listener.booking_settled(booking)
    listener.monitor_fault(MonitorFault(kind=FaultKind.OFFLINE, detail="no address answers"))


@every_runbook
def test_every_look_at_the_logs_finds_what_it_looks_for(name: str, log_file: Path) -> None:
    for words in commands(RUNBOOKS[name], "jq"):
        command = [str(log_file) if word == "brekwatch.log" else word for word in words]
        told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.strip(), words


@every_runbook
def test_every_field_that_is_asked_of_the_logs_is_one_that_they_have(name: str, log_file: Path) -> None:
    known = {field for line in log_file.read_text().splitlines() for field in json.loads(line)}
    looks = [word for words in commands(RUNBOOKS[name], "jq") for word in words if "select(" in word]
    shown = [
        field.strip() for look in looks for group in re.findall(r"\{([^}]*)\}", look) for field in group.split(",")
    ]

    assert {field for look in looks for field in re.findall(r"\.(\w+)", look)} | set(shown) <= known
