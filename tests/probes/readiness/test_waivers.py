"""Waivers from a file: what they may say, and each mistake with its line and the way out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from probes.errors import ConfigError
from probes.readiness.waivers import read

TODAY = date(2026, 11, 24)
SCENARIOS = ("golden_path", "own")
SOUND = """\
waivers:
  - check: tls
    reason: "the sandbox has no certificate yet "
    until: 2026-12-31
  - {check: "scenario:own", reason: it is new, until: 2026-01-31}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "waivers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def one(check: str = "tls", reason: str = "because", until: str = "2026-12-31") -> str:
    return f"waivers:\n  - check: {check}\n    reason: {reason}\n    until: {until}\n"


def test_waivers_are_read_with_their_places(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    first, second = read(path, SCENARIOS, today=TODAY)

    assert (first.check_id, first.reason, first.until) == (
        "tls",
        "the sandbox has no certificate yet",
        date(2026, 12, 31),
    )
    assert (first.place, second.place) == (f"{path}:2", f"{path}:5")


def test_an_expired_waiver_is_read_and_does_not_hold(tmp_path: Path) -> None:
    _, expired = read(write(tmp_path, SOUND), SCENARIOS, today=TODAY)

    assert not expired.holds(TODAY)


def test_a_waiver_holds_on_its_last_day(tmp_path: Path) -> None:
    (waiver,) = read(write(tmp_path, one(until="2026-11-24")), SCENARIOS, today=TODAY)

    assert waiver.holds(TODAY)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (one(check="tsl"), ':2:12: waivers[0].check: no such check; did you mean "tls"'),
        (one(check="scenario:golden_pat"), 'did you mean "scenario:golden_path"'),
        (one(check="key_accepted"), ":2:12: waivers[0].check: can't be waived"),
        (one(reason="''"), ":3:13: waivers[0].reason: must say why"),
        (one(reason="'  '"), ":3:13: waivers[0].reason: must say why"),
        (one(until="soon"), ":4:12: waivers[0].until: must be a day, as 2026-12-31"),
        (one(until="'20261231'"), "must be a day"),
        (
            one(until="2027-11-26"),
            ":4:12: waivers[0].until: must be a day of the coming year, 2027-11-25",
        ),
        ("waivers:\n  - {check: tls, reason: x}\n", "until is missing: The last day on which it counts"),
        ("waiver: []\n", 'unknown key; did you mean "waivers"'),
        (one() + one().partition("\n")[2], ":5:12: waivers[1].check: stands twice, first on line 2"),
        ("waivers: [tls\n", "it can't be read as YAML"),
        ("", "it is empty"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_way_out(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigError) as error:
        read(path, SCENARIOS, today=TODAY)
    assert str(path) in str(error.value)
    assert problem in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        read(tmp_path / "none.yaml", SCENARIOS, today=TODAY)


def test_the_last_day_is_reckoned_from_today_if_no_day_is_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="of the coming year"):
        read(write(tmp_path, one(until="2999-01-01")), SCENARIOS)
