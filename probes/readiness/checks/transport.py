"""The way there: TLS, how long answers take, and whether both sides have the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median

from probes.model import Exchange, Run
from probes.origin import Origin
from probes.readiness.checks.answering import Answered, failed, passed, unexercised, unsure
from probes.readiness.checks.seeing import Scene, Sight, first, proof_of, proofs
from probes.readiness.model import Proof
from probes.words import GOOD_OUTCOMES, FailureKind, FaultKind, Operation, Outcome

LEAST_DAYS_OF_CERTIFICATE = 14
DEFAULT_LATENCY_SECONDS = 30.0
MOST_SKEW_SECONDS = 60.0
_A_DAY_SECONDS = 86_400.0  # a number further off is no present time, only an id's
_HEADER, _IDS = "the date header", "the moment in sessionId or recordedAt"
_SESSION_MILLISECONDS = re.compile(r"sess_([0-9]{13})_")


def tls(scene: Scene) -> Answered:
    """https, with a certificate that holds for two weeks more; loopback needs none."""
    expected = f"https, with a certificate that holds for {LEAST_DAYS_OF_CERTIFICATE} days more"
    origin = Origin.of(scene.plan.base_url)
    if origin.scheme != "https":
        if origin.is_loopback:
            return unexercised(
                expected, "plain http on loopback", "Play it against the https address of Brek's sandbox."
            )
        advice = (
            "Configure the https:// address: over plain http anybody on the way reads the key and the guests' data."
        )
        return failed(expected, "plain http to another machine", advice)
    broken = [fall for fall in scene.falls() if fall.failure.kind is FailureKind.TLS]
    if broken:
        advice = "Tell Brek; until then no client that checks certificates can connect."
        return failed(expected, first(fall.told for fall in broken), advice, proofs(broken))
    over_tls = [sight for sight in scene.sights() if sight.exchange.answer is not None]
    ends = [sight for sight in over_tls if sight.exchange.certificate_expires_at is not None and _at_api(sight)]
    if not over_tls:
        return unexercised(expected, "no answer came", "See what failed below.")
    return _certificate(scene, expected, ends)


def _at_api(sight: Sight) -> bool:
    return sight.exchange.operation is not Operation.ATTACH_CARD


def _certificate(scene: Scene, expected: str, ends: list[Sight]) -> Answered:
    soonest = min(ends, key=lambda sight: sight.exchange.certificate_expires_at or 0.0, default=None)
    if soonest is None:
        return passed(expected, "https; the end of the certificate is not known")
    left_seconds = (soonest.exchange.certificate_expires_at or 0.0) - scene.now.timestamp()
    shown = f"https; the certificate holds for {left_seconds / _A_DAY_SECONDS:.1f} days"
    if left_seconds < LEAST_DAYS_OF_CERTIFICATE * _A_DAY_SECONDS:
        return failed(expected, shown, "Ask Brek when the certificate is renewed.", proofs([soonest]))
    return passed(expected, shown)


def latency(scene: Scene) -> Answered:
    """Each scenario's slowest good run within its budget, and no step over the time that it is given."""
    expected = "each scenario's slowest good run within its budget" + _told_budget(scene)
    if any(fault.kind is FaultKind.STALL for fault in scene.heard.faults):
        return unsure(expected, "this process stood still meanwhile", "Play it on a machine that is less busy.")
    good = [run for run in scene.judged if run.outcome in GOOD_OUTCOMES]
    if not good:
        return unexercised(expected, "no run was good", "See what failed.")
    slow = [run for run in good if run.duration_seconds > _budget(run.scenario, scene)]
    late = [run for run in good if run.outcome is Outcome.DEGRADED and run.reason == FailureKind.LATENCY]
    if slow or late:
        told = [
            f"{run.scenario} took {run.duration_seconds:.2f} s of {_budget(run.scenario, scene):g} s" for run in slow
        ]
        told += [f"{run.scenario}: {run.detail}" for run in late]
        advice = "Play it again with --repeat; if it stays so, ask Brek, or set a budget that your users bear."
        return failed(expected, first(told), advice, tuple(_slowest(run) for run in (*slow, *late)))
    slowest = max(good, key=lambda run: run.duration_seconds)
    return passed(expected, f"the slowest, {slowest.scenario}, took {slowest.duration_seconds:.2f} s")


