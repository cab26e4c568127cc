"""Reading an answer never surprises: whatever comes, it reads as what it is, or as absent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import answers, contract
from probes.words import Envelope, Operation

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEADERS = [("content-type", "application/json")]

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(st.integers(100, 599), st.lists(st.tuples(st.text(), st.text())), st.binary())
def test_any_bytes_make_an_answer_and_findings(status_code: int, headers: list[tuple[str, str]], body: bytes) -> None:
    answer = answers.read(status_code, headers, body, now=NOON)

    assert (answer.body is None) or answer.json_problem is None
    for operation in Operation:
        assert len(contract.findings(operation, answer)) <= 20


@given(JSON, JSON, JSON)
def test_any_json_in_the_documented_places_makes_an_answer(data: object, result: object, error: object) -> None:
    import json

    for body in ({"data": data}, {"data": {"result": result}}, {"success": False, "error": error, "code": data}):
        text = json.dumps(body).encode("utf-8", "surrogatepass")
        answer = answers.read(200, HEADERS, text, now=NOON)
        for operation in Operation:
            contract.findings(operation, answer)

        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "envelope"),
    [
        (b'{"success": false, "error": "x", "code": null, "details": null, "requestId": "r"}', Envelope.VALIDATION),
        (b'{"data": {}}', Envelope.SUCCESS),
        (b'{"success": false, "error": "e", "code": "c", "details": null, "requestId": "r"}', Envelope.GATEWAY),
        (b'{"success": false, "error": "e", "requestId": "r"}', Envelope.VALIDATION),
        (b'{"success": true, "error": "e"}', None),
        (b'{"error": "e"}', None),
        (b"[]", None),
    ],
)
def test_each_envelope_of_the_guide_is_known(body: bytes, envelope: Envelope | None) -> None:
    assert answers.read(200, HEADERS, body, now=NOON).envelope is envelope


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("9999999999", 86_400.0),
        ("-1", None),
        ("NaN", None),
        ("", None),
        ("1.5", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2099 00:00:00 GMT", 86_400.0),
        ("tomorrow", None),
    ],
)
def test_retry_after_is_read_and_clamped(value: str, seconds: float | None) -> None:
    assert answers.wait_seconds(value, NOON) == seconds


@pytest.mark.parametrize("value", ["abc", "-3", "1e3", "٣", "9" * 30, ""])
def test_a_quota_header_that_is_no_number_reads_as_absent(value: str) -> None:
    answer = answers.read(200, [("x-ratelimit-remaining", value)], b"{}", now=NOON)

    assert answer.ratelimit_remaining is None


def test_nesting_beyond_a_hundred_levels_is_refused_and_brackets_in_texts_do_not_count() -> None:
    deep = b"[" * 101 + b"]" * 101
    shallow = b'{"a": "' + b"[" * 5_000 + b'\\""}'

    assert answers.decode_json(deep)[1] == "nested deeper than 100 levels"
    assert answers.decode_json(shallow)[1] is None
