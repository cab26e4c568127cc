"""The page at `/`: a table, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files
from typing import TYPE_CHECKING

from exporter.recorder.board import Row

if TYPE_CHECKING:
    from jinja2 import Template


NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Page:
    """Renders the page; reads its template once."""

    def __init__(self, *, version: str) -> None:
        folder = files("exporter.web") / "templates"
        self._style = (folder / "index.css").read_text("utf-8")
        self._template = _template((folder / "index.html").read_text("utf-8"))
        self._version = version

    @property
    def content_security_policy(self) -> str:
        """Its one style sheet by hash, and nothing else."""
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return f"{NOTHING_ALLOWED}; style-src 'sha256-{digest}'"

    def render(self, rows: Iterable[Row], problem: str | None) -> str:
        """The page as HTML; `problem` says why nothing is probed, if so."""
        return self._template.render(style=self._style, version=self._version, rows=tuple(rows), problem=problem)


def _template(source: str) -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["span"] = _span
    return environment.from_string(source)


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.2g} s"
