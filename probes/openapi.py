"""An OpenAPI file that a stranger published: read within bounds, and asked which endpoints it names.

Only local references are followed, a bounded number of them; whatever doesn't lead anywhere counts as unsaid. Brek's
guide publishes the file ("Machine-readable resources"), and beside it an index for readers of plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from probes.answers import decode_json
from probes.errors import ConfigError, UnreadableDocumentError
from probes.files import yaml_files
from probes.words import Operation

_SOURCE = "the document"
_RULES = yaml_files.Rules(deepest=100, most_values=50_000, is_own=False)
_MOST_HOPS = 20
_MOST_PATHS = 2_000
_LONGEST_PATH = 500
_BASE_PATH = "/core-chat"

_PARAMETER = r"(?:\{[^{}/]*\}|:[\w-]+|<[^<>/]*>|\[[^\[\]/]*\]|\$[\w-]+)"
_WORD_ENDS = r"(?![\w-])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One of the three: `ending` is how its path ends, whatever stands before; `mention` how a text names it."""

    operation: Operation
    method: str
    ending: re.Pattern[str]
    mention: re.Pattern[str]
    shown: str


def _endpoint(
    operation: Operation, method: str, shown: str, ending: str, slug: str, *, mentioned: str = ""
) -> Endpoint:
    return Endpoint(
        operation=operation,
        method=method,
        ending=re.compile(rf"{ending}/?\Z"),
        mention=re.compile(rf"{mentioned or ending}(?!/?{_PARAMETER}|/?[\w-])|\b(?:{slug}){_WORD_ENDS}", re.IGNORECASE),
        shown=shown,
    )


ENDPOINTS = (
    _endpoint(
        Operation.CREATE_SESSION,
        "post",
        "POST /sessions",
        "/sessions",
        r"(?:post|create)[-_ ](?:an?[-_ ])?(?:partner[-_ ]chat[-_ ]|chat[-_ ])?sessions?",
    ),
    _endpoint(
        Operation.SEND_EVENT,
        "post",
        "POST /events",
        "/events",
        r"(?:post|send)[-_ ](?:an?[-_ ]|one[-_ ])?(?:user[-_ ]turn|events?)",
    ),
    _endpoint(
        Operation.GET_SESSION,
        "get",
        "GET /sessions/{sessionId}",
        f"/sessions/{_PARAMETER}",
        r"(?:get|read|fetch)[-_ ](?:an?[-_ ]|the[-_ ])?(?:current[-_ ])?sessions?",
        mentioned=rf"/sessions/(?:{_PARAMETER}|(?-i:[A-Z][A-Z_]+))",
    ),
)


@lru_cache(maxsize=4)  # a file changes seldom and takes 50 ms to read, in which nothing else is measured
def parse(content: bytes) -> Mapping[str, object]:
    """The file's value, YAML or JSON. Raises UnreadableDocumentError, with a sentence, and nothing else.

    At most 1 MiB, 100 levels and 50,000 values, aliases unfolded; tags and keys that stand twice are refused.
    """
    value, problem = decode_json(content) if content.lstrip().startswith(b"{") else (None, "not JSON")
    if problem is not None or len(content) > yaml_files.LARGEST_BYTES:
        try:
            value = yaml_files.read(content, _SOURCE, _RULES).root.value
        except ConfigError as error:
            raise UnreadableDocumentError(str(error)) from None
    if not isinstance(value, dict):
        raise UnreadableDocumentError(f"{_SOURCE}:1:1: it is no mapping of names to values")
    return value


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def resolved(document: Mapping[str, object], value: object) -> Mapping[str, object]:
    """What a value, or the local `$ref` that stands for it, says; empty where that leads nowhere."""
    for _ in range(_MOST_HOPS):
        found = mapping(value)
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        value = _pointed(document, reference)
    return {}


def _pointed(document: Mapping[str, object], reference: str) -> object:
    """The value at a JSON pointer (RFC 6901) into the same document; None if there is none, or it points elsewhere."""
    if not reference.startswith("#/") or len(reference) > _LONGEST_PATH:
        return None
    value: object = document
    for part in unquote(reference[2:]).split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        match value:
            case dict():
                value = value.get(name)
            case list() if name.isascii() and name.isdigit() and len(name) < 6 and int(name) < len(value):
                value = value[int(name)]
            case _:
                return None
    return value


def _candidates(document: Mapping[str, object], endpoint: Endpoint) -> Iterator[str]:
    paths = mapping(document.get("paths"))
    for path, item in list(paths.items())[:_MOST_PATHS]:
        ends = len(path) <= _LONGEST_PATH and endpoint.ending.search(path)
        if ends and isinstance(resolved(document, item).get(endpoint.method), dict):
            yield path


def path_of(document: Mapping[str, object], endpoint: Endpoint) -> str | None:
    """The path under which the file names an endpoint: of several, the one below `core-chat`, else the shortest."""
    candidates = sorted(_candidates(document, endpoint), key=lambda path: (_BASE_PATH not in path, len(path), path))
    return candidates[0] if candidates else None


def missing_endpoints(document: Mapping[str, object]) -> tuple[str, ...]:
    """Which of the three endpoints the file doesn't name, as people write them: `POST /sessions`.

    Base paths, prefixes and the name of the parameter may be anything.
    """
    return tuple(endpoint.shown for endpoint in ENDPOINTS if path_of(document, endpoint) is None)


def unnamed_endpoints(text: str) -> tuple[str, ...]:
    """The same for the index in plain text: a path counts as a name, however its link is written, or a page's name."""
    plain = unquote(text).replace("\\", "").replace("`", "")
    return tuple(endpoint.shown for endpoint in ENDPOINTS if endpoint.mention.search(plain) is None)
