"""Durations, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.files.durations import seconds_of, spelled


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30.0), ("1.5s", 1.5), ("5m", 300.0), ("2h", 7200.0), ("7d", 604_800.0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", "-5s", "5S", "5min", "1h30m", "1e3s", "\u0665s", "5s\n", ".5s", "nan"]
)
def test_whatever_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as 250ms, 30s, 5m or 1h$"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["0s", "0.0ms", "367d", "999999999h"])
def test_nothing_and_more_than_a_year_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration of more than nothing and at most a year$"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250ms"), (1.5, "1.5s"), (30.0, "30s"), (90.0, "90s"), (120.0, "2m"), (7200.0, "2h"), (86_400.0, "1d")],
)
def test_a_duration_is_spelled_with_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert spelled(seconds) == text


@given(st.integers(1, 31_000_000_000))
def test_what_is_spelled_reads_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000

    assert seconds_of(spelled(seconds)) == pytest.approx(seconds, abs=0.001)
