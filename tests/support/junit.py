"""JUnit XML as Jenkins' schema junit-10 has it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

# For each element its attributes (those with * are required) and its children.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            *("name*", "tests*", "failures*", "errors*", "group", "time", "skipped", "timestamp"),
            *("hostname", "id", "package", "file", "log", "url"),
        },
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set[str](), {"property"}),
    "property": ({"name*", "value*"}, set[str]()),
    "testcase": (
        {"name*", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    **dict.fromkeys(("failure", "error", "skipped"), ({"type", "message"}, set[str]())),
    "system-out": (set[str](), set[str]()),
}


def jenkins_complaints(root: ElementTree.Element) -> list[str]:
    """What Jenkins would not take."""
    return [complaint for element in root.iter() for complaint in _complaints(element)]


def _complaints(element: ElementTree.Element) -> Iterator[str]:
    attributes, children = ALLOWED[element.tag]
    for name in set(element.attrib) - {each.rstrip("*") for each in attributes}:
        yield f"<{element.tag}> has {name}"
    for name in {each[:-1] for each in attributes if each.endswith("*")} - set(element.attrib):
        yield f"<{element.tag}> lacks {name}"
    for name in {child.tag for child in element} - children:
        yield f"<{element.tag}> holds <{name}>"
