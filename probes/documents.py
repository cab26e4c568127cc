"""The machine-readable resources that the guide names: can they be read, and do they name the three endpoints?"""

from __future__ import annotations

from probes import drift, openapi
from probes.errors import UnreadableDocumentError
from probes.model import Finding
from probes.words import Published


def examine(document: Published, content: bytes) -> tuple[str | None, tuple[Finding, ...]]:
    """What is wrong with a published document, if anything, and where it differs from what the guide says.

    Takes as long as a large file takes to read: not for the event loop.
    """
    if document is Published.LLMS:
        if content.lstrip().startswith(b"<"):
            return "it is a page of markup, where a plain text is due", ()
        missing = openapi.unnamed_endpoints(content.decode("utf-8", "replace"))
        return _told(missing), ()
    try:
        published = openapi.parse(content)
    except UnreadableDocumentError as problem:
        return str(problem), ()
    if not isinstance(published.get("openapi"), str):
        return "it names no version of OpenAPI", ()
    return _told(openapi.missing_endpoints(published)), drift.differences(published)


def _told(missing: tuple[str, ...]) -> str | None:
    return f"it does not name {', '.join(missing)}" if missing else None
