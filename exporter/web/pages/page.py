"""How a page of the service is made: one frame around all, tables inside, nothing from elsewhere.

It works without its script, which shows times in the reader's own zone and asks for the page again now and then. When
no answer comes, what stands there is marked as old: a page that is left open must not go on saying that all is well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from alerts.pages import Paper, environment, style_sheet
from exporter.found import show_command

if TYPE_CHECKING:
    from jinja2 import Environment

    from probes.journal.kept import RunSummary
    from probes.model import Run

NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALLOWED = NOTHING_ALLOWED.replace("form-action 'none'", "form-action 'self'") + "; connect-src 'self'; img-src 'self'"
_PACKAGE = "exporter.web"


@dataclass(frozen=True, slots=True)
class Link:
    """A place that every page leads to."""

    label: str
    path: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _no_problem() -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every page. `problem` says why the service can't be called probing; None while it is.

    `scrub` removes secrets from what pages say.
    """

    version: str
    links: tuple[Link, ...] = ()
    problem: Callable[[], str | None] = _no_problem
    scrub: Callable[[str], str] = str
    now: Callable[[], datetime] = _utc_now


class Page:
    """One page of ours; reads its template once. `here` is the path of the place in the frame that it belongs to.

    A page with `refresh_seconds` is asked for again so often. `sheets` are style sheets of its own, beside that of all.
    """

    def __init__(
        self, name: str, frame: Frame, *, here: str, refresh_seconds: int | None = None, sheets: tuple[str, ...] = ()
    ) -> None:
        self._template = _environment().get_template(name)
        self._frame = frame
        self._here = here
        self._paper = _paper(*sheets)
        self._refresh_seconds = refresh_seconds

    @property
    def content_security_policy(self) -> str:
        """Its style sheet and its script by hash, asking ourselves, and nothing else."""
        return self._paper.content_security_policy

    def render(self, **facts: object) -> str:
        """The page as HTML, of what its template tells."""
        return self._template.render(
            paper=self._paper,
            frame=self._frame,
            here=self._here,
            refresh_seconds=self._refresh_seconds,
            now=self._frame.now(),
            **facts,
        )


@cache
def _paper(*sheets: str) -> Paper:
    script = (files(_PACKAGE) / "templates" / "page.js").read_text("utf-8")
    style = style_sheet(*((_PACKAGE, name) for name in ("page.css", *sheets)))
    return Paper(style, allowed=_ALLOWED, script=script)


@cache
def _environment() -> Environment:
    templates = environment(_PACKAGE)
    templates.filters |= {"show": _show, "clock": _clock}
    return templates


def _show(run: RunSummary | Run) -> str:
    return show_command(run.run_id)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
