"""The report as one HTML file: no script, nothing from elsewhere, never larger than `MOST_BYTES`.

Pure: facts in, text out. What a server had a say in stands in it as text, never as an element, an attribute's name,
an address or a style.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from alerts.pages import Paper, environment, style_sheet
from alerts.report.axis import LEFT, RIGHT
from alerts.report.facts import Report
from alerts.report.fitting import ROOMS, fitted
from alerts.report.picture import WIDTH, picture_of, share_left
from alerts.report.standing import WHO_ACTS, standing
from alerts.report.support_ids import support_block
from probes.redaction import printable
from probes.words import Blame

if TYPE_CHECKING:
    from jinja2 import Template

MOST_BYTES = 256 * 1024
_SHEETS = ("document.css", "report.css", "print.css")
_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'"
_OUR_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-_:\[\]]+(/[A-Za-z0-9.\-_~/%?=&+]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What a report that is served leads to: places of the service, and itself in other formats. Labels and paths."""

    places: tuple[tuple[str, str], ...]
    formats: tuple[tuple[str, str], ...]


def render(report: Report, within: Within | None = None) -> str:
    """The whole document. What there is no room for is left out, and said to be.

    A file stands alone; one that is served stands `within` a service, to which it leads back.
    """
    picture = picture_of(report)  # of all runs: it is as large for ten as for ten thousand
    document = ""
    for room in ROOMS:
        shown = fitted(report, room)
        document = _template().render(
            report=shown,
            picture=picture,
            standing=standing(report),
            ids=support_block(shown.ids).split("\n") if shown.ids else (),
            curl_runs=_is_command(shown.curl),
            verify=verify_commands(report),
            paper=_paper(),
            within=within,
        )
        if len(document.encode()) <= MOST_BYTES:
            break
    return document


def content_security_policy() -> str:
    """What the document says that it needs: its own style sheet."""
    return _paper().content_security_policy


def verify_commands(report: Report) -> list[str]:
    """The commands that make the evidence and reckon every number of this page again."""
    chosen = shlex.join(map(printable, report.scope.options))
    return [
        f"brekwatch incident {chosen} -o report.html --bundle evidence.tar.gz",
        "brekwatch incident verify evidence.tar.gz",
    ]


def _is_command(curl: str | None) -> bool:
    """Whether it is more than comments, which say why it must not be run."""
    return curl is not None and any(line and not line.startswith("#") for line in curl.split("\n"))


def _ours(address: str | None) -> bool:
    """Whether it is a plain web address, fit to be a link."""
    return address is not None and _OUR_ADDRESS.fullmatch(address) is not None


def _whose(blame: Blame) -> str:
    """Whose move it is; a word that another version added stands for itself."""
    return WHO_ACTS.get(blame, blame)


@cache
def _paper() -> Paper:
    return Paper(
        style_sheet(*(("alerts", name) for name in ("document.css", "report.css", "print.css"))), allowed=_ALLOWED
    )


@cache
def _template() -> Template:
    made = environment("alerts")
    made.filters |= {"whose": _whose}
    made.globals |= {"share_left": share_left, "width": WIDTH, "left": LEFT, "right": RIGHT}
    made.tests["ours"] = _ours
    return made.get_template("report.html")
