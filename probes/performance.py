"""One run under way: step after step, each judged; then the cleanup; then the verdict."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from probes import by_hand, portal, verdict
from probes.acting import Acting
from probes.bookings import BookingWatch
from probes.client import CoreChatClient
from probes.errors import RefusedError, ValueMissingError
from probes.expectations import Wanted, judge, status_codes_wanted
from probes.model import (
    Answer,
    Booking,
    Exchange,
    Failure,
    MonitorFault,
    Run,
    StepResult,
    Target,
    Transition,
)
from probes.requests import Call, Conversation, actor_of
from probes.safety import ProductionGuard, bookings_allowed
from probes.scenario import Act, Repeat, Scenario, Step, write_kind
from probes.stage import TIMEZONE_OFFSET_MINUTES, Stage
from probes.surroundings import Deadlines, Surroundings
from probes.transitions import transition
from probes.transport import Transport
from probes.under_way import UnderWay
from probes.words import (
    GOOD_OUTCOMES,
    NO_STATUS,
    BookingState,
    ChatStatus,
    FailureKind,
    FaultKind,
    Operation,
    OtherKey,
    Outcome,
    SkipReason,
    WriteKind,
)

_SETTLE_SECONDS = 0.4  # what a run may take beyond its deadline, to read what a lost write did …
_GRACE_SECONDS = 0.8  # … and with its cleanup: it must end within a second
_AFTERCARE_SECONDS = 5.0
_ANY_BUT_SERVER_ERRORS = frozenset(range(200, 500))  # no document says what a cancel answers
_NO_STEP = ""
_CANCEL = Step(name="cancel", action=Act(kind=WriteKind.CANCEL_BOOKING))


class Performance:
    """The mutable middle of a run; everything that leaves it is frozen."""

    def __init__(
        self, scenario: Scenario, target: Target, under_way: UnderWay, surroundings: Surroundings, deadlines: Deadlines
    ) -> None:
        self._scenario = scenario
        self._target = target
        self._under_way = under_way
        self._start = start = under_way.start
        self._listener = surroundings.listener
        self._cards = surroundings.cards
        self._loop = asyncio.get_running_loop()
        self._began = time.perf_counter()  # uvloop's own clock counts whole milliseconds
        self._ended: float | None = None
        self._deadline = self._loop.time() + deadlines.run_seconds
        self._step_deadline_seconds = deadlines.step_seconds
        actor_id = actor_of(start.run_id)
        self._conversation = Conversation(actor_id=actor_id, timezone_offset_minutes=TIMEZONE_OFFSET_MINUTES)
        self._stage = Stage(now=start.started_at, actor_id=actor_id)
        self._watch = BookingWatch(start, surroundings.ledger, self._tell_fault)
        self._transport = Transport()
        self._client = self._new_client(surroundings)
        self._acting = Acting(self._client, self._stage, target, surroundings.now)
        self._cleaning_up = False
        self._in_doubt = False  # a turn that may book is under way, or its answer tells nothing
        self._step_name = ""
        self._exchanges: list[Exchange] = []
        self._steps: list[StepResult] = []
        self._cleanup: list[StepResult] = []
        self._stopped: verdict.Verdict | None = None

    def _new_client(self, surroundings: Surroundings) -> CoreChatClient:
        ledger, started_at = surroundings.ledger, self._start.started_at
        allowed = bookings_allowed(self._scenario, self._target, durable_ledger=ledger.durable, now=started_at)
        return CoreChatClient(
            self._target,
            self._transport,
            start=self._start,
            conversation=self._conversation,
            ledger=ledger,
            guard=ProductionGuard(self._target, bookings_allowed=allowed),
            seen_ids=surroundings.seen_ids,
            tell=self._keep_exchange,
            tell_fault=self._tell_fault,
            notice=surroundings.notice,
            uniform=surroundings.uniform,
            permit=surroundings.permit,
            now=surroundings.now,
        )

    def _keep_exchange(self, exchange: Exchange) -> None:
        self._exchanges.append(exchange)
        self._under_way.saw(exchange)
        self._listener.exchange_finished(self._start, self._step_name, exchange)

    def _tell_fault(self, kind: FaultKind, detail: str, error: BaseException) -> None:
        self._listener.monitor_fault(MonitorFault.of_run(self._start, kind, detail, error))

    async def play(self) -> Run:
        """Plays, cleans up whatever happened, and gives the verdict."""
        try:
            for step in self._scenario.steps:
                result = self._gap(step) or await self._by_hand(step)
                result = result or await self._play_step(step, self._step_deadline())
                self._keep(self._steps, result)
                if result.outcome not in GOOD_OUTCOMES and result.gap is None:
                    break
            self._ended = time.perf_counter()
            await self._clean_up()
        except asyncio.CancelledError:
            self._ended = time.perf_counter()
            self._stopped = (Outcome.UNKNOWN, FaultKind.CANCELLED, "the run was cancelled before its end")
            self._deadline = self._loop.time()
            await self._settle_doubt()
            await self._clean_up()
            raise
        finally:
            self._under_way.step = None
            await self._transport.aclose()
        return self.run()

    def run(self) -> Run:
        """The run as it stands, with its verdict; steps that were not reached are skipped."""
        for step in self._scenario.steps[len(self._steps) :]:
            self._keep(self._steps, StepResult(name=step.name, outcome=Outcome.SKIPPED))
        outcome, reason, detail = verdict.verdict(self._steps, self._stopped)
        ended = time.perf_counter() if self._ended is None else self._ended
        return Run(
            run_id=self._start.run_id,
            target=self._start.target,
            scenario=self._start.scenario,
            outcome=outcome,
            reason=reason,
            detail=detail,
            started_at=self._start.started_at,
            duration_seconds=ended - self._began,
            location=self._start.location,
            recheck=self._start.recheck,
            steps=tuple(self._steps),
            cleanup=tuple(self._cleanup),
            bookings=tuple(self._watch.bookings),
        )

    def _keep(self, results: list[StepResult], result: StepResult) -> None:
        results.append(result)
        self._listener.step_finished(self._start, result)

    def _gap(self, step: Step) -> StepResult | None:
        """A step that needs another tenant's key is left out where none is configured, and told as such."""
        if not step.needs_other_key or self._target.other_api_key is not None:
            return None
        return StepResult(name=step.name, outcome=Outcome.SKIPPED, gap="no other_api_key is configured")

    async def _by_hand(self, step: Step) -> StepResult | None:
        """A card that a person adds. The wait is theirs: neither the deadline nor the duration knows of it."""
        if self._cards is None or not by_hand.is_wanted(step, portal=self._target.portal is not None):
            return None
        self._step_name = self._under_way.step = step.name
        began = time.perf_counter()
        try:
            setup_url = self._stage.payment_setup_url()
            result, in_vain = await by_hand.attach(step, self._scenario.name, setup_url, self._cards)
        finally:
            waited = time.perf_counter() - began
            self._began += waited
            self._deadline += waited
        if in_vain is not None:
            self._stopped = (Outcome.SKIPPED, SkipReason.PORTAL, in_vain)
        return result

    def _step_deadline(self) -> float:
        return min(self._loop.time() + self._step_deadline_seconds, self._deadline)

    def _aftercare_deadline(self, grace_seconds: float) -> float:
        seconds = min(_AFTERCARE_SECONDS, self._step_deadline_seconds)
        return min(self._loop.time() + seconds, self._deadline + grace_seconds)

    async def _play_step(self, step: Step, deadline: float) -> StepResult:
        """One step to its end. Whatever goes wrong inside us ends here, as `unknown`."""
        self._step_name = self._under_way.step = step.name
        self._exchanges.clear()
        self._conversation.findings.clear()
        began = time.perf_counter()
        changes: tuple[Transition, ...] = ()
        outcome = Outcome.PASSED
        failure: Failure | None = None
        try:
            failure, changes = await self._act_and_judge(step, deadline)
        except ValueMissingError as missing:
            failure = Failure(kind=FailureKind.ARTIFACT, expected="a value of an earlier answer", observed=str(missing))
        except portal.PortalError as problem:
            failure = Failure(kind=FailureKind.PORTAL, expected="a setup URL of the portal", observed=str(problem))
        except asyncio.CancelledError:
            if self._ended is None:
                self._keep(self._steps, self._result(step, Outcome.UNKNOWN, time.perf_counter() - began))
            raise
        except Exception as error:  # noqa: BLE001 - ours: the run can't tell
            outcome = self.stop(error)
            if self._exchanges and not self._cleaning_up:  # something was sent
                await self._settle_doubt()
        elapsed = time.perf_counter() - began
        if failure is not None:
            outcome = Outcome.FAILED
        elif outcome is Outcome.PASSED:
            failure = verdict.late(step.expect, elapsed)
            if failure is not None or self._retried():
                outcome = Outcome.DEGRADED
        return self._result(step, outcome, elapsed, failure, changes)

    def _retried(self) -> bool:
        """Whether the step's own request took more than one attempt; a snapshot that was read after it is none."""
        return len([each for each in self._exchanges if each.operation is self._exchanges[0].operation]) > 1

    def _result(
        self,
        step: Step,
        outcome: Outcome,
        elapsed: float,
        failure: Failure | None = None,
        changes: tuple[Transition, ...] = (),
    ) -> StepResult:
        return StepResult(
            name=step.name,
            outcome=outcome,
            duration_seconds=elapsed,
            failure=failure,
            exchanges=tuple(self._exchanges),
            transitions=changes,
            findings=(*self._conversation.findings, *verdict.undocumented(changes)),
        )

    async def _act_and_judge(self, step: Step, deadline: float) -> tuple[Failure | None, tuple[Transition, ...]]:
        compared = (*step.expect.same, *step.expect.new)
        earlier = {asked: self._stage.look_up(asked) for asked in compared} if compared else None
        before = self._conversation.chat_status
        turn = step.action.operation is Operation.SEND_EVENT
        self._in_doubt = bool(write_kind(step.action)) or (turn and self._conversation.confirmation_seen)
        acted = await self._acting.act(step, self._call(step, deadline))
        self._conversation.findings += acted.findings
        last = acted.exchanges[-1]
        session_id = self._client.session_sent(step.name)
        wanted = Wanted(
            expect=step.expect,
            operation=step.action.operation,
            leaves=self._scenario.leaves,
            booked_before=self._cleaning_up,
            booking_known=self._watch.knows(session_id),
            own_key=last.own_key,
            session_id=session_id,
            actor_id=self._conversation.actor_id,
            earlier=earlier,
            document_problem=acted.document_problem,
        )
        failure = judge(last, wanted)
        changes = self._changes(step, last)
        if self._cleaning_up:
            return failure, changes
        await self._look_for_bookings(step, last, failure, before, session_id or self._conversation.session_id)
        self._in_doubt = False
        return failure or self._booked_once_too_often(), changes

    async def _look_for_bookings(
        self, step: Step, last: Exchange, failure: Failure | None, before: str | None, session_id: str | None
    ) -> None:
        if last.answer is not None:
            statuses = (*step.expect.chat_statuses, *step.expect.events)
            expected = ChatStatus.BOOKED in statuses and not isinstance(step.action, Repeat)
            await self._watch.saw_answer(last.answer, session_id, expected=expected)
        if self._in_doubt and not self._watch.knows(session_id) and (failure or not verdict.succeeded(last)):
            own = session_id == self._conversation.session_id
            await self._settle(last, before if own else None, session_id, refused=failure is None)

    async def _settle_doubt(self) -> None:
        """A turn that may book was broken off by us: what it did is looked up, too."""
        if self._in_doubt:
            self._in_doubt = False
            await self._settle(None, self._conversation.chat_status, self._conversation.session_id)

    def _booked_once_too_often(self) -> Failure | None:
        """A booking that nobody asked for, whatever answers say: after a refusal, or beside one that is known."""
        if not any(booking.state is BookingState.UNEXPECTED for booking in self._watch.bookings):
            return None
        seen = "a booking that this step was not to make"
        return Failure(kind=FailureKind.UNEXPECTED_BOOKING, expected="nothing booked", observed=seen)

    def stop(self, error: Exception) -> Outcome:
        """Why the run can't go on without the API being at fault: refused, not kept, or our own fault."""
        if isinstance(error, RefusedError):
            self._stopped = (Outcome.SKIPPED, SkipReason.SAFETY, str(error))
            return Outcome.SKIPPED
        kind = verdict.fault_of(error)
        detail = f"{type(error).__name__} in step {self._step_name}" if kind is FaultKind.BUG else str(error)
        self._stopped = (Outcome.UNKNOWN, kind, detail)
        self._tell_fault(kind, detail, error)
        return Outcome.UNKNOWN

    def _call(self, step: Step, deadline: float) -> Call:
        wanted = status_codes_wanted(step.expect.status_codes, step.action.operation)
        return Call(
            step=step.name,
            deadline=deadline,
            status_codes=_ANY_BUT_SERVER_ERRORS if self._cleaning_up else wanted,
            auth=step.auth,
            other_actor=step.other_actor,
            session=step.session,
            omit=step.omit,
        )

    def _changes(self, step: Step, exchange: Exchange) -> tuple[Transition, ...]:
        """What changed in the session under way: nothing, where an answer is told again or speaks of another one."""
        answer = exchange.answer
        if step.session is not None or (isinstance(step.action, Repeat) and self._told_again(step.action, answer)):
            return ()
        if exchange.operation is not Operation.SEND_EVENT or answer is None or answer.chat_status is None:
            return ()
        change = transition(self._conversation.chat_status or NO_STATUS, answer.chat_status)
        self._conversation.chat_status = answer.chat_status
        return () if change is None else (change,)

    def _told_again(self, repeat: Repeat, answer: Answer | None) -> bool:
        """Whether a repeated turn was answered with the status that it had been answered with before."""
        return answer is None or answer.chat_status == self._stage.status_told(repeat.step)

    async def _settle(
        self, lost: Exchange | None, before: str | None, session_id: str | None, *, refused: bool = False
    ) -> None:
        """After a write whose answer was lost or a refusal: the snapshot is read for the ledger, nothing is sent again.

        What goes wrong here changes no verdict: the booking is `unclear` then.
        """
        conversation = self._conversation
        own, conversation.session_id = conversation.session_id, session_id
        call = Call(
            step=_NO_STEP,
            deadline=self._aftercare_deadline(_SETTLE_SECONDS),
            status_codes=frozenset({200}),
            auth=self._auth_for(session_id),
        )
        try:
            snapshot = await self._client.read_session(call)
            await self._watch.saw_snapshot(snapshot[-1], lost, session_id, before=before, refused=refused)
        except RefusedError:
            return  # in production only "no" may be said by now, and that books nothing
        except Exception as error:  # noqa: BLE001 - ours, and the run has its verdict
            self._tell_fault(
                verdict.fault_of(error), f"{type(error).__name__} while a lost answer was looked up", error
            )
            await self._watch.record(BookingState.UNCLEAR, session_id)
        finally:
            conversation.session_id = own

    def _auth_for(self, session_id: str | None) -> OtherKey | None:
        """The key that a session answers to, where it is not the target's own."""
        other = self._conversation.other_session_id
        return OtherKey.OTHER if other is not None and session_id == other else None

    async def _clean_up(self) -> None:
        """Tries to take back what was booked. Whether the API can is a finding; the verdict is not touched."""
        self._cleaning_up, stopped = True, self._stopped
        for booking in self._watch.due:
            self._conversation.session_id = booking.session_id
            for step in self._scenario.cleanup or (_CANCEL,):
                self._keep(self._cleanup, await self._cleanup_step(step, booking))
        self._stopped = stopped

    async def _cleanup_step(self, step: Step, booking: Booking) -> StepResult:
        cancels = isinstance(step.action, Act) and step.action.kind == WriteKind.CANCEL_BOOKING
        if isinstance(step.action, Act) and cancels and booking.booking_id and not step.action.payload:
            step = replace(step, action=replace(step.action, payload={"bookingId": booking.booking_id}))
        step = replace(step, auth=self._auth_for(booking.session_id) or step.auth)
        result = await self._play_step(step, self._aftercare_deadline(_GRACE_SECONDS))
        if not cancels:
            return result
        state = await self._watch.saw_cancel(result.exchanges[0] if result.exchanges else None, booking)
        known = booking.state is not BookingState.UNCLEAR  # else a refusal may mean that there was nothing to cancel
        return verdict.with_cancel_finding(result, state) if known else result
