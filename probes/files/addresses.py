"""Addresses that people give us: URLs of targets, portals and journals, and where to listen.

Each `…_problem` says why a text can't be one, in words that follow its name; None if it can. None of
them repeats the text, which may carry a password.
"""

from __future__ import annotations

import re
from pathlib import Path

from probes.origin import Origin
from probes.words import Environment

_API_PATH = "/api/partner/"
WORD = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql://"


def url_problem(url: str) -> str | None:
    """Why requests can't go to a URL; None if they can."""
    try:
        Origin.of(url)
    except ValueError as problem:
        return str(problem)
    return None


def base_url_problem(url: str) -> str | None:
    """The same for a URL that paths are put behind."""
    if "?" in url or "#" in url:
        return url_problem(url) or "it must not have a query (?) or a fragment (#)"
    if _API_PATH in url:
        return url_problem(url) or f"it must end before {_API_PATH}, which is added to it"
    return url_problem(url)


def plain_text_problem(url: str, environment: Environment) -> str | None:
    """Why a URL that can be read isn't safe to use: the guide demands TLS, and only a sandbox may do without."""
    origin = Origin.of(url)
    if environment is Environment.SANDBOX or origin.scheme == "https" or origin.is_loopback:
        return None
    return (
        "production is reached by https:// only, and a host counts as production unless it is declared a sandbox "
        "(environment: sandbox, or BREK_ENVIRONMENT=sandbox)"
    )


def word_problem(text: str) -> str | None:
    """Why a text can't be a partner or a location; None if it can."""
    return None if re.fullmatch(WORD, text) else "must be letters, digits, dots, dashes and underscores, at most 64"


def journal_problem(url: str) -> str | None:
    """Why a text isn't a journal's address; None if it is."""
    if (url.startswith(_SQLITE) and len(url) > len(_SQLITE)) or url.startswith(_POSTGRESQL):
        return None
    return f"must begin with {_SQLITE}, and then the path of a file, or with {_POSTGRESQL}"


def journal_url(url: str, folder: Path) -> str:
    """The journal's address, the path of a SQLite file made absolute: it is meant from this folder."""
    if not url.startswith(_SQLITE):
        return url
    return _SQLITE + str(folder.absolute() / url.removeprefix(_SQLITE))


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9464`; port 0 takes any free one. Raises ValueError."""
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
    if not 0 <= number < 65_536:
        raise ValueError("no port")
    if re.search("[/?#]", host):
        raise ValueError("more than a host")
    return Origin.of(f"http://{host}:1").host, number
