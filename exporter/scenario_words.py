"""A scenario in people's words: what each step asks for, what it expects, and where the conversation should lead.

Pure. Texts come from scenario files: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from exporter.utterances import brief
from probes.scenario import (
    Act,
    Action,
    AttachCard,
    CreateSession,
    Expect,
    Fetch,
    ReadSession,
    Repeat,
    Say,
    Scenario,
    Step,
    WrongCall,
)
from probes.scenario_files import shipped
from probes.words import NO_CODE, NO_STATUS, AuthHeader, Leaves, Operation, OtherKey, OtherSession, Published

LEAVES = {
    Leaves.NOTHING: "nothing behind",
    Leaves.SESSION: "a session behind, and no booking",
    Leaves.BOOKING: "a booking behind, unless its cleanup cancels it",
}
_KEYS = {
    OtherKey.NONE: "without a key",
    OtherKey.WRONG: "with a wrong key",
    OtherKey.OTHER: "with another tenant's key",
}
_SESSIONS = {
    OtherSession.UNKNOWN: "naming a session that nobody has",
    OtherSession.OTHER: "naming another tenant's session",
}
_DOCUMENTS = {Published.OPENAPI: "fetches the OpenAPI file", Published.LLMS: "fetches llms.txt"}
_REQUESTS = {Operation.CREATE_SESSION: "a new session", Operation.SEND_EVENT: "a turn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step. `says` are a guest's own words, if it is a turn by text; `does` tells every other action.

    `twists` are what is unlike a good client on purpose; an empty `expects` means: a plain success.
    """

    name: str
    says: str | None
    does: str
    twists: tuple[str, ...]
    expects: tuple[str, ...]


def step_words(step: Step, scrub: Callable[[str], str] = str) -> StepWords:
    """What it does, and what must come of it. `scrub` removes secrets that somebody wrote into a file."""
    return StepWords(
        name=scrub(step.name),
        says=scrub(step.action.text) if isinstance(step.action, Say) else None,
        does=scrub(_does(step.action)),
        twists=tuple(map(scrub, _twists(step))),
        expects=tuple(map(scrub, _expects(step.expect))),
    )


def expected_path(scenario: Scenario) -> tuple[tuple[str, ...], ...]:
    """The statuses that the conversation should go through, from none; where a step allows several, all of these."""
    turns = (step for step in scenario.steps if step.action.operation is Operation.SEND_EVENT)
    path: list[tuple[str, ...]] = [(NO_STATUS,)]
    for statuses in (step.expect.chat_statuses for step in turns if not isinstance(step.action, Repeat)):
        if statuses and statuses != path[-1]:
            path.append(statuses)
    return tuple(path) if len(path) > 1 else ()


def is_shipped(scenario: Scenario) -> bool:
    """Whether it comes with brekwatch."""
    return shipped().get(scenario.name) == scenario


def file_name(scenario: Scenario) -> str:
    """That of its file alone: where it lies on a disk is nobody's business on a page."""
    return PurePath(scenario.source).name


def _does(action: Action) -> str:
    match action:
        case Say():
            told = "says"
        case CreateSession():
            told = "opens a session"
        case Act():
            told = _action(action)
        case AttachCard(card=card):
            told = f"attaches {'the test card of the target' if card is None else f'the card {card}'} at the portal"
        case ReadSession():
            told = "reads the session"
        case Fetch(document=document):
            told = _DOCUMENTS[document]
        case WrongCall(operation=operation):
            told = f"asks for {_REQUESTS.get(operation, operation.value)} with a body that is wrong on purpose"
        case Repeat(step=step):
            told = f"sends step {step} once more, the same bytes and key"
    return told


def _action(action: Act) -> str:
    told = ", ".join(f"{name}: {brief(value)}" for name, value in action.payload.items())
    return f"sends the action {action.kind}" + (f" with {told}" if told else "")


def _twists(step: Step) -> Iterator[str]:
    if isinstance(step.auth, AuthHeader):
        yield f"with its key in the header {step.auth}"
    elif step.auth is not None:
        yield _KEYS[step.auth]
    if step.other_actor:
        yield "as another guest"
    if step.session is not None:
        yield _SESSIONS[step.session]
    if step.omit:
        yield f"without {' and '.join(step.omit)}"


def _expects(expect: Expect) -> Iterator[str]:
    """In the order in which somebody reads an answer."""
    codes = tuple("none" if code == NO_CODE else code for code in expect.codes)
    for sentence, between, words in (
        ("HTTP {}", " or ", tuple(map(str, expect.status_codes))),
        ("error code {}", " or ", codes),
        ("the envelope of {}", " or ", expect.envelopes),
        ("status {}", " or ", expect.chat_statuses),
        ("{} in the answer", " and ", expect.artifacts),
        ("the header {}", " and ", expect.headers),
        ("the text {}", " and ", expect.contains),
        ("the history {}", " → ", expect.events),
        ("the same {} as before", " and ", expect.same),
        ("another {} than before", " and ", expect.new),
    ):
        if words:
            yield sentence.format(between.join(words))
    if expect.within_seconds is not None:
        yield f"within {expect.within_seconds:g} s"
