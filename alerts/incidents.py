"""When runs become an incident, and when it is over: one account, for the running service and for every report.

The rules are `ACCOUNTING`, which reports print. Why a scenario that fails of something else keeps an incident open:
whoever was woken is told "recovered" when guests are served again, and not when what fails has only changed its face. A
conversation that now breaks at its first step says nothing of the step that broke before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from alerts import incident_state
from alerts.blame import blame_of_run
from alerts.places import Places
from alerts.target_watch import TargetWatch
from probes.incident import Cause, Incident, Verdict
from probes.model import Run
from probes.settings import IncidentPolicy
from probes.words import JUDGED_OUTCOMES, Blame, BookingState, FailureKind, Operation, Outcome

ACCOUNTING = (
    "A run is good if it passed or was degraded, and bad if it failed.",
    "Unknown and skipped runs say nothing of the API: they neither open nor close an incident.",
    "But one that was cut off after it booked unasked is bad: money went out.",
    "A failed run that was played again soon counts like any other, and so does the one that was played again.",
    "The cause of a failed run is its target, the kind of failure, and the operation of the step that failed.",
    "A booking that nobody asked for is the cause of a failed run wherever there was one.",
    "An incident opens when `open_after` of the last `within` judged runs of one scenario failed of one cause.",
    "The same among the last `within` judged runs of a target opens one for a refused key, whatever scenarios had it.",
    "An unexpected booking opens one at once.",
    "Where so many failed of several causes, and no open incident has hit the scenario, the most frequent counts.",
    "Each cause has one open incident at most; a scenario that fails of it belongs to it from its first failure.",
    "Failures from before the opening count to it, unless their scenario was good again since for long enough.",
    "A failed run counts to one incident at most: what fails anew after the end is a new one.",
    "It ends as recovered when every scenario that it hit was good `close_after` times in a row since it last failed.",
    "For that it does not matter what a scenario last failed of: only good runs show a recovery.",
    "It ends as unplanned when what has not recovered from it is played no more. That is no recovery.",
    "It began with the start of its first failed run, and was detected with the end of the run that opened it.",
    "It had recovered with the end of the first good run of the scenario that was the last to be good again.",
    "The last good run is one that was over before the first failed run began.",
    "Who has to act is whom most of its failed runs blame. A tie is the API's, unless the monitor has a part in it.",
)
"""The rules by which incidents are reckoned, as sentences for reports."""


def verdict_of(run: Run) -> Verdict | None:
    """What a run says; None for one that says nothing of the API.

    One that was cut off after it had booked unasked is bad: money went out, and what may book is stopped.
    """
    if run.outcome not in JUDGED_OUTCOMES and not _booked_unasked(run):
        return None
    outcome = run.outcome if run.outcome in JUDGED_OUTCOMES else Outcome.FAILED
    cause = _cause_of(run) if outcome is Outcome.FAILED else None
    return Verdict(
        run_id=run.run_id,
        target=run.target,
        scenario=run.scenario,
        outcome=outcome,
        started_at=run.started_at,
        ended_at=run.started_at + timedelta(seconds=run.duration_seconds),
        recheck=run.recheck,
        cause=cause,
        blame=None if cause is None else _blame_of(run, cause),
    )


def _booked_unasked(run: Run) -> bool:
    return any(booking.state is BookingState.UNEXPECTED for booking in run.bookings)


def _cause_of(run: Run) -> Cause:
    if _booked_unasked(run):
        return Cause(target=run.target, kind=FailureKind.UNEXPECTED_BOOKING, operation=Operation.SEND_EVENT)
    step = run.failed_step
    exchange = None if step is None else step.own_exchange
    kind = run.reason if step is None or step.failure is None else step.failure.kind
    operation = None if exchange is None else exchange.operation
    return Cause(target=run.target, kind=_kind(kind), operation=operation)


def _kind(word: str | None) -> FailureKind:
    """A word that only another version knows is a failure all the same, though nothing more is known of it."""
    try:
        return FailureKind(word or "")
    except ValueError:
        return FailureKind.STATUS_CODE


def _blame_of(run: Run, cause: Cause) -> Blame:
    """A booking that nobody asked for is the API's, whatever the step failed of."""
    step = run.failed_step
    failed_of = None if step is None or step.failure is None else step.failure.kind
    return (blame_of_run(run) or Blame.API) if failed_of == cause.kind else Blame.API


