"""Pydantic at the edge: a document against the shape it must have, and each mistake told with its way out."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema

from probes.errors import ConfigError
from probes.files import durations, sizes
from probes.files.yaml_files import Document, Place
from probes.redaction import quoted

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.fields import FieldInfo
    from pydantic_core import CoreSchema, ErrorDetails

_LONGEST_SEEN = 40
_MOST_PROBLEMS = 20
_FEWEST_LETTERS = 3  # of a beginning that counts as meant: `prod` for `production`
_OF_A_KEY = "[key]"  # pydantic's mark that a mapping's key is meant, not its value


class Shape(BaseModel):
    """What a mapping in a file may hold. Unknown keys are mistakes."""

    # Not strict: the values of variables are always text, and `60` may come as one.
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def fields(cls) -> Iterator[tuple[str, FieldInfo]]:
        """Its keys, as they stand in a file, and what each is."""
        for name, info in cls.model_fields.items():
            yield info.alias or name, info

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Its keys, as they stand in a file."""
        return tuple(key for key, _ in cls.fields())

    @classmethod
    def about_keys(cls) -> str:
        """What the message about an unknown key says of the known ones."""
        return f"allowed here: {', '.join(cls.keys())}"


S = TypeVar("S", bound=Shape)


class OneOrMany:
    """Beside a tuple type: a value alone stands for a list of one."""

    @staticmethod
    def __get_pydantic_json_schema__(core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several: dict[str, Any] = handler(core)
        return {"anyOf": [several["items"], several]}


def _several(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


LISTED = BeforeValidator(_several)
NUMBER = BeforeValidator(_no_truth)  # `true` is no 1

Duration = Annotated[
    str,
    AfterValidator(lambda text: durations.seconds_of(text) and text),
    WithJsonSchema({"type": "string", "pattern": durations.PATTERN, "examples": ["30s", "5m", "250ms"]}),
]

Size = Annotated[
    str,
    AfterValidator(lambda text: sizes.bytes_of(text) and text),
    WithJsonSchema({"type": "string", "pattern": sizes.PATTERN, "examples": ["500MB", "2GiB"]}),
]


def form(pattern: str, meaning: str) -> AfterValidator:
    """What makes `Annotated[str, …]` a text of that form; `meaning` ends the sentence "must be …"."""
    compiled = re.compile(pattern)

    def check_form(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check_form)


def json_pattern(pattern: str) -> WithJsonSchema:
    """The same form in the published JSON Schema."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$"})


def way_out(word: str, allowed: Iterable[str], *, listing: str) -> str:
    """`; did you mean "every"? Allowed here: …` or, where nothing is near, `; allowed here: …`."""
    names, typed = list(allowed), word.lower()[:80]
    begun = [name for name in names if len(typed) >= _FEWEST_LETTERS and name.startswith(typed)]
    near = begun or difflib.get_close_matches(typed, names, n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"? {listing[0].upper()}{listing[1:]}' if near else f"; {listing}"


def no_such(what: str, word: str, allowed: Iterable[str]) -> str:
    """`no such card; did you mean "visa"? Allowed: visa, mastercard, amex`."""
    names = list(allowed)
    return f"no such {what}" + way_out(word, names, listing=f"allowed: {', '.join(names) or 'none'}")


def seen(value: object) -> str:
    """A value as a message shows it: short, in quotes if it is text."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f'"{quoted(value, _LONGEST_SEEN)}"'
        case _:
            return json.dumps(value)


def check(shape: type[S], document: Document, *, value: object = None, hidden: Collection[str] = ()) -> S:
    """The document as that shape; raises ConfigError with all its problems.

    `value` is what to check, where it isn't what stands in the file; messages show what stands there,
    and nothing of what stands under a key in `hidden`.
    """
    try:
        return shape.model_validate(document.root.value if value is None else value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    raise told(_problem(shape, document, detail, hidden) for detail in details if not _echoes(document, detail))


def told(problems: Iterable[str]) -> ConfigError:
    """The problems as one error: each once, the first twenty of them, and how many more there are."""
    once = list(dict.fromkeys(problems))
    if len(once) > _MOST_PROBLEMS:
        once = [*once[:_MOST_PROBLEMS], f"and {len(once) - _MOST_PROBLEMS} more problems"]
    return ConfigError(*once)


def _echoes(document: Document, detail: ErrorDetails) -> bool:
    """Whether it only follows from another: a list whose items are wrong counts as too short, too."""
    return detail["type"] == "too_short" and bool(document.node(detail["loc"])[1].value)


def _problem(shape: type[Shape], document: Document, detail: ErrorDetails, hidden: Collection[str]) -> str:
    place: Place = detail["loc"]
    if detail["type"] == "extra_forbidden":
        return document.problem(place, _unknown_key(shape, place), at_key=True)
    if detail["type"] == "missing":
        return document.problem(place[:-1], _missing(shape, place), at_key=True)
    if place and place[-1] == _OF_A_KEY:
        return document.problem(place[:-1], _message(detail, str(place[-2])), at_key=True)
    known, node = document.node(place)
    message = _message(detail, node.value if isinstance(node.value, str) else "")
    told_by_type = detail["type"] in _KINDS_OF_VALUE
    if set(known) & set(hidden) or (isinstance(node.value, dict | list) and not told_by_type):
        return document.problem(known, message)
    return document.problem(known, f"{message} (seen: {seen(node.value)})")


def _unknown_key(shape: type[Shape], place: Place) -> str:
    inner = _shape_at(shape, place[:-1])
    return "unknown key" + way_out(str(place[-1]), inner.keys(), listing=inner.about_keys())


def _missing(shape: type[Shape], place: Place) -> str:
    name = str(place[-1])
    return f"{name} is missing: {dict(_shape_at(shape, place[:-1]).fields())[name].description}"


def _shape_at(shape: type[Shape], place: Place) -> type[Shape]:
    """The shape of the mapping at a place, through lists and mappings with names of their own."""
    inner: Any = shape
    for part in place:
        inner = _inside(inner, part)
    return next(_shapes_in(inner), shape)


def _inside(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return next((info.annotation for key, info in annotation.fields() if key == part), annotation)
    arguments = [argument for argument in get_args(annotation) if argument not in {type(None), Ellipsis}]
    if get_origin(annotation) is Mapping:
        return arguments[1]
    if get_origin(annotation) is tuple or not arguments:
        return arguments[0] if arguments else annotation
    return _inside(arguments[0], part)


def _shapes_in(annotation: Any) -> Iterator[type[Shape]]:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        yield annotation
    for inner in get_args(annotation):
        yield from _shapes_in(inner)


_KINDS_OF_VALUE = {
    "string_type": "must be text: put it in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys and values",
    "model_type": "must be a mapping of keys and values",
    "none_required": "takes nothing: leave out what stands after the colon",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


_BOUNDS = {
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "too_long": "must hold at most {max_length}",
    "string_too_long": "must have at most {max_length} characters",
}


def _message(detail: ErrorDetails, word: str) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in {"enum", "literal_error"}:
        return no_such("value", word, re.findall("'([^']*)'", context["expected"]))
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(context)
    return _KINDS_OF_VALUE.get(kind, detail["msg"])
