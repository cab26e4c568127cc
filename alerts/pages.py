"""How every HTML document of ours is made: what others say is text in it, and it asks for nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import math
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from probes.redaction import printable
from probes.words import Outcome

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_SIGNS = {
    Outcome.PASSED: "\N{BLACK CIRCLE}",
    Outcome.DEGRADED: "\N{CIRCLE WITH LEFT HALF BLACK}",
    Outcome.FAILED: "\N{MULTIPLICATION X}",
    Outcome.SKIPPED: "\N{EN DASH}",
    Outcome.UNKNOWN: "?",
}
_NO_OUTCOME = "\N{MIDDLE DOT}"
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


class Paper:
    """A style sheet, a script if there is one, and the policy that allows these and nothing else.

    `allowed` is what the policy says beside it.
    """

    def __init__(self, style: str, *, allowed: str, script: str = "") -> None:
        self._style = style
        self._script = script
        policy = f"{allowed}; style-src {_source(style)}"
        self.content_security_policy = f"{policy}; script-src {_source(script)}" if script else policy

    @property
    def style(self) -> Markup:
        """The style sheet, to stand in a page as it is."""
        from markupsafe import Markup

        return Markup(self._style)  # noqa: S704 - our own file, whose every character is in the policy's hash

    @property
    def script(self) -> Markup:
        """The script, likewise."""
        from markupsafe import Markup

        return Markup(self._script)  # noqa: S704 - our own file, whose every character is in the policy's hash


def style_sheet(*places: tuple[str, str]) -> str:
    """Style sheets of packages, one after the other: what all documents share, then these."""
    sheets = (("alerts", "base.css"), *places)
    return "".join((files(package) / "templates" / name).read_text("utf-8") for package, name in sheets)


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
    made.filters |= {"span": span, "lasting": lasting, "utc": utc, "iso": iso, "segment": segment}
    made.filters |= {"percent": percent, "sign": sign, "lines": lines}
    return made


def utc(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """A moment in UTC as programs read it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def percent(share: float) -> str:
    """A share with as many digits as an objective has, and no more than it needs."""
    return f"{share:.3%}".replace("%", "").rstrip("0").rstrip(".") + " %" if math.isfinite(share) else "?"


def sign(outcome: Outcome | None) -> str:
    """An outcome in a shape of its own, beside its colour; of what was never played, none."""
    return _SIGNS.get(outcome, "?") if outcome is not None else _NO_OUTCOME


def span(seconds: float) -> str:
    """A length of time in the one unit that tells it best."""
    for unit, size in _UNITS:
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.2g} s"


def lasting(seconds: float) -> str:
    """A duration in its two largest units: `41.5 ms`, `9.25 s`, `42 s`, `47 min 6 s`, `2 d 4 h`."""
    if not math.isfinite(seconds):
        return "?"
    whole, sign = round(abs(seconds)), "-" if seconds < 0 else ""
    if whole < 60:
        return _short(seconds)
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next(at for at, (count, _) in enumerate(parts) if count)
    return sign + " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def _short(seconds: float) -> str:
    if abs(seconds) >= 1 or seconds == 0:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"


def lines(text: str) -> Markup:
    """A text whose lines stay lines; otherwise it is shown like any other."""
    from markupsafe import Markup

    return Markup("\n").join(map(printable, text.split("\n")))


def segment(text: str) -> str:
    """An id as a part of an address."""
    return quote(text, safe="", errors="replace")


def _source(text: str) -> str:
    """As a policy names what stands inside a document."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _shown(value: object) -> object:
    """What is told by others may turn a line around, or hide in it, without a word of HTML."""
    plain = isinstance(value, str) and not hasattr(value, "__html__")
    return printable(str(value)) if plain else value
