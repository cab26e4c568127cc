"""How every HTML document of ours is made: what others say is text in it, and it asks for nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from probes.redaction import printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


class Paper:
    """A style sheet, and the policy that allows it and nothing else. `allowed` is what stands beside it."""

    def __init__(self, style: str, *, allowed: str) -> None:
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._style = style
        self.content_security_policy = f"{allowed}; style-src 'sha256-{digest}'"

    @property
    def style(self) -> Markup:
        """The style sheet, to stand in a page as it is."""
        from markupsafe import Markup

        return Markup(self._style)  # noqa: S704 - our own file, whose every character is in the policy's hash


def environment(package: str) -> Environment:
    """Templates of a package's folder `templates`: always escaped, with no variable that isn't told."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files(package) / "templates"
    made = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"span": span, "utc": utc, "segment": segment}
    return made


def utc(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """A length of time in the one unit that tells it best."""
    for unit, size in _UNITS:
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.2g} s"


def segment(text: str) -> str:
    """An id as a part of an address."""
    return quote(text, safe="")


def _shown(value: object) -> object:
    """What is told by others may turn a line around, or hide in it, without a word of HTML."""
    plain = isinstance(value, str) and not hasattr(value, "__html__")
    return printable(str(value)) if plain else value
