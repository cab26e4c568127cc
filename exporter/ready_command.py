"""`brekwatch ready`: may this key go live against this API? Says what it will send, plays it, and tells the verdict."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from exporter import documents, logs, ready_documents, ready_playing, ready_table
from exporter.command_parts import EXIT_CANNOT_TELL
from exporter.log_options import LogLevel
from exporter.ready_cap import RequestCap
from exporter.ready_hands import PersonAtTerminal, at_a_terminal
from exporter.ready_live import CheckNews
from exporter.ready_lock import KeyInUseError, UnlockedError, alone_with_key
from exporter.ready_plan import plan_lines
from exporter.ready_playing import Hearing, Playing
from exporter.ready_request import CardWay, ReadyRequest
from exporter.run import choose_target
from exporter.terminal import LiveRun
from probes import safety
from probes.connectivity import Connectivity
from probes.errors import UsageError
from probes.files.durations import seconds_of
from probes.journal.journal import Journal
from probes.listening import Listeners
from probes.model import Target
from probes.readiness import waivers
from probes.readiness.checks import Heard, checks_of
from probes.readiness.model import Check, Plan, ReadyReport, Waiver
from probes.readiness.planning import Options, plan_of
from probes.readiness.verdict import verdict_of
from probes.readiness.words import SUITE_VERSION, Verdict
from probes.redaction import Scrubber, printable
from probes.runner import Runner, WhyNot
from probes.settings import Settings
from probes.stops import Stops
from probes.turns import Turns

_OPENING_SECONDS = 15.0
_RESTORE_SECONDS = 5.0
_EXIT_CODES = {Verdict.READY: 0, Verdict.NOT_READY: 1, Verdict.CANNOT_TELL: EXIT_CANNOT_TELL}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The request, understood: all that could be wrong with it has been looked at."""

    settings: Settings
    request: ReadyRequest
    target: Target
    options: Options
    waivers: tuple[Waiver, ...]
    card_wait_seconds: float
    scrubber: Scrubber
    started_at: datetime

    def checks(self, plan: Plan, heard: Heard) -> tuple[Check, ...]:
        """What is known by now."""
        now = datetime.now(UTC)
        return checks_of(plan, self.target, heard, self.options, self.waivers, today=now.date(), now=now)

    def report(self, plan: Plan, heard: Heard, seconds: float) -> ReadyReport:
        """The verdict, with all that it rests on."""
        checks = self.checks(plan, heard)
        verdict, sentence = verdict_of(plan, checks, heard)
        return ReadyReport(
            verdict=verdict,
            sentence=sentence,
            plan=_with_limit_told(plan, heard.limit_told),
            started_at=self.started_at,
            duration_seconds=seconds,
            requests_sent=heard.requests_sent,
            checks=checks,
            runs=heard.runs,
            suite_version=SUITE_VERSION,
            monitor_version=version("brekwatch"),
        )


def _with_limit_told(plan: Plan, limit: int | None) -> Plan:
    """What the API said itself is no assumption any more, and truer than a configuration."""
    return plan if limit is None else replace(plan, limit=limit, limit_known=True)


async def check_readiness(
    settings: Settings,
    request: ReadyRequest,
    state_folder: Path,
    *,
    uniform: Callable[[float, float], float] = random.uniform,
) -> int:
    """Plays, tells, and gives the exit code; `uniform` spreads retries. Raises UsageError before anything is sent."""
    asked = _understood(settings, request)
    logs.configure(level=LogLevel.WARNING, scrubber=asked.scrubber)
    if request.dry_run:
        return _dry_run(asked)
    view = LiveRun(Console(stderr=True), asked.scrubber.text)
    try:
        with _alone(state_folder, asked, view):
            report = await _checked(asked, uniform)
    except KeyInUseError as problem:
        view.say(f"brekwatch: {problem}")
        return EXIT_CANNOT_TELL
    return _told(report, asked, view)


def _understood(settings: Settings, request: ReadyRequest) -> _Asked:
    documents.refuse_bad_places(request.places.named())
    target = choose_target(settings.targets, request.target)
    by_hand = request.card is CardWay.MANUAL
    objectives = {
        probe.scenario: probe.objective.latency_seconds for probe in settings.probes if probe.target == target.name
    }
    budget = request.latency_budget
    options = Options(
        scenarios=request.names,
        peak_sessions_per_minute=request.peak_sessions_per_minute,
        latency_budget_seconds=None if budget is None else _seconds("--latency-budget", budget),
        repeat=request.repeat,
        least=request.least,
        by_hand=by_hand and at_a_terminal(sys.stdin, sys.stderr),
        max_requests=request.max_requests,
        objectives=objectives,
    )
    return _Asked(
        settings=settings,
        request=request,
        target=replace(target, portal=None) if by_hand else target,
        options=options,
        waivers=() if request.waivers is None else waivers.read(request.waivers, settings.scenarios),
        card_wait_seconds=_seconds("--card-wait", request.card_wait),
        scrubber=Scrubber(settings.secrets),
        started_at=datetime.now(UTC),
    )