class Watch:
    """Reckons incidents one judged run at a time, and survives a restart by `state`.

    It remembers a window for each scenario of each target, and what is open: its size is the configuration's.
    """

    def __init__(self, policy: IncidentPolicy, places: Places) -> None:
        self._policy = policy
        self._places = places
        self._targets: dict[str, TargetWatch] = {}
        self._planned: Mapping[str, frozenset[str]] | None = None

    @classmethod
    def of(
        cls,
        state: Mapping[str, object],
        policy: IncidentPolicy,
        places: Places,
        unread: Callable[[str, ValueError], None] | None = None,
    ) -> Watch:
        """One that goes on from `state`. Raises ValueError for what can't be read, unless `unread` is told instead."""
        watch = cls(policy, places)
        for target, document in state.items():
            try:
                tracks, cases = incident_state.read(target, document, policy.within)
            except ValueError as error:
                if unread is None:
                    raise
                unread(target, error)
            else:
                watch._targets[target] = TargetWatch(policy=policy, places=places, tracks=tracks, cases=cases)
        return watch

    @property
    def open(self) -> tuple[Incident, ...]:
        """All that are open, in the order in which they were detected."""
        cases = (case.incident for target in self._targets.values() for case in target.cases.values())
        return tuple(sorted(cases, key=_detected))

    @property
    def targets(self) -> frozenset[str]:
        """Those that something is remembered of."""
        return frozenset(self._targets)

    def see(self, verdict: Verdict, *, fresh: bool = False) -> tuple[Incident, ...]:
        """The incidents that this run changed: none, if it was seen before. Runs come in the order of their end.

        Whoever knows that it is new, as it has just ended, says that it is `fresh`: a clock that was set back then
        hides nothing.
        """
        return self.look(verdict, fresh=fresh) or ()

    def look(self, verdict: Verdict, *, fresh: bool = False) -> tuple[Incident, ...] | None:
        """As `see`, but None where the run changed nothing at all, so that there is no state to keep."""
        target = self._targets.get(verdict.target)
        if target is None:
            target = self._targets[verdict.target] = self._new(verdict.target)
        return target.see(verdict, fresh=fresh)

    def expect(self, policy: IncidentPolicy, places: Places, *, at: datetime) -> tuple[Incident, ...]:
        """What is planned from now on, and nothing else: the incidents that end by it."""
        self._policy, self._places = policy, places
        self._planned = _by_target(places.plans)
        ended: list[Incident] = []
        for name, target in tuple(self._targets.items()):
            ended += target.expect(self._planned.get(name, frozenset()), policy=policy, places=places, at=at)
            if name not in self._planned:
                del self._targets[name]
        return tuple(ended)

    def recent(self, target: str, scenario: str) -> Mapping[FailureKind, int]:
        """How many of the last `within` judged runs failed, by kind."""
        known = self._targets.get(target)
        track = None if known is None else known.tracks.get(scenario)
        return {} if track is None else track.failures()

    def seen(self) -> Mapping[tuple[str, str], datetime]:
        """When the last run that it knows of began, by target and scenario."""
        return {
            (name, scenario): track.window[-1].started_at
            for name, target in self._targets.items()
            for scenario, track in target.tracks.items()
            if track.window
        }

    def state(self) -> Mapping[str, object]:
        """JSON for each target, from which `of` goes on."""
        return {target: self.state_of(target) for target in sorted(self._targets)}

    def state_of(self, target: str) -> object:
        """The JSON of one target."""
        known = self._targets.get(target) or self._new(target)
        return incident_state.document_of(known.tracks, known.cases.values())

    def _new(self, target: str) -> TargetWatch:
        planned = None if self._planned is None else self._planned.get(target, frozenset())
        return TargetWatch(policy=self._policy, places=self._places, planned=planned)


def incidents(verdicts: Iterable[Verdict], policy: IncidentPolicy, places: Places) -> tuple[Incident, ...]:
    """All incidents that these runs make, in the order in which they were detected. Each run counts once."""
    each = {verdict.run_id: verdict for verdict in verdicts}
    found: dict[str, Incident] = {}
    watch = Watch(policy, places)
    for verdict in sorted(each.values(), key=lambda verdict: (verdict.ended_at, verdict.run_id)):
        for incident in watch.see(verdict, fresh=True):
            found[incident.incident_id] = incident
    return tuple(sorted(found.values(), key=_detected))


def _detected(incident: Incident) -> tuple[datetime, str]:
    return incident.detected_at, incident.incident_id


def _by_target(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    planned: dict[str, set[str]] = {}
    for target, scenario in pairs:
        planned.setdefault(target, set()).add(scenario)
    return {target: frozenset(scenarios) for target, scenarios in planned.items()}