def _told_budget(scene: Scene) -> str:
    asked = scene.options.latency_budget_seconds
    if asked is not None:
        return f" of {asked:g} s"
    return " (as the probes' objectives say)" if scene.options.objectives else f" of {DEFAULT_LATENCY_SECONDS:g} s"


def _budget(scenario: str, scene: Scene) -> float:
    asked = scene.options.latency_budget_seconds
    return scene.options.objectives.get(scenario, DEFAULT_LATENCY_SECONDS) if asked is None else asked


def _slowest(run: Run) -> Proof:
    """Its slowest step's request."""
    step = max(run.steps, key=lambda step: step.duration_seconds)
    return proof_of(run, step, step.own_exchange)


def clock_skew(scene: Scene) -> Answered:
    """Ours against the `date` header, or against the moments in the API's own ids and events.

    Where the header is far off, and the ids are not, this machine's clock has a witness: it is the API that is wrong.
    """
    expected = f"both clocks agree to {MOST_SKEW_SECONDS:g} s"
    by_header = [(skew, sight) for sight in scene.sights() if (skew := _by_header(sight.exchange)) is not None]
    by_ids = [skew for sight in scene.good_sights() if (skew := _by_ids(sight.exchange)) is not None]
    present = [skew for skew in by_ids if abs(skew) < _A_DAY_SECONDS]
    skews = [skew for skew, _ in by_header] or present
    if not skews:
        return unexercised(expected, "no answer told a present time")
    off = median(skews)
    side = "ahead of" if off > 0 else "behind"
    shown = f"{_HEADER if by_header else _IDS} is {abs(off):.1f} s {side} this machine's clock"
    if abs(off) <= MOST_SKEW_SECONDS:
        return passed(expected, shown)
    if by_header and present and abs(median(present)) <= MOST_SKEW_SECONDS:
        advice = "Two clocks against one: tell Brek. Don't take the time from the date header, nor keep answers by it."
        lying = (sight for skew, sight in by_header if abs(skew) > MOST_SKEW_SECONDS)
        return failed(expected, f"{shown}, and {_IDS} agrees with it", advice, proofs(lying))
    advice = "Which of the two is wrong can't be told from here: set this machine's clock (NTP), then play it again."
    return unsure(expected, shown, advice)


def _by_header(exchange: Exchange) -> float | None:
    told = None if exchange.answer is None else exchange.answer.headers.get("date")
    try:
        moment = None if told is None else parsedate_to_datetime(told)
    except (ValueError, OverflowError):  # a server may write any number there
        return None
    return None if moment is None else _off(moment, exchange)


def _by_ids(exchange: Exchange) -> float | None:
    """The milliseconds in a new session's id; else the newest event that a snapshot tells, which is no later."""
    answer = exchange.answer
    if answer is None:
        return None
    if exchange.operation is Operation.CREATE_SESSION:
        found = _SESSION_MILLISECONDS.match(answer.session_id or "")
        return None if found is None else _off(datetime.fromtimestamp(int(found[1]) / 1000, UTC), exchange)
    recorded = list(_recorded(answer.body)) if exchange.operation is Operation.GET_SESSION else []
    return _off(max(recorded), exchange) if recorded else None


def _recorded(body: object) -> Iterator[datetime]:
    match body:
        case {"data": {"events": [*events]}}:
            for event in events:
                match event:
                    case {"recordedAt": str(text)}:
                        yield from _moment(text)


def _moment(text: str) -> Iterator[datetime]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    yield moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _off(moment: datetime, exchange: Exchange) -> float:
    """How far it is outside the time of the exchange, in seconds; ahead is positive."""
    began = exchange.started_at
    ended = began + timedelta(seconds=exchange.duration_seconds)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if aware < began:
        return (aware - began).total_seconds()
    return max(0.0, (aware - ended).total_seconds())
