from __future__ import annotations

from datetime import timedelta

from support.facts import NOON
from support.incidents import an_incident, ended

from exporter.incident_listing import lines

LATER = NOON + timedelta(hours=1)


def test_an_open_incident_has_lasted_until_now() -> None:
    heading, row = lines([an_incident()], LATER)

    assert heading.split()[2:4] == ["state", "lasted"]
    assert "open   1 h 2 min" in row


def test_one_that_ended_has_lasted_until_it_recovered() -> None:
    _, row = lines([ended(an_incident(), NOON + timedelta(minutes=31))], LATER)

    assert "recovered  32 min" in row


def test_no_incident_makes_no_table() -> None:
    assert list(lines([], LATER)) == []
