from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime

import pytest
from support.proxying import KEY, settled
from support.recordings import arrival, record

from probes import known_secrets
from probes.readiness.proxy import keys
from probes.readiness.proxy import recorder as recorders
from probes.readiness.proxy.contents import unpacked
from probes.readiness.proxy.recorder import Recorder

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pack", "encoding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (bytes, "identity")]
)
def test_a_packed_answer_is_read_and_kept_unpacked(pack: object, encoding: str) -> None:
    assert callable(pack)
    recorder = Recorder()
    record(recorder, answer=pack(b'{"data": {"sessionId": "s"}}'), answer_headers=[("content-encoding", encoding)])

    assert [seen.answer and seen.answer.session_id for seen in recorder.exchanges] == ["s"]
    assert recorder.unread == 0


def test_an_answer_in_a_packing_that_is_not_known_is_counted_and_its_bytes_are_not_kept() -> None:
    recorder = Recorder()
    record(recorder, answer=b"\x8b\x05", answer_headers=[("content-encoding", "br")])
    answer = recorder.exchanges[0].answer

    assert answer is not None
    assert (answer.content, answer.json_problem) == (
        b"",
        "the body is packed in a way that can't be read here (content-encoding)",
    )
    assert recorder.unread == 1


def test_a_packed_answer_that_unpacks_to_gigabytes_is_kept_cut() -> None:
    recorder = Recorder()
    record(recorder, answer=gzip.compress(b" " * 20_000_000), answer_headers=[("content-encoding", "gzip")])
    answer = recorder.exchanges[0].answer

    assert answer is not None
    assert len(answer.content) == 1024 * 1024
    assert len(unpacked(gzip.compress(b" " * 20_000_000), "gzip")[0]) == 1024 * 1024 + 1


def test_of_an_exchange_under_way_no_more_than_its_bound_is_in_memory() -> None:
    recording = Recorder().begin(arrival())
    assert recording is not None
    for _ in range(40):
        recording.request_piece(b"x" * 100_000)
        recording.answer_piece(b"x" * 100_000)

    assert recording.size == 2 * (1024 * 1024 + 4096)


def test_what_waits_to_be_read_is_read_at_once_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "_MOST_WAITING_BYTES", 10)
    told: list[int] = []
    recorder = Recorder(on_seen=lambda seen: told.append(seen.number))
    for _ in range(4):
        record(recorder)

    assert told == [1, 2]


async def test_what_waits_to_be_read_is_read_once_nothing_passes_by() -> None:
    told: list[int] = []
    recorder = Recorder(on_seen=lambda seen: told.append(seen.number))
    record(recorder)
    at_once = list(told)
    await settled(lambda: told)

    assert (at_once, told) == ([], [1])


@pytest.mark.parametrize("bound", ["MOST_EXCHANGES", "MOST_BYTES"])
def test_what_comes_after_the_bound_is_counted_and_not_kept(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, bound, {"MOST_EXCHANGES": 2, "MOST_BYTES": 8}[bound])
    recorder = Recorder()
    for _ in range(5):
        record(recorder)

    assert ([seen.number for seen in recorder.exchanges], recorder.dropped) == ([1, 2], 3)


def test_after_many_other_keys_the_first_is_still_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 3)
    monkeypatch.setattr(known_secrets, "MOST_NOTICED", 5)
    recorder = Recorder()
    record(recorder)
    for number in range(20):
        record(recorder, b"{}", headers=(("api-key", f"another_key_{number:05}"),))
    record(recorder, f'{{"text": "{KEY}"}}'.encode(), headers=())

    assert recorder.exchanges[-1].request == {"text": "***"}
