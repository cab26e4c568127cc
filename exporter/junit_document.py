"""JUnit XML, as far as CI systems agree on it: suites of cases, each with a verdict and the lines that prove it.

It keeps to what Jenkins (its schema junit-10) and GitLab read: no properties inside a test case, and no two cases of
one name, for GitLab drops the second. Texts arrive scrubbed; here they are bounded, and lose the characters that
XML 1.0 forbids.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from xml.etree import ElementTree

from probes.redaction import printable

_LONGEST = 2000
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Element(StrEnum):
    """What stands in a case that did not pass."""

    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


_COUNTS = {"failures": Element.FAILURE, "errors": Element.ERROR, "skipped": Element.SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a case did not pass. `lines` are its text: GitLab shows that, and nothing of the attributes."""

    element: Element
    kind: str
    message: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case. `output` keeps its line breaks."""

    classname: str
    name: str
    seconds: float = 0.0
    ending: Ending | None = None
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite of them, with what is to be known of it by name."""

    name: str
    started_at: datetime
    cases: tuple[Case, ...]
    properties: tuple[tuple[str, str], ...] = ()


def document(suites: Sequence[Suite]) -> bytes:
    """The document, in UTF-8."""
    every = [case for suite in suites for case in suite.cases]
    root = ElementTree.Element("testsuites", _counts(every, "failures", "errors"), name="brekwatch")
    for suite in suites:
        _add_suite(root, suite)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def clean(text: str) -> str:
    """One line, bounded, of characters that XML may hold."""
    return _allowed(printable(text, _LONGEST))


def _counts(cases: Sequence[Case], *names: str) -> dict[str, str]:
    elements = Counter(case.ending.element for case in cases if case.ending is not None)
    numbers = {name: str(elements[_COUNTS[name]]) for name in names}
    return {"tests": str(len(cases)), **numbers, "time": f"{sum(case.seconds for case in cases):.3f}"}


def _add_suite(root: ElementTree.Element, suite: Suite) -> None:
    began = suite.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    counts = _counts(suite.cases, *_COUNTS)
    element = ElementTree.SubElement(root, "testsuite", counts, name=clean(suite.name), timestamp=began)
    properties = ElementTree.SubElement(element, "properties")
    for name, value in suite.properties:
        ElementTree.SubElement(properties, "property", name=clean(name), value=clean(value))
    for case in suite.cases:
        _add_case(element, case)


def _add_case(suite: ElementTree.Element, case: Case) -> None:
    names = {"classname": clean(case.classname), "name": clean(case.name), "time": f"{case.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", names)
    if case.ending is not None:
        told = {"type": clean(case.ending.kind), "message": clean(case.ending.message)}
        ending = ElementTree.SubElement(element, case.ending.element, told)
        ending.text = "\n".join(map(clean, (case.ending.message, *case.ending.lines)))
    ElementTree.SubElement(element, "system-out").text = _allowed(case.output)


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