def _seconds(option: str, text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError as problem:
        raise UsageError(f"{option} {printable(text, 80)}: it {problem}") from None


def _dry_run(asked: _Asked) -> int:
    """The plan alone. What the journal may know of stops is not asked: a dry run makes no file."""
    why_not = partial(safety.why_not, durable_ledger=True, by_hand=asked.options.by_hand)
    plan = _plan(asked, why_not)
    view = LiveRun(Console(stderr=asked.request.places.take_stdout), asked.scrubber.text)
    _say_plan(plan, asked, view)
    view.say("Dry run: nothing was sent.")
    return 0


def _plan(asked: _Asked, why_not: WhyNot) -> Plan:
    plan = plan_of(asked.target, asked.settings.scenarios, asked.options, why_not=why_not)
    most = asked.request.max_requests
    if most is not None and plan.requests > most:
        names = " ".join(f"--scenario {planned.name}" for planned in plan.scenarios[:1])
        raise UsageError(
            f"{plan.requests} requests are needed, and --max-requests allows {most}; nothing was sent. Raise it, "
            f"lower --repeat, or name what you want played, such as {names}; --dry-run shows what each takes"
        )
    return plan


def _say_plan(plan: Plan, asked: _Asked, view: LiveRun) -> None:
    for line in plan_lines(plan):
        view.say(printable(asked.scrubber.text(line)))
    if asked.request.card is CardWay.MANUAL and not asked.options.by_hand:
        view.say("--card manual needs a terminal, to show the setup URL to a person and to nobody else; this is none.")


@contextmanager
def _alone(folder: Path, asked: _Asked, view: LiveRun) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(alone_with_key(folder, asked.target, now=asked.started_at))
        except UnlockedError as problem:
            view.say(f"{problem}: see to it yourself that no other check uses this key meanwhile")
        yield


async def _checked(asked: _Asked, uniform: Callable[[float, float], float]) -> ReadyReport:
    """Plays the plan by the same runner, journal and safeguards as `run`."""
    settings, target, scrubber = asked.settings, asked.target, asked.scrubber
    began = time.perf_counter()
    view = LiveRun(Console(stderr=True), scrubber.text, _step_names(settings))
    hearing, turns, cap = Hearing(), Turns([target]), RequestCap(settings.scenarios, asked.request.max_requests)
    listeners = Listeners(view, hearing, turns, cap)
    journal = Journal(settings.service.journal, command="ready", scrub=scrubber.text, listener=listeners)
    stops = Stops(settings.targets.values(), book=journal, listener=listeners)
    listeners.add(journal)
    listeners.add(stops)
    person = PersonAtTerminal(view, sys.stdin, wait_seconds=asked.card_wait_seconds) if asked.options.by_hand else None
    runner = Runner(
        ledger=journal,
        listener=listeners,
        location=settings.service.location,
        connectivity=Connectivity(settings.service.reference),
        notice=scrubber.notice,
        stopped=stops.why_not,
        uniform=uniform,
        permit=cap.permit,
        cards=person,
    )
    broken_off: str | None = None
    try:
        await journal.start(_OPENING_SECONDS)
        await stops.start(_RESTORE_SECONDS)
        plan = _plan(asked, runner.why_not)
        _say_plan(plan, asked, view)
        listeners.add(CheckNews(view, lambda: asked.checks(plan, hearing.heard(cap.sent, None))))
        view.expect(sum(planned.times for planned in plan.scenarios))
        broken_off = await ready_playing.play(
            Playing(
                plan=plan,
                scenarios=settings.scenarios,
                target=target,
                runner=runner,
                turns=turns,
                cap=cap,
                hearing=hearing,
                view=view,
            )
        )
    finally:
        await stops.aclose()
        await journal.aclose()
        view.close()
    return asked.report(plan, hearing.heard(cap.sent, broken_off), time.perf_counter() - began)


def _step_names(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(step.name for step in scenario.steps) for name, scenario in settings.scenarios.items()}


def _told(report: ReadyReport, asked: _Asked, view: LiveRun) -> int:
    """Writes the documents, tells people, and gives the exit code. What can't be written makes no verdict better."""
    scrub, places = asked.scrubber.text, asked.request.places
    problems = list(documents.write(places.named(), partial(ready_documents.document, report=report, scrub=scrub)))
    try:
        ready_table.tell(report, Console(stderr=places.take_stdout), scrub)
        sys.stdout.flush()
    except OSError as problem:
        problems.append(f"stdout can't be written: {problem.strerror}")
    for unwritten in problems:
        view.say(printable(scrub(f"brekwatch: {unwritten}")))
    exit_code = _EXIT_CODES[report.verdict]
    return EXIT_CANNOT_TELL if problems and exit_code == 0 else exit_code
