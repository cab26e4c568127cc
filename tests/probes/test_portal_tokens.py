"""The portal tokens that an answer shows, which nobody may see from then on."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from support.lying import Lying, at, put
from support.playing import target_for

from probes import answers
from probes.ledger import MemoryLedger
from probes.listening import Listener
from probes.model import Answer, Exchange, RunStart
from probes.portal import tokens_shown
from probes.redaction import MASK, Scrubber
from probes.runner import Runner
from probes.sandbox.server import SandboxServer
from probes.scenario_files import shipped

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SESSION = "sess_1771456953407_g7p6233d"


def answer(body: object) -> Answer:
    return answers.read(200, [], body if isinstance(body, bytes) else orjson.dumps(body), now=NOW)


def with_url(url: object) -> Answer:
    return answer({"data": {"sessionId": SESSION, "result": {"artifacts": {"payment": {"setupUrl": url}}}}})


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://pay.example/setup/psu_1771456992743_e2634ddd", "psu_1771456992743_e2634ddd"),
        ("https://pay.example/setup?token=Hq8.sTz4~Lw9", "Hq8.sTz4~Lw9"),
        ("https://pay.example/setup?portalToken=a%2Bb%2Fc%3D12", "a+b/c=12"),
        ("https://pay.example/#portal_token=3f2b8c1e-77d0-4a5e", "3f2b8c1e-77d0-4a5e"),
        ("/relative?psu=onlylowercaseletters", "onlylowercaseletters"),
    ],
    ids=["guides", "query", "escaped", "fragment", "long_word"],
)
def test_the_token_of_a_setup_url_is_one_whatever_it_looks_like(url: str, token: str) -> None:
    assert tokens_shown(with_url(url)) == (token,)


@pytest.mark.parametrize(
    "url",
    [f"https://pay.example/?token={SESSION}", "https://pay.example/?token=run_finished", "https://pay.example/?x=Hq8.sTz4",
     "https://[pay.example/?token=Hq8.sTz4Lw9", "", None, 7, ["https://pay.example/?token=Hq8.sTz4Lw9"]],
    ids=["the_session", "one_of_our_words", "another_name", "no_url", "empty", "null", "number", "list"],
)  # fmt: skip
def test_an_id_a_word_and_what_is_no_setup_url_are_none(url: object) -> None:
    """A session id must be found again, and a server must not blind our logs by calling their words tokens."""
    assert tokens_shown(with_url(url)) == ()


def test_tokens_are_found_at_any_depth_escaped_and_where_they_stand_alone() -> None:
    body = b'{"data": [{"x": {"s\\u0065tupUrl": "https://a.example/?token=Hq8.sTz4Lw9"}}], "error": "psu_17714_dead"}'

    assert tokens_shown(answer(body)) == ("Hq8.sTz4Lw9", "psu_17714_dead")
    assert tokens_shown(answer(b"<html>psu_17714_dead</html>")) == ("psu_17714_dead",)


def test_an_answer_full_of_tokens_keeps_nobody_busy() -> None:
    assert len(tokens_shown(answer(b" ".join(b"psu_%06d" % number for number in range(50_000))))) == 20


class Eavesdropper(Listener):
    """A sink that shows each answer the moment that it hears of it."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self.shown: list[str] = []

    def exchange_finished(self, start: RunStart, step: str, exchange: Exchange) -> None:
        content = b"" if exchange.answer is None else exchange.answer.content
        self.shown += [self._scrubber.text(content.decode()), self._scrubber.text(exchange.request_body.decode())]


async def test_a_token_is_a_secret_before_any_listener_hears_of_its_answer() -> None:
    token = "Hq8.sTz4Lw9"
    scrubber = Scrubber()
    sink = Eavesdropper(scrubber)
    async with SandboxServer() as sandbox:
        url = f"{sandbox.base_url}/portal/setup?token={token}"
        lie = at(3, put("data.result.artifacts.payment.setupUrl", url))
        async with Lying(sandbox.base_url, lie) as server:
            runner = Runner(ledger=MemoryLedger(), listener=sink, notice=scrubber.notice)
            target = target_for(sandbox, base_url=server.base_url)
            run = await runner.play(shipped()["golden_path"], target, deadline_seconds=10.0)

    assert len(run.steps[3].exchanges) == 1
    assert any(f"setup?token={MASK}" in text for text in sink.shown)
    assert any(f'"portalToken":"{MASK}"' in text for text in sink.shown)
    assert not any(token in text for text in sink.shown)
