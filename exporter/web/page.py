"""The pages: tables, no script, nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from alerts.pages import Paper, environment
from exporter.found import show_command

if TYPE_CHECKING:
    from starlette.requests import Request

    from probes.journal.kept import RunSummary

NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
FORM_TO_OURSELVES = NOTHING_ALLOWED.replace("form-action 'none'", "form-action 'self'")


class Page:
    """One page of ours; reads its template once. `allowed` is the policy beside its style sheet."""

    def __init__(self, name: str, *, version: str, allowed: str = NOTHING_ALLOWED) -> None:
        templates = environment("exporter.web")
        templates.filters |= {"show": _show}
        self._paper = Paper((files("exporter.web") / "templates" / "page.css").read_text("utf-8"), allowed=allowed)
        self._template = templates.get_template(name)
        self._version = version

    @property
    def content_security_policy(self) -> str:
        """Its one style sheet by hash, and nothing else."""
        return self._paper.content_security_policy

    def render(self, **facts: object) -> str:
        """The page as HTML, of what its template tells."""
        return self._template.render(style=self._paper.style, version=self._version, **facts)


def wants_json(request: Request) -> bool:
    """Whether JSON is asked for: by `?format=json`, else by the Accept header, where it stands before HTML."""
    if (named := request.query_params.get("format")) is not None:
        return named == "json"
    accepted = request.headers.get("accept", "").lower()
    json, html = accepted.find("application/json"), accepted.find("text/html")
    return json >= 0 and (html < 0 or json < html)


def _show(run: RunSummary) -> str:
    return show_command(run.run_id)
