"""What a scenario must hold together: names, templates, what it leaves, and expectations that can be met."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from probes.files.shapes import way_out
from probes.files.yaml_files import Document, Place
from probes.scenario import Act, Action, AttachCard, CreateSession, ReadSession, Say, Scenario, Step
from probes.templates import expressions
from probes.words import WRITE_KINDS, ChatStatus, Leaves, WriteKind

VARIABLES = ("city", "checkin", "checkout", "guest_name", "actor_id")

_BOOKING_KINDS = WRITE_KINDS - {WriteKind.CANCEL_BOOKING}
_PLACES_OF_EXPECTATIONS = {  # an expectation that the judge never looks at would always pass
    "chat_status": (Say, Act),
    "artifacts": (Say, Act),
    "events": (ReadSession,),
    "code": (CreateSession, Say, Act, ReadSession),
    "envelope": (CreateSession, Say, Act, ReadSession),
    "headers": (CreateSession, Say, Act, ReadSession),
}


def problems(scenario: Scenario, document: Document) -> list[str]:
    """What is wrong with a scenario whose shape is right, each with its place in the document."""
    checks: tuple[Callable[[Scenario, Document], Iterator[str]], ...] = (
        _names,
        _templates,
        _sessions,
        _expectations,
        _leaves,
    )
    return [problem for check in checks for problem in check(scenario, document)]


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
    for place, step in _placed(scenario):
        for inner, text in _texts(step.action):
            for message in _template_problems(text, earlier):
                yield document.problem((*place, *inner), message)
        for number, text in enumerate(step.expect.contains):
            if "{{" in text:
                message = "what stands here is looked for as it is: it can hold no template"
                yield document.problem((*place, "expect", "contains", number), message)
        earlier.append(step.name)


def _texts(action: Action) -> Iterator[tuple[Place, str]]:
    match action:
        case Say(text=text):
            yield ("say",), text
        case Act(payload=payload):
            yield from _inner_texts(("payload",), payload)
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


def _sessions(scenario: Scenario, document: Document) -> Iterator[str]:
    if not isinstance(scenario.steps[0].action, CreateSession):
        yield document.problem(("steps", 0), "there is no session yet: begin with create_session")


def _expectations(scenario: Scenario, document: Document) -> Iterator[str]:
    for place, step in _placed(scenario):
        for key, actions in _PLACES_OF_EXPECTATIONS.items():
            if _asked(step, key) and not isinstance(step.action, actions):
                message = f"{key} can't be expected of this action, only of {_spelled(actions)}"
                yield document.problem((*place, "expect", key), message, at_key=True)
        if step.auth is not None and isinstance(step.action, AttachCard):
            message = "the partner key never goes to the payment portal: leave auth out"
            yield document.problem((*place, "auth"), message, at_key=True)


def _asked(step: Step, key: str) -> bool:
    return bool(getattr(step.expect, "chat_statuses" if key == "chat_status" else key))


_WORDS = {CreateSession: "create_session", Say: "say", Act: "act", ReadSession: "read_session"}


def _spelled(actions: tuple[type, ...]) -> str:
    return ", ".join(_WORDS[action] for action in actions)


def _leaves(scenario: Scenario, document: Document) -> Iterator[str]:
    if scenario.leaves is Leaves.BOOKING:
        return
    books = next((step for step in scenario.steps if _may_book(step)), None)
    if books is not None:
        message = f"step {books.name} (line {books.line}) may book: say leaves: booking"
        yield document.problem(("leaves",), message)
    elif scenario.leaves is Leaves.NOTHING:
        yield document.problem(("leaves",), "create_session leaves a session: say leaves: session")
    if scenario.cleanup:
        message = "cleanup takes a booking back: it needs leaves: booking"
        yield document.problem(("cleanup",), message, at_key=True)


def _may_book(step: Step) -> bool:
    books = ChatStatus.BOOKED in (*step.expect.chat_statuses, *step.expect.events)
    return books or (isinstance(step.action, Act) and step.action.kind in _BOOKING_KINDS)
