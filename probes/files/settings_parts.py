"""What the shapes of the configuration share: texts of a form, and keys that may stand in a file of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from probes.files.addresses import WORD, base_url_problem, word_problem
from probes.files.shapes import json_pattern

URL = "https?://.+"
IN_A_FILE = "The same, in a file that only its owner may read."


def refused_by(problem_of: Callable[[str], str | None]) -> AfterValidator:
    """What makes `Annotated[str, …]` a text of which that finds nothing to say."""

    def check(text: str) -> str:
        problem = problem_of(text)
        if problem is not None:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def secrets(**needed: bool) -> Callable[[dict[str, Any]], None]:
    """For the JSON Schema: each of these keys or its `…_file` is given, never both; one of them if it is needed."""

    def tell(schema: dict[str, Any]) -> None:
        schema["allOf"] = [_either(key, f"{key}_file", needed=must) for key, must in needed.items()]

    return tell


def _either(*keys: str, needed: bool) -> dict[str, Any]:
    given = [{"required": [key], "properties": {key: {"type": "string"}}} for key in keys]
    return {"oneOf": given} if needed else {"not": {"allOf": given}}


Word = Annotated[str, refused_by(word_problem), json_pattern(WORD)]
Address = Annotated[str, refused_by(base_url_problem), json_pattern(URL)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Key = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1})]
