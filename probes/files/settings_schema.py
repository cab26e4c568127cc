"""The JSON Schema (2020-12) of the configuration file, for editors.

It accepts what the reader accepts. What one file alone can't show (whether a variable is set, whether an interval is
longer than a deadline) the reader still refuses.
"""

from __future__ import annotations

import json
from typing import Any

from probes.files.settings_shapes import SettingsShape

SCHEMA_NAME = "brekwatch.schema.json"

_OPENINGS = {
    "Variable": {"type": "string", "pattern": r"\$\{", "description": "${VAR} is filled from the environment."},
    "QuotedNumber": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
}
_NUMBERS = frozenset({"integer", "number"})
_ABOUT = ("description", "default", "examples")


def schema() -> dict[str, Any]:
    """The schema, ready for a JSON encoder."""
    found = SettingsShape.model_json_schema()
    definitions = found["$defs"]
    enums = {f"#/$defs/{name}" for name, shape in definitions.items() if "enum" in shape}
    for shape in (found, *definitions.values()):
        for key, field in shape.get("properties", {}).items():
            field.pop("title", None)
            if isinstance(field.get("default"), dict | list) or field.get("default", "") is None:
                del field["default"]
            shape["properties"][key] = _opened(field, enums)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "$defs": {**definitions, **_OPENINGS}}


def schema_text() -> str:
    """The schema as `config schema` prints it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _opened(field: dict[str, Any], enums: set[str]) -> dict[str, Any]:
    """The same field, open to `${VAR}` wherever it holds more than any text, and to numbers in quotes."""
    if "patternProperties" in field:
        field["additionalProperties"] = False
    if "items" in field:
        field["items"] = _opened(field["items"], enums)
    if "anyOf" in field:
        field["anyOf"] = [_opened(choice, enums) for choice in field["anyOf"]]
    is_number = field.get("type") in _NUMBERS
    if not is_number and not {"pattern", "enum"} & set(field) and field.get("$ref") not in enums:
        return field
    about = {name: field.pop(name) for name in _ABOUT if name in field}
    openings = _OPENINGS if is_number else ["Variable"]
    return {**about, "anyOf": [field, *({"$ref": f"#/$defs/{name}"} for name in openings)]}
