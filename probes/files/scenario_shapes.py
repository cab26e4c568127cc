"""The shape of a scenario file: what the vocabulary is, told to pydantic and to editors (design.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from probes.cards import CARDS
from probes.files.shapes import LISTED, NUMBER, Duration, OneOrMany, Shape, form, json_pattern, no_such
from probes.words import AuthHeader, ChatStatus, Envelope, Leaves, Operation, OtherKey, OtherSession, Published

ACTIONS = ("create_session", "say", "act", "repeat", "attach_card", "read_session", "fetch", "call")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "payload": ("act",),
    "body": ("call",),
    "auth": ("create_session", "say", "act", "read_session", "call"),
    "actor": ("say", "act"),
    "session": ("say", "act", "read_session"),
    "omit": ("create_session", "say", "act"),
}
"""What may stand beside which action."""

_NAME = "[a-z][a-z0-9_]{0,39}"
_KIND = "[a-z][a-z0-9_]{0,79}"
_PATH = r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[[0-9]{1,4}\])*"
_HEADER = "[A-Za-z0-9-]{1,64}"
_OF_STEP = rf"{_NAME}\.{_PATH}"
_FIELD = r"[A-Za-z]{1,40}(?:\.[A-Za-z]{1,40})?"

Name = Annotated[
    str,
    form(_NAME, "lower-case letters, digits and underscores, beginning with a letter, at most 40"),
    json_pattern(_NAME),
]
_Text = Annotated[str, Field(min_length=1, max_length=4000)]
_Path = Annotated[
    str, form(_PATH, "a path inside artifacts, such as shortlist or payment.setupUrl"), json_pattern(_PATH)
]
_Header = Annotated[str, form(_HEADER, "the name of a header, such as x-request-id"), json_pattern(_HEADER)]
_OfStep = Annotated[
    str, form(_OF_STEP, "an earlier step and a path, such as name.payment.setupUrl"), json_pattern(_OF_STEP)
]
_BodyField = Annotated[
    str, form(_FIELD, "a field of the body, such as idempotencyKey or actor.actorId"), json_pattern(_FIELD)
]
_Auth = Literal[
    AuthHeader.PARTNER_API_KEY,
    AuthHeader.AUTHORIZATION,
    AuthHeader.API_KEY,
    OtherKey.NONE,
    OtherKey.WRONG,
    OtherKey.OTHER,
]
_StatusCode = Annotated[int, Field(ge=100, le=599), NUMBER]
_Code = Annotated[str, Field(min_length=1, max_length=80)]


def _known_card(name: str) -> str:
    if name not in CARDS:
        raise ValueError(no_such("card", name, CARDS))
    return name


Card = Annotated[str, AfterValidator(_known_card), WithJsonSchema({"type": "string", "enum": list(CARDS)})]


class ExpectShape(Shape):
    """What the answer must be, beyond what the action expects anyway: a success in the right envelope."""

    status_code: Annotated[
        tuple[_StatusCode, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(description="The HTTP status, or several that are all fine.", examples=[200, [200, 201]]),
    ] = ()
    code: Annotated[
        tuple[_Code, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="The machine-readable code of an error, or several that are all fine; `none` is an error "
            "without a code.",
            examples=["session_not_found", ["invalid_request", "none"]],
        ),
    ] = ()
    envelope: Annotated[
        tuple[Envelope, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="The shape of the body: success, gateway or validation; else that of a success, or any error's."
        ),
    ] = ()
    chat_status: Annotated[
        tuple[ChatStatus, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(description="`data.result.status` of a turn, or several that are all fine.", examples=["shortlist"]),
    ] = ()
    artifacts: Annotated[
        tuple[_Path, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="Paths inside `data.result.artifacts` that must be there; an empty list or text is not there.",
            examples=[["shortlist"], ["payment.setupUrl"]],
        ),
    ] = ()
    headers: Annotated[
        tuple[_Header, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(description="Headers that the answer must carry.", examples=[["x-request-id"]]),
    ] = ()
    contains: Annotated[
        tuple[_Text, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(description="Texts that must stand in the body, as they are: no templates."),
    ] = ()
    events: Annotated[
        tuple[ChatStatus, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(description="The statuses of a snapshot's events, in order.", examples=[["shortlist"]]),
    ] = ()
    same: Annotated[
        tuple[_OfStep, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="Values that must be as they were in an earlier step's answer: STEP.PATH, inside its artifacts "
            "or its `data`.",
            examples=[["confirm.booking.confirmationUrl", "confirm.result.status"]],
        ),
    ] = ()
    new: Annotated[
        tuple[_OfStep, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="Values that must differ from those in an earlier step's answer: STEP.PATH.",
            examples=[["name.payment.setupUrl"]],
        ),
    ] = ()
    within: Annotated[
        Duration | None,
        Field(description="How long the step may take; longer is `degraded`. Units: ms, s, m, h.", examples=["5s"]),
    ] = None


def _exactly_one_action(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": [action]} for action in ACTIONS]
    schema["dependentSchemas"] = {
        option: {"anyOf": [{"required": [action]} for action in actions]} for option, actions in OPTIONS.items()
    } | {"call": {"required": ["body", "expect"]}}


class StepShape(Shape):
    """One action, and what its answer must be."""

    model_config = ConfigDict(json_schema_extra=_exactly_one_action)

    create_session: Annotated[
        None, Field(description="POST /sessions for the run's actor. Takes nothing after the colon.")
    ] = None
    say: Annotated[
        _Text,
        Field(
            description="A turn by text: POST /events. Templates: {{ city }}, {{ checkin }}, {{ checkout }}, "
            "{{ guest_name }}, {{ actor_id }}, {{ session_id }}, and values of earlier answers, as "
            "{{ search.shortlist[0].optionId }}; of {{ one | other }} the first that is there.",
            examples=[
                "find me a {{ city }} hotel from {{ checkin }} to {{ checkout }}",
                "can you help me book option 1",
            ],
        ),
    ] = ""
    act: Annotated[
        str,
        form(_KIND, "an event kind, such as action_book_option"),
        json_pattern(_KIND),
        Field(
            description="A turn by kind: POST /events. Write kinds carry an idempotency key by themselves.",
            examples=["action_book_option", "action_cancel_booking"],
        ),
    ] = ""
    repeat: Annotated[
        Name,
        Field(description="The same bytes and idempotency key as an earlier step's, sent once more: the step's name."),
    ] = ""
    attach_card: Annotated[
        Card | None,
        Field(
            description="The payment portal's part, outside the chat. Without a card: the target's portal.test_card.",
            examples=["visa"],
        ),
    ] = None
    read_session: Annotated[None, Field(description="GET /sessions/{sessionId}. Takes nothing after the colon.")] = None
    fetch: Annotated[
        Published,
        Field(description="A published resource, fetched without a key: openapi or llms. It must name the endpoints."),
    ] = Published.OPENAPI
    call: Annotated[
        Literal[Operation.CREATE_SESSION, Operation.SEND_EVENT],
        Field(
            description="A deliberately wrong POST to that endpoint, with the `body` that stands beside it. It must "
            "expect something."
        ),
    ] = Operation.SEND_EVENT
    body: Annotated[
        Mapping[str, JsonValue] | _Text,
        Field(
            description="The body of `call`: fields, whose texts may hold templates, or a text that is sent as it is.",
            examples=[{"sessionId": "{{ session_id }}"}, "{"],
        ),
    ] = ""
    payload: Annotated[
        Mapping[str, JsonValue],
        Field(
            description="The payload of `act`. Texts in it may hold templates.",
            examples=[{"optionId": "{{ search.shortlist[0].optionId }}"}],
        ),
    ] = Field(default_factory=dict)
    name: Annotated[
        Name | None,
        Field(description="What metrics, reports and templates call the step; else the name of its action."),
    ] = None
    auth: Annotated[
        _Auth | None,
        Field(
            description="The header that carries the key in this step, if not the target's own; or, on purpose, `none` "
            "(no key), `wrong` (a made-up one), `other` (the target's other_api_key: another tenant's)."
        ),
    ] = None
    actor: Annotated[
        Literal["other"] | None, Field(description="`other`: an actor who does not own the session says this.")
    ] = None
    session: Annotated[
        OtherSession | None,
        Field(
            description="`unknown`: a session that does not exist; `other`: the one that a create_session with `auth: "
            "other` began."
        ),
    ] = None
    omit: Annotated[
        tuple[_BodyField, ...],
        Field(min_length=1),
        LISTED,
        OneOrMany(),
        Field(
            description="Fields of the body that are left out, on purpose.",
            examples=["idempotencyKey", "actor.actorId"],
        ),
    ] = ()
    expect: Annotated[ExpectShape, Field(description="What the answer must be.")] = ExpectShape()

    @classmethod
    def about_keys(cls) -> str:
        """The actions, and what may stand beside one."""
        options = ", ".join((*OPTIONS, "name", "expect"))
        return f"the actions are {', '.join(ACTIONS)}; beside one may stand {options}"

    @property
    def action(self) -> str:
        """The key of its one action."""
        return next(action for action in ACTIONS if action in self.model_fields_set)

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        given = [action for action in ACTIONS if action in self.model_fields_set]
        if not given:
            raise ValueError(f"a step needs one action: {', '.join(ACTIONS)}")
        if len(given) > 1:
            raise ValueError(
                f"a step has one action, and this one has {' and '.join(given)}: make them steps of their own"
            )
        for option, actions in OPTIONS.items():
            if option in self.model_fields_set and given[0] not in actions:
                raise ValueError(f"{option} belongs to {' or '.join(actions)}, not to {given[0]}")
        if given == ["call"] and "body" not in self.model_fields_set:
            raise ValueError("call needs a body: what is wrong about the request")
        return self


class ScenarioShape(Shape):
    """A named conversation with the Brek Core Chat API, played and judged step by step."""

    model_config = ConfigDict(title="brekwatch scenario")

    name: Annotated[Name, Field(description="what commands, metrics and probes call it, such as golden_path")]
    title: Annotated[
        str,
        Field(description="one line that says what happens", min_length=1, max_length=200),
    ]
    leaves: Annotated[Leaves, Field(description="the most that it may leave behind: nothing, session or booking")]
    actor: Annotated[Literal["new"], Field(description="Who talks: a fresh actorId for every run.")] = "new"
    steps: Annotated[
        tuple[StepShape, ...],
        Field(description="what is done, in order, one action a step", min_length=1, max_length=100),
    ]
    cleanup: Annotated[
        tuple[StepShape, ...],
        Field(description="Steps that take a booking back, whatever happened before.", max_length=20),
    ] = ()
