"""The pages: tables, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from exporter.found import show_command, utc
from probes.redaction import printable

if TYPE_CHECKING:
    from jinja2 import Template

    from probes.journal.kept import RunSummary

NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
FORM_TO_OURSELVES = NOTHING_ALLOWED.replace("form-action 'none'", "form-action 'self'")


class Page:
    """One page of ours; reads its template once. `allowed` is the policy beside its style sheet."""

    def __init__(self, name: str, *, version: str, allowed: str = NOTHING_ALLOWED) -> None:
        folder = files("exporter.web") / "templates"
        self._style = (folder / "page.css").read_text("utf-8")
        self._template = _template((folder / name).read_text("utf-8"))
        self._version = version
        self._allowed = allowed

    @property
    def content_security_policy(self) -> str:
        """Its one style sheet by hash, and nothing else."""
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return f"{self._allowed}; style-src 'sha256-{digest}'"

    def render(self, **facts: object) -> str:
        """The page as HTML, of what its template tells."""
        from markupsafe import Markup

        style = Markup(self._style)  # noqa: S704 - our own file, whose every character is in the policy's hash
        return self._template.render(style=style, version=self._version, **facts)


def _template(source: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"span": _span, "utc": utc, "segment": _segment, "show": _show}
    return environment.from_string(source)


def _shown(value: object) -> object:
    """What is told by others may turn a line around, or hide in it, without a word of HTML."""
    plain = isinstance(value, str) and not hasattr(value, "__html__")
    return printable(str(value)) if plain else value


def _segment(text: str) -> str:
    """An id as a part of an address."""
    return quote(text, safe="")


def _show(run: RunSummary) -> str:
    return show_command(run.run_id)


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.2g} s"
