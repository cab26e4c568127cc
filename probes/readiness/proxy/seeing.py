"""From what was noted down raw to what may be kept: without keys, portal tokens, card numbers, cookies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from probes import answers
from probes.card_numbers import holds_card_number
from probes.model import Answer
from probes.portal import tokens_shown
from probes.readiness.evidence import Headers, Seen
from probes.readiness.proxy.contents import content_of, unpacked
from probes.readiness.proxy.keys import masked_headers, masked_url_part, shown_in
from probes.readiness.proxy.paths import operation_of
from probes.readiness.proxy.recording import Recording
from probes.redaction import Scrubber, Secret

_MAY_SHOW_A_TOKEN = re.compile(rb"setup|psu_|\\\\u", re.IGNORECASE)
_BROKEN_OFF = "the request broke off before its end"


def seen_of(recording: Recording, scrubber: Scrubber, keys: Iterable[Secret]) -> Seen:
    """What is kept of an exchange, one under way too. The scrubber is told the portal tokens of the answer first."""
    answer = _answer_of(recording, scrubber)
    arrival, facts = recording.arrival, recording.keys
    all_keys = (*keys, *facts.named)
    content = content_of(bytes(recording.body), _encoding(arrival.headers), scrubber)
    whole = recording.received_seconds is not None
    in_head = next((place for place in ("path", "query") if holds_card_number(getattr(arrival, place))), None)
    return Seen(
        number=recording.number,
        situation=recording.situation,
        began_seconds=arrival.began_seconds,
        received_seconds=recording.heard_seconds if recording.received_seconds is None else recording.received_seconds,
        ended_seconds=recording.ended_seconds,
        started_at=recording.started_at,
        method=arrival.method,
        path=masked_url_part(arrival.path, all_keys, scrubber.text),
        query=masked_url_part(arrival.query, all_keys, scrubber.text),
        headers=masked_headers(arrival.headers, scrubber.text),
        operation=operation_of(arrival.method, arrival.path),
        body=content.kept,
        request=content.value if whole else None,
        request_problem=content.problem if whole else _BROKEN_OFF,
        key_styles=facts.styles,
        key_number=facts.number,
        key_in_url=facts.in_url,
        card_data=content.card_data or in_head,
        over_tls=arrival.over_tls,
        from_loopback=arrival.from_loopback,
        answer=answer,
        lost=recording.lost,
    )


def seen_again(seen: Seen, scrubber: Scrubber, keys: Iterable[Secret]) -> Seen:
    """The same without the keys that were learned since: what a later header carried may stand in an earlier URL."""
    several = tuple(keys)
    content = content_of(seen.body, "", scrubber)
    unread = seen.request_problem is not None
    return replace(
        seen,
        path=masked_url_part(seen.path, several, scrubber.text),
        query=masked_url_part(seen.query, several, scrubber.text),
        headers=masked_headers(seen.headers, scrubber.text),
        body=content.kept,
        request=seen.request if unread else content.value,
        key_in_url=seen.key_in_url or shown_in(f"{seen.path}?{seen.query}", several),
        answer=None if seen.answer is None else _read_again(seen.answer, seen.started_at, scrubber),
    )


def _answer_of(recording: Recording, scrubber: Scrubber) -> Answer | None:
    if recording.status_code is None or recording.ended_seconds is None:
        return None
    took = recording.ended_seconds - recording.arrival.began_seconds
    moment = recording.started_at + timedelta(seconds=took)
    packed = bytes(recording.answer_body)
    plain, problem = unpacked(packed, _encoding(recording.answer_headers))
    if _MAY_SHOW_A_TOKEN.search(plain):
        shown = tokens_shown(answers.read(recording.status_code, recording.answer_headers, plain, now=moment))
        scrubber.notice(map(Secret, shown))
    clean = _read(recording.status_code, recording.answer_headers, plain, moment, scrubber)
    return clean if problem is None else replace(clean, json_problem=problem)


def _read(status_code: int, headers: Headers, plain: bytes, moment: datetime, scrubber: Scrubber) -> Answer:
    content = content_of(plain, "", scrubber)
    clean = answers.read(status_code, masked_headers(headers, scrubber.text), content.kept, now=moment)
    return clean if content.problem is None else replace(clean, body=None, json_problem=content.problem)


def _read_again(answer: Answer, moment: datetime, scrubber: Scrubber) -> Answer:
    again = _read(answer.status_code, tuple(answer.headers.items()), answer.content, moment, scrubber)
    return replace(again, json_problem=answer.json_problem, retry_after_seconds=answer.retry_after_seconds)


def _encoding(headers: Headers) -> str:
    return ",".join(value for name, value in headers if name == "content-encoding")
