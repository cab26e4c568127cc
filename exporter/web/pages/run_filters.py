"""Which runs an address asks for, and the addresses that ask for others. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from exporter.since import moment_since
from probes.errors import UsageError
from probes.journal.kept import RunFilter, RunSummary
from probes.journal.moments import microseconds_of, moment_of
from probes.redaction import printable
from probes.words import FailureKind, Outcome

ROWS, MOST_ROWS = 50, 200
SPANS = ("1h", "24h", "7d", "30d")
_UNLESS_TOLD = "7d"
_LONGEST = 128
_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9a-z_-]{1,64})")
_NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the form says. None asks for all; `since` is as it was typed."""

    target: str | None = None
    scenario: str | None = None
    outcome: Outcome | None = None
    kind: FailureKind | None = None
    since: str | None = None
    limit: int = ROWS
    before: tuple[datetime, str] | None = None

    @property
    def reaches(self) -> str | None:
        """How far back it looks. What no index orders by time is looked for in a stretch that doesn't grow for ever."""
        by_index = self.kind is None and (self.target is None) is (self.scenario is None)
        return self.since or (None if by_index else _UNLESS_TOLD)

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for less than all runs."""
        return any((self.target, self.scenario, self.outcome, self.kind, self.since))

    def wanted(self, now: datetime) -> RunFilter:
        """The same for the journal. Raises UsageError for a `since` that is none."""
        return RunFilter(
            target=self.target,
            scenario=self.scenario,
            outcome=self.outcome,
            failure_kind=self.kind,
            since=None if self.reaches is None else moment_since(self.reaches, now, named="since"),
            before=self.before,
        )

    def query(self, *, behind: RunSummary | None = None, **changes: str) -> str:
        """What the address of the page behind this run ends with, or of the first page; with some values changed."""
        told = {name: str(value) for name in _FIELDS if (value := getattr(self, name)) is not None}
        told |= {} if self.limit == ROWS else {"limit": str(self.limit)}
        told |= changes | ({} if behind is None else {"before": _cursor(behind)})
        return f"?{urlencode(told)}" if told else ""


_FIELDS = ("target", "scenario", "outcome", "kind", "since")


def asked_of(query: Mapping[str, str]) -> Asked:
    """What an address asks for. Raises UsageError, with a sentence, for a value that can't be meant."""
    return Asked(
        target=_name(query, "target"),
        scenario=_name(query, "scenario"),
        outcome=_word(query, "outcome", Outcome),
        kind=_word(query, "kind", FailureKind),
        since=_name(query, "since"),
        limit=_limit(query),
        before=_before(query),
    )


def _name(query: Mapping[str, str], name: str) -> str | None:
    """What a form leaves empty, it doesn't ask for."""
    text = query.get(name, "").strip()
    if len(text) > _LONGEST:
        raise UsageError(f"{name} is longer than {_LONGEST} characters")
    return text or None


_Chosen = TypeVar("_Chosen", Outcome, FailureKind)


def _word(query: Mapping[str, str], name: str, words: type[_Chosen]) -> _Chosen | None:
    text = _name(query, name)
    if text is None:
        return None
    try:
        return words(text)
    except ValueError:
        raise UsageError(f"{name} {printable(text, 40)!r} is none of {', '.join(words)}") from None


def _limit(query: Mapping[str, str]) -> int:
    text = _name(query, "limit")
    if text is None:
        return ROWS
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= MOST_ROWS:
        raise UsageError(f"limit {printable(text, 40)!r} is no number from 1 to {MOST_ROWS}")
    return int(text)


def _before(query: Mapping[str, str]) -> tuple[datetime, str] | None:
    text = _name(query, "before")
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise UsageError("before is no place in this list: take it from the link to the next page")
    return moment_of(int(found[1])), found[2]


def _cursor(run: RunSummary) -> str:
    return f"{microseconds_of(run.started_at)}.{run.run_id}"
