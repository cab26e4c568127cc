"""A notice for Slack, or a chat that understands its incoming webhooks.

What a server had a say in stands in code spans, escaped: it makes no link, no mention, no formatting of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from alerts.delivery.documents import Document
from alerts.delivery.posting import Request
from probes.redaction import printable
from probes.settings import Receiver

_LONGEST_SECTION = 2800  # Slack takes 3,000
_LONGEST_SPAN = 300
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SIGNS = {"page": ":rotating_light:", "ticket": ":ticket:"}


def request(receiver: Receiver, document: Document, *, notice_id: str) -> Request:
    """The message in Slack's blocks, and in one line for its notifications."""
    text = "\n".join(_lines(document))
    message = {
        "text": _bounded(_said(document["summary"])),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": _bounded(text), "verbatim": True}}],
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    content = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"content-type": "application/json; charset=utf-8", "x-brekwatch-notice": notice_id}
    return Request(url=receiver.urls[0], content=content, headers=headers)


def escaped(text: str) -> str:
    """Text that means nothing to a chat: no control character, no markup, nobody called."""
    plain = re.sub("[&<>]", lambda match: _ESCAPES[match[0]], printable(text, _LONGEST_SPAN))
    return plain.replace("@", "\N{FULLWIDTH COMMERCIAL AT}")


def span(text: str) -> str:
    """The same in a code span, which it can't end, and where no address becomes a link."""
    return f"`{escaped(text).replace('`', chr(39)).replace('://', ': //')}`"


def _lines(document: Document) -> Iterator[str]:
    resolved = document["type"] == "incident.resolved"
    sign = ":white_check_mark:" if resolved else _SIGNS.get(document.get("severity", ""), ":information_source:")
    yield f"{sign} *{_said(document['summary'])}*"
    yield from (_said(line) for line in document["lines"])
    if evidence := document.get("evidence"):
        yield f"Step {span(evidence['step'])} of {_said(evidence['scenario'])}"
        yield f"expected {span(evidence['expected'])}"
        yield f"observed {span(evidence['observed'])}"
        yield from (f"requestId {span(text)}" for text in evidence["request_ids"])
        yield from (f"traceId {span(text)}" for text in evidence["trace_ids"])
    yield from (f"<{url}|{name}>" for name, url in document["links"].items() if url)


def _said(text: str) -> str:
    """Our own words and the configuration's: the same escapes, and no formatting by chance."""
    return escaped(text).replace("*", " ").replace("`", "'").replace("~", "-")


def _bounded(text: str) -> str:
    """Whole lines, as many as fit."""
    kept: list[str] = []
    for line in text.split("\n"):
        if sum(map(len, kept)) + len(kept) + len(line) > _LONGEST_SECTION:
            break
        kept.append(line)
    return "\n".join(kept) or text[:_LONGEST_SECTION]
