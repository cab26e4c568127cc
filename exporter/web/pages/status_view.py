"""What the page at `/` says, reckoned from the board: one sentence, then what fails, then all, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from alerts.report.phrases import counted
from exporter.recorder.board import Board, Row
from exporter.web.pages.strip_picture import Day, day_of
from probes.incident import Incident
from probes.settings import Maintenance
from probes.words import FaultKind, Outcome, Standing

TARGETS_A_PAGE = 15
MOST_FAILURES = 12
_WORSE, _NO_WORSE = {Outcome.FAILED: 0, Outcome.DEGRADED: 1}, 2
_ORDER = {standing: place for place, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which probes are wanted. `words` are looked for in the names of target, scenario and environment."""

    words: str = ""
    state: Standing | None = None
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One probe, as it is told: whatever it said, nothing is told of it while nobody probes."""

    row: Row
    standing: Standing
    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The probes of one target, the worst first."""

    target: str
    environment: str
    lines: tuple[Line, ...]
    maintenance: Maintenance | None
    stopped: str | None

    @property
    def counts(self) -> dict[Standing, int]:
        """How many stand how."""
        return Counter(line.standing for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """All configured probes in numbers. `since` is when the first began to fail of those that still do."""

    probes: int
    counts: dict[Standing, int]
    degraded: int
    since: datetime | None
    problem: str | None

    @property
    def standing(self) -> Standing:
        """That of all: good only if each is."""
        if self.problem is not None or not self.probes:
            return Standing.STALE
        return next(each for each in Standing if self.counts.get(each, 0))

    @property
    def nothing_told(self) -> bool:
        """Whether not a single probe says anything about now."""
        return self.problem is not None or self.counts.get(Standing.STALE, 0) == self.probes


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The page, or the document: `groups` are those of its page, `fitting` and `targets` count those of all pages."""

    now: datetime
    overall: Overall
    question: Question
    groups: tuple[Group, ...]
    failing: tuple[Row, ...]
    fitting: int
    targets: int
    pages: int
    incidents: tuple[Incident, ...]
    maintenance: tuple[Maintenance, ...]
    stopped: tuple[tuple[str, str], ...]
    uncounted_before: datetime | None
    troubles: tuple[tuple[FaultKind, str], ...]


def view_of(board: Board, question: Question, *, problem: str | None, whole: bool = False) -> View:
    """What is told of it, a page of it unless it is wanted whole. In any thread."""
    now, rows = board.now(), board.rows()
    standings = {(row.target, row.scenario): _standing(row, problem) for row in rows}
    fitting = [row for row in rows if _fits(row, question, standings[row.target, row.scenario])]
    ordered = _worst_first(fitting, standings)
    pages = max(1, -(-len(ordered) // TARGETS_A_PAGE))
    page = min(question.page, pages)
    shown = ordered if whole else ordered[(page - 1) * TARGETS_A_PAGE : page * TARGETS_A_PAGE]
    running = tuple(each for each in board.maintenance if each.starts_at <= now < each.ends_at)
    return View(
        now=now,
        overall=_overall(rows, standings, problem),
        question=Question(words=question.words, state=question.state, page=page),
        groups=tuple(_group(board, group, standings, now) for group in shown),
        failing=_failing(fitting, standings),
        fitting=len(fitting),
        targets=len(ordered),
        pages=pages,
        incidents=board.incidents,
        maintenance=running,
        stopped=tuple(sorted(board.stopped.items())),
        uncounted_before=board.uncounted_before,
        troubles=tuple(sorted(board.troubles.items())),
    )


Standings = dict[tuple[str, str], Standing]


def _standing(row: Row, problem: str | None) -> Standing:
    return row.standing if problem is None else Standing.STALE


def _fits(row: Row, question: Question, standing: Standing) -> bool:
    if question.state not in {None, standing}:
        return False
    if not question.words:
        return True
    named = f"{row.target} {row.scenario} {row.environment}".casefold()
    return all(word in named for word in question.words.casefold().split())


def _rank(row: Row, standing: Standing) -> tuple[int, int]:
    """What failed last is worse where nothing is known, and what is degraded where all is good."""
    judged = row.sight.judged
    return _ORDER[standing], _NO_WORSE if judged is None else _WORSE.get(judged.outcome, _NO_WORSE)


def _worst_first(rows: Sequence[Row], standings: Standings) -> list[list[Row]]:
    """The rows of each target, and the targets by the worst of theirs, then by how many fail."""
    by_target = [list(alike) for _, alike in groupby(rows, key=lambda row: row.target)]
    ranked = []
    for alike in by_target:
        ranks = {row.scenario: _rank(row, standings[row.target, row.scenario]) for row in alike}
        alike.sort(key=lambda row: (ranks[row.scenario], row.scenario))
        worst = min(ranks.values())
        count = sum(rank == worst for rank in ranks.values())
        ranked.append((worst, -count if worst < (_ORDER[Standing.GOOD], _NO_WORSE) else 0, alike[0].target, alike))
    ranked.sort(key=lambda each: each[:3])
    return [alike for *_, alike in ranked]


def _overall(rows: Iterable[Row], standings: Standings, problem: str | None) -> Overall:
    rows = tuple(rows)
    failing = [row for row in rows if standings[row.target, row.scenario] is Standing.FAILING]
    since = [judged.since for row in failing if (judged := row.sight.judged) and judged.since is not None]
    return Overall(
        probes=len(rows),
        counts=Counter(standings.values()),
        degraded=sum(not row.stale and row.outcome == Outcome.DEGRADED for row in rows),
        since=min(since, default=None),
        problem=problem,
    )


def _failing(rows: Iterable[Row], standings: Standings) -> tuple[Row, ...]:
    """What fails now, the longest first."""
    failing = [row for row in rows if standings[row.target, row.scenario] is Standing.FAILING]
    failing.sort(key=lambda row: (_since(row), row.target, row.scenario))
    return tuple(failing)


def _since(row: Row) -> float:
    judged = row.sight.judged
    return judged.since.timestamp() if judged is not None and judged.since is not None else 0.0


def _group(board: Board, rows: Sequence[Row], standings: Standings, now: datetime) -> Group:
    target = rows[0].target
    windows = [each for each in board.maintenance if target in each.targets]
    lines = tuple(
        Line(row=row, standing=standings[row.target, row.scenario], day=day_of(row, now, windows)) for row in rows
    )
    return Group(
        target=target,
        environment=rows[0].environment,
        lines=lines,
        maintenance=next((each for each in windows if each.starts_at <= now < each.ends_at), None),
        stopped=board.stopped.get(target),
    )


@dataclass(frozen=True, slots=True)
class Sentence:
    """How it stands, in one sentence; where `since` is not None it stands between the two texts."""

    before: str
    since: datetime | None = None
    after: str = "."

    def as_text(self) -> str:
        """The whole, its moment in UTC."""
        return self.before + ("" if self.since is None else f"{self.since:%Y-%m-%d %H:%M:%S} UTC") + self.after


def sentence_of(overall: Overall, incidents: int = 0) -> Sentence:
    """Whether it is fine, before all else; an incident lasts until enough good runs have ended it."""
    counts, probes = overall.counts, overall.probes
    failing, stale = counts.get(Standing.FAILING, 0), counts.get(Standing.STALE, 0)
    if overall.problem is not None:
        return Sentence(f"Nothing can be told: brekwatch is not probing: {overall.problem}")
    if not probes:
        return Sentence("Nothing can be told: no probes are configured")
    if stale == probes:
        return Sentence("Nothing can be told: no probe was judged within its last two intervals")
    if failing:
        rest = f"; {stale} {'is' if stale == 1 else 'are'} stale." if stale else "."
        verb = "fails" if failing == 1 else "fail"
        said = f"{failing} of {probes} {'probe' if probes == 1 else 'probes'} {verb}"
        return Sentence(said, None, rest) if overall.since is None else Sentence(f"{said}, since ", overall.since, rest)
    if stale:
        return Sentence(f"{probes - stale} of {probes} probes are good; of {stale} nothing can be told")
    degraded = f", {overall.degraded} of them degraded" if overall.degraded else ""
    lasting = f"; {counted(incidents, 'incident')} not over yet" if incidents else ""
    good = f"All {probes} probes are good" if probes > 1 else "The one probe is good"
    return Sentence(good + degraded + lasting)
