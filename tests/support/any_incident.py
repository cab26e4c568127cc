"""Any incident that could be, for properties that hold of all of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from probes.incident import Cause, Hit, Incident
from probes.words import Blame, Ended, Environment, FailureKind, Operation

moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy wants them so, and gives them a zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-11, 0, 2)]),
)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
numbers = st.floats(min_value=0, max_value=1e9)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    """Any incident that could be, and some that could not."""
    strategies = st.builds(
        Incident,
        incident_id=words,
        cause=st.builds(
            Cause, target=words, kind=st.sampled_from(FailureKind), operation=st.none() | st.sampled_from(Operation)
        ),
        blame=st.sampled_from(Blame),
        environment=st.sampled_from(Environment),
        location=words,
        hits=st.lists(
            st.builds(
                Hit,
                scenario=words,
                failed_runs=st.integers(0, 10**9),
                first_failed_at=moments,
                last_failed_at=moments,
                good_in_a_row=st.integers(0, 99),
                good_since=st.none() | moments,
                every_seconds=st.none() | numbers,
                availability=st.none() | numbers,
            ),
            max_size=4,
        ).map(tuple),
        first_failed_run_id=words,
        first_failed_at=moments,
        detected_run_id=words,
        detected_at=moments,
        last_failed_run_id=words,
        last_failed_at=moments,
        last_good_run_id=st.none() | words,
        last_good_at=st.none() | moments,
        recovered_run_id=st.none() | words,
        recovered_at=st.none() | moments,
        closed_at=st.none() | moments,
        ended=st.none() | st.sampled_from(Ended),
        detected_blame=st.none() | st.sampled_from(Blame),
    )
    return draw(strategies)
