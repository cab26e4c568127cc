"""What both pages of readiness are written on: a style sheet, a policy that allows it alone, and templates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from alerts.pages import Paper, environment, style_sheet

if TYPE_CHECKING:
    from jinja2 import Template

_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'"
_SHEETS = ("document.css", "readiness.css", "print.css")


@cache
def paper() -> Paper:
    """The style sheet, and the policy."""
    return Paper(style_sheet(*(("alerts", name) for name in _SHEETS)), allowed=_ALLOWED)


@cache
def template(name: str) -> Template:
    """One of the package's templates."""
    return environment("alerts").get_template(name)
