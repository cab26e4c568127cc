"""What a scenario must hold together: names, templates, what it leaves, and expectations that can be met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from probes.files.scenario_shapes import ScenarioShape
from probes.files.shapes import way_out
from probes.files.yaml_files import Document, Place
from probes.scenario import (
    Act,
    Action,
    AttachCard,
    CreateSession,
    Expect,
    ReadSession,
    Repeat,
    Say,
    Scenario,
    Step,
    WrongCall,
    write_kind,
)
from probes.templates import expressions
from probes.words import ChatStatus, Leaves, Operation, OtherKey, OtherSession, WriteKind

VARIABLES = ("city", "checkin", "checkout", "guest_name", "actor_id", "session_id")

_TURNS = frozenset({Operation.SEND_EVENT})
_API = frozenset({Operation.CREATE_SESSION, Operation.SEND_EVENT, Operation.GET_SESSION})
_PLACES_OF_EXPECTATIONS: dict[str, frozenset[Operation]] = {  # what the judge never looks at would always pass
    "chat_status": _TURNS,
    "artifacts": _TURNS,
    "events": frozenset({Operation.GET_SESSION}),
    "code": _API,
    "envelope": _API,
    "headers": _API,
    "same": _API,
    "new": _API,
}
_ATTRIBUTES = {
    "chat_status": "chat_statuses", "code": "codes", "envelope": "envelopes",
}  # fmt: skip
_SESSION_FIELDS = (
    "actor", "actor.actorId", "actor.timezoneOffsetMinutes", "channel", "channel.workspaceId", "conversation",
    "conversation.channelId",
)  # fmt: skip
_TURN_FIELDS = ("sessionId", "actor", "actor.actorId", "text", "kind", "payload", "idempotencyKey")


def problems(scenario: Scenario, document: Document) -> list[str]:
    """What is wrong with a scenario whose shape is right, each with its place in the document."""
    checks: tuple[Callable[[Scenario, Document], Iterator[str]], ...] = (
        _names,
        _templates,
        _comparisons,
        _sessions,
        _omissions,
        _expectations,
        _leaves,
        _cleanup,
    )
    return [problem for check in checks for problem in check(scenario, document)]


def repeat_problems(shape: ScenarioShape, names: list[str], document: Document) -> list[str]:
    """What is wrong with each `repeat`, in a file whose steps have these names: there is nothing to build yet."""
    found: list[str] = []
    places: list[Place] = [*(("steps", n) for n in range(len(shape.steps)))]
    places += [("cleanup", n) for n in range(len(shape.cleanup))]
    for number, step in enumerate((*shape.steps, *shape.cleanup)):
        if not step.repeat:
            continue
        place, earlier = (*places[number], "repeat"), names[:number]
        if step.repeat not in earlier:
            found.append(document.problem(place, _no_such_step(step.repeat, earlier)))
        elif (*shape.steps, *shape.cleanup)[names.index(step.repeat)].action == "attach_card":
            found.append(document.problem(place, "a card is never attached twice with one token: repeat another step"))
    return found


def _no_such_step(name: str, earlier: Iterable[str]) -> str:
    names = list(earlier)
    return f"no earlier step {name}" + way_out(name, names, listing=f"earlier steps are {', '.join(names) or 'none'}")


def _placed(scenario: Scenario) -> Iterator[tuple[Place, Step]]:
    for number, step in enumerate(scenario.steps):
        yield ("steps", number), step
    for number, step in enumerate(scenario.cleanup):
        yield ("cleanup", number), step


def _names(scenario: Scenario, document: Document) -> Iterator[str]:
    lines: dict[str, int] = {}
    for place, step in _placed(scenario):
        if step.name in VARIABLES:
            yield document.problem((*place, "name"), f"{step.name} is what templates call a variable: choose another")
        if step.name in lines:
            message = f"the name {step.name} is taken by the step on line {lines[step.name]}: choose another"
            yield document.problem((*place, "name"), message)
        lines.setdefault(step.name, step.line)


def _templates(scenario: Scenario, document: Document) -> Iterator[str]:
    earlier: list[str] = []
    has_session = False
    for place, step in _placed(scenario):
        for inner, text in _texts(step.action):
            if not has_session and "session_id" in _paths_in(text):
                message = "{{ session_id }} is of no session yet: begin with create_session"
                yield document.problem((*place, *inner), message)
            for message in _template_problems(text, earlier):
                yield document.problem((*place, *inner), message)
        for number, text in enumerate(step.expect.contains):
            if "{{" in text:
                message = "what stands here is looked for as it is: it can hold no template"
                yield document.problem((*place, "expect", "contains", number), message)
        earlier.append(step.name)
        has_session = has_session or step.makes_own_session


def _texts(action: Action) -> Iterator[tuple[Place, str]]:
    match action:
        case Say(text=text):
            yield ("say",), text
        case Act(payload=payload):
            yield from _inner_texts(("payload",), payload)
        case WrongCall(body=dict() as body):
            yield from _inner_texts(("body",), body)
        case _:
            return


def _inner_texts(place: Place, value: object) -> Iterator[tuple[Place, str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for key, item in value.items():
                yield from _inner_texts((*place, key), item)
        case list():
            for number, item in enumerate(value):
                yield from _inner_texts((*place, number), item)


def _template_problems(text: str, earlier: list[str]) -> Iterator[str]:
    try:
        wanted = expressions(text)
    except ValueError as problem:
        yield str(problem)
        return
    for expression in wanted:
        step, _, path = expression.partition(".")
        if expression in VARIABLES or (step in earlier and path):
            continue
        shown = f"{{{{ {expression} }}}}"
        if step in earlier:
            yield f"{shown} is a whole answer: say which part, as in {{{{ {step}.shortlist[0].optionId }}}}"
        else:
            names = (*VARIABLES, *earlier)
            yield f"{shown} is not known here" + way_out(step, names, listing=_known(earlier))


def _known(earlier: list[str]) -> str:
    variables = f"known are {', '.join(VARIABLES)}"
    return f"{variables}, and of earlier steps {', '.join(earlier)}" if earlier else variables


def _comparisons(scenario: Scenario, document: Document) -> Iterator[str]:
    """`same` and `new` speak of steps that were surely played before."""
    earlier: dict[str, Step] = {}
    for place, step in _placed(scenario):
        for key, asked in (("same", step.expect.same), ("new", step.expect.new)):
            for number, expression in enumerate(asked):
                named = expression.partition(".")[0]
                if named not in earlier:
                    yield document.problem((*place, "expect", key, number), _no_such_step(named, earlier))
        earlier[step.name] = step


def _sessions(scenario: Scenario, document: Document) -> Iterator[str]:
    own = other = False
    left_out: set[str] = set()
    for place, step in _placed(scenario):
        own = own or step.makes_own_session
        begins = isinstance(step.action, CreateSession) and not step.omit
        other = other or (begins and step.auth is OtherKey.OTHER)
        if _speaks_of_session(step) and not own:
            yield document.problem(place, "there is no session yet: begin with create_session")
            return
        if step.session is OtherSession.OTHER and not other:
            message = "there is no other tenant's session yet: create_session with `auth: other` begins one"
            yield document.problem((*place, "session"), message)
        yield from _on_what_may_be_left_out(step, left_out, place, document)
        if step.needs_other_key:
            left_out.add(step.name)


def _speaks_of_session(step: Step) -> bool:
    return isinstance(step.action, Say | Act | ReadSession | AttachCard) and step.session is None


def _on_what_may_be_left_out(step: Step, left_out: set[str], place: Place, document: Document) -> Iterator[str]:
    """A step that is left out without another tenant's key leaves nothing for later ones to speak of."""
    asked = [path for _, text in _texts(step.action) for path in _paths_in(text)]
    named = {path.partition(".")[0] for path in (*asked, *step.expect.same, *step.expect.new)}
    if isinstance(step.action, Repeat):
        named.add(step.action.step)
    for name in sorted(named & left_out):
        message = f"step {name} is left out where no other_api_key is configured: nothing may depend on it"
        yield document.problem(place, message)


