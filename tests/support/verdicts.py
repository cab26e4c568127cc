"""Judged runs, written as short as they are read: `G` was good, other letters failed, each of a cause of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from alerts.places import Places, Plan
from probes.incident import Cause, Verdict
from probes.words import Blame, Environment, FailureKind, Operation, Outcome

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN_TIME = timedelta(seconds=10)
EVERY = timedelta(minutes=1)

CAUSES: Mapping[str, tuple[FailureKind, Operation, Blame]] = {
    "S": (FailureKind.SERVER_ERROR, Operation.SEND_EVENT, Blame.API),
    "T": (FailureKind.TIMEOUT, Operation.CREATE_SESSION, Blame.API),
    "K": (FailureKind.AUTH_REJECTED, Operation.CREATE_SESSION, Blame.CREDENTIALS),
    "C": (FailureKind.CHAT_STATUS, Operation.SEND_EVENT, Blame.CONVERSATION),
    "B": (FailureKind.UNEXPECTED_BOOKING, Operation.SEND_EVENT, Blame.API),
}
PLACES = Places(
    location="eu-1",
    environments={"acme": Environment.SANDBOX},
    plans={("acme", "search"): Plan(every_seconds=60.0, availability=0.99)},
)


def a_cause(letter: str, target: str = "acme") -> Cause:
    kind, operation, _ = CAUSES[letter]
    return Cause(target=target, kind=kind, operation=operation)


def a_verdict(letter: str, number: int, *, scenario: str = "search", target: str = "acme", at: datetime) -> Verdict:
    good = letter == "G"
    return Verdict(
        run_id=f"{target}.{scenario}.{number}",
        target=target,
        scenario=scenario,
        outcome=Outcome.PASSED if good else Outcome.FAILED,
        started_at=at,
        ended_at=at + RUN_TIME,
        cause=None if good else a_cause(letter, target),
        blame=None if good else CAUSES[letter][2],
    )


def verdicts(letters: str, *, scenario: str = "search", target: str = "acme", offset: float = 0.0) -> list[Verdict]:
    """One a minute; a blank is a minute without a judged run. The run at minute 3 is `acme.search.3`."""
    start = NOON + timedelta(seconds=offset)
    return [
        a_verdict(letter, number, scenario=scenario, target=target, at=start + number * EVERY)
        for number, letter in enumerate(letters)
        if letter != " "
    ]


def together(*several: Iterable[Verdict]) -> Iterator[Verdict]:
    """Runs of several scenarios, in the order of their end."""
    return iter(sorted((each for one in several for each in one), key=lambda verdict: verdict.ended_at))


def minute(number: float) -> datetime:
    """The start of the run at that minute."""
    return NOON + number * EVERY


def end_of(number: float) -> datetime:
    """The end of the run at that minute."""
    return minute(number) + RUN_TIME
