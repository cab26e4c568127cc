"""Exchanges as JSON: nothing personal in them, and a digest that the document alone gives again."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

from support.retry_tapes import RetryTape

from probes.readiness.evidence import Seen
from probes.readiness.evidence_json import digest, digest_of_json, exchange_json
from probes.readiness.words import Lost, SituationName
from probes.words import Operation


def some() -> list[Seen]:
    tape = RetryTape()
    tape.situation = SituationName.DECLINE
    tape.clock = 2.0
    tape.create(actor="jane.doe@guest.example")
    tape.turn("find me a hotel in Zürich 🏨", key="brêk:\u2028s1:search:001", took=0.1234567)
    tape.turn("find me a hotel", 429, retry_after=1, code="rate_limited")
    tape.turn("yes", Lost.BY_SERVER)
    return tape.seen


def test_an_exchange_names_its_ids_and_moments() -> None:
    told = exchange_json(some()[1])

    assert told == {
        "number": 2,
        "situation": "decline",
        "began_seconds": 2.01,
        "ended_seconds": 2.133457,
        "started_at": "2026-11-20T12:00:02.010Z",
        "method": "POST",
        "path": "/api/partner/v1/core-chat/events",
        "operation": Operation.SEND_EVENT,
        "session_id": "s1",
        "idempotency_key": "brêk:\ufffds1:search:001",
        "key_styles": ["x-partner-api-key"],
        "status_code": 200,
        "code": None,
        "chat_status": "shortlist",
        "request_id": "r-2",
        "trace_id": "t:2",
        "lost": None,
    }


def test_no_body_and_no_actor_is_told() -> None:
    told = json.dumps([exchange_json(seen) for seen in some()], ensure_ascii=False)

    assert "jane" not in told
    assert "hotel" not in told


def test_a_lost_answer_has_no_status_code_and_says_how_it_was_lost() -> None:
    told = exchange_json(some()[3])

    assert (told["status_code"], told["lost"]) == (None, "by_server")


def test_a_request_under_way_has_no_end() -> None:
    told = exchange_json(replace(some()[1], ended_seconds=None, answer=None))

    assert (told["ended_seconds"], told["status_code"]) == (None, None)


def test_the_digest_can_be_made_again_of_the_json_file_alone() -> None:
    seen = some()
    document = json.dumps({"exchanges": [exchange_json(each) for each in seen]}, indent=2)

    assert digest_of_json(json.loads(document)["exchanges"]) == digest(seen)


def test_jq_and_sha256sum_make_the_same_digest() -> None:
    seen = some()
    document = json.dumps({"exchanges": [exchange_json(each) for each in seen]}, indent=2)
    made = subprocess.run(
        ["/bin/sh", "-c", "jq -cSj .exchanges | sha256sum"], input=document.encode(), capture_output=True, check=True
    )

    assert made.stdout.decode().split()[0] == digest(seen)


def test_another_answer_gives_another_digest() -> None:
    seen = some()
    other = [seen[0], replace(seen[1], ended_seconds=9.0), *seen[2:]]

    assert digest(other) != digest(seen)


def test_half_a_character_in_a_path_does_not_stop_the_digest() -> None:
    seen = replace(some()[0], path="/api/\ud800")

    assert len(digest([seen])) == 64