def _paths_in(text: str) -> tuple[str, ...]:
    try:
        return expressions(text)
    except ValueError:
        return ()


def _omissions(scenario: Scenario, document: Document) -> Iterator[str]:
    for place, step in _placed(scenario):
        known = _SESSION_FIELDS if isinstance(step.action, CreateSession) else _TURN_FIELDS
        for number, path in enumerate(step.omit):
            if path not in known:
                hint = way_out(path, known, listing=f"its fields are {', '.join(known)}")
                yield document.problem((*place, "omit", number), f"{path} is no field of this request{hint}")


def _expectations(scenario: Scenario, document: Document) -> Iterator[str]:
    for place, step in _placed(scenario):
        for key, operations in _PLACES_OF_EXPECTATIONS.items():
            if _asked(step, key) and step.action.operation not in operations:
                message = f"{key} can't be expected of this action, only of {_spelled(operations)}"
                yield document.problem((*place, "expect", key), message, at_key=True)
        if isinstance(step.action, WrongCall) and replace(step.expect, within_seconds=None) == Expect():
            message = "a call that expects nothing shows nothing: say what it must be, as expect: {status_code: 400}"
            yield document.problem((*place, "call"), message, at_key=True)


def _asked(step: Step, key: str) -> bool:
    return bool(getattr(step.expect, _ATTRIBUTES.get(key, key)))


_WORDS = {
    Operation.CREATE_SESSION: "create_session",
    Operation.SEND_EVENT: "say, act",
    Operation.GET_SESSION: "read_session",
}


def _spelled(operations: frozenset[Operation]) -> str:
    return ", ".join(word for operation, word in _WORDS.items() if operation in operations)


def _leaves(scenario: Scenario, document: Document) -> Iterator[str]:
    if scenario.leaves is Leaves.BOOKING:
        return
    books = next((step for step in scenario.steps if _may_book(step)), None)
    if books is not None:
        message = f"step {books.name} (line {books.line}) may book: say leaves: booking"
        yield document.problem(("leaves",), message)
    elif scenario.leaves is Leaves.NOTHING and any(_may_open(step.action) for step in scenario.steps):
        yield document.problem(("leaves",), "create_session leaves a session: say leaves: session")
    if scenario.cleanup:
        message = "cleanup takes a booking back: it needs leaves: booking"
        yield document.problem(("cleanup",), message, at_key=True)


def _cleanup(scenario: Scenario, document: Document) -> Iterator[str]:
    """It is played whatever was reached, in the session that booked, so it can rest on nothing but that."""
    for number, step in enumerate(scenario.cleanup):
        if not isinstance(step.action, Say | Act | ReadSession):
            yield document.problem(("cleanup", number), "cleanup is made of act, say and read_session only")
    cancels = any(write_kind(step.action) == WriteKind.CANCEL_BOOKING for step in scenario.cleanup)
    if scenario.cleanup and not cancels:
        message = f"nothing here takes a booking back: it needs act: {WriteKind.CANCEL_BOOKING}"
        yield document.problem(("cleanup",), message, at_key=True)


def _may_book(step: Step) -> bool:
    booked = ChatStatus.BOOKED in (*step.expect.chat_statuses, *step.expect.events)
    return booked or write_kind(step.action) not in {None, WriteKind.CANCEL_BOOKING}


def _may_open(action: Action) -> bool:
    return action.operation is Operation.CREATE_SESSION
