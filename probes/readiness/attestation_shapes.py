"""The shape of a file of attestations."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

from probes.files.shapes import Shape, form

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be a day, such as 2026-11-20")


Said = Annotated[str, Field(max_length=200), form(r"(?s).*\S.*", "somebody's name")]


class AttestationShape(Shape):
    """One attestation."""

    about: Annotated[str, Field(description="what is attested, such as on_call_contact")]
    by: Annotated[Said, Field(description="the name of who stands for it")]
    on: Annotated[date, BeforeValidator(_day), Field(description="the day on which it was said, such as 2026-11-20")]
    note: Annotated[str, Field(max_length=1000, description="more about it, in a sentence")] = ""


class AttestationsShape(Shape):
    """The file."""

    attestations: Annotated[tuple[AttestationShape, ...], Field(min_length=1, description="a list of attestations")]
