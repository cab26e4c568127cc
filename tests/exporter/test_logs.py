from __future__ import annotations

import base64
import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import structlog
from support.logging_state import logging_restored, our_handler

from exporter import logs
from exporter.log_redaction import FIELD_CHARACTERS, Redaction
from probes.redaction import Scrubber, Secret

KEY = 'pk_live_"0123/456+789"'
NASTY = "one\r\ntwo\x1b[2J\u202eeert\u2028three\x00\x85\ud800"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    with logging_restored():
        yield


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def scrubber() -> Scrubber:
    return Scrubber([Secret(KEY)])


def configure(stream: io.StringIO, scrubber: Scrubber, **options: Any) -> Any:
    return logs.configure(**{"format": "json", "scrubber": scrubber, "stream": stream, **options})


def events(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_level_time_and_fields(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(stream, scrubber).info("run_finished", outcome="passed", duration_seconds=1.5)

    (event,) = events(stream)
    assert {name: event[name] for name in ("event", "level", "outcome", "duration_seconds")} == {
        "event": "run_finished",
        "level": "info",
        "outcome": "passed",
        "duration_seconds": 1.5,
    }
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None


@pytest.mark.parametrize(
    "spelled",
    [KEY, quote(KEY, safe=""), KEY.encode().hex(), base64.b64encode(KEY.encode()).decode(), json.dumps(KEY), KEY[::-1]],
    ids=["plain", "url", "hex", "base64", "json", "reversed"],
)
@pytest.mark.parametrize("nested", [False, True], ids=["alone", "nested"])
def test_no_spelling_of_a_secret_is_logged(stream: io.StringIO, scrubber: Scrubber, spelled: str, nested: bool) -> None:
    value = {"headers": [{"x-partner-api-key": f"Bearer {spelled}", spelled: 1}]} if nested else f"key {spelled}."
    configure(stream, scrubber).info("answer", body=value, raw=spelled.encode(), **{f"x{spelled}": "name"})

    assert spelled not in stream.getvalue()
    assert json.dumps(spelled)[1:-1] not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_secret_in_a_traceback_and_its_causes_is_not_logged(stream: io.StringIO, scrubber: Scrubber) -> None:
    log = configure(stream, scrubber)
    hidden_in_a_local = "a value that only a local variable holds"
    try:
        try:
            raise ValueError(f"no good key: {KEY}")
        except ValueError as inner:
            raise RuntimeError(f"sent {quote(KEY)}") from inner
    except RuntimeError:
        log.exception("monitor_fault")

    (event,) = events(stream)
    text = "\n".join(event["traceback"])
    assert "RuntimeError: sent ***" in text
    assert "ValueError: no good key: ***" in text
    assert hidden_in_a_local not in stream.getvalue().replace('hidden_in_a_local = "', "")
    assert KEY not in text


@pytest.mark.parametrize("shift", range(-len(KEY) - 1, 2))
def test_a_secret_is_removed_before_a_field_is_cut(stream: io.StringIO, scrubber: Scrubber, shift: int) -> None:
    configure(stream, scrubber).info("answer", text="a" * (FIELD_CHARACTERS + shift) + KEY + "b" * 100)

    (event,) = events(stream)
    assert "pk_li" not in event["text"]
    assert len(event["text"]) <= FIELD_CHARACTERS


def test_a_field_is_bounded_whatever_it_holds(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(stream, scrubber).info("answer", text="x" * 10**6, items=["y" * 100] * 10**4)

    (event,) = events(stream)
    assert [len(event[name]) for name in ("text", "items")] == [FIELD_CHARACTERS, FIELD_CHARACTERS]


def test_a_value_of_endless_depth_ends_nobody(
    stream: io.StringIO, scrubber: Scrubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep: object = KEY
    for _ in range(5_000):
        deep = [deep]
    log = configure(stream, scrubber)
    monkeypatch.setattr(logging.getLogger(), "handlers", [our_handler()])  # pytest's own would fail on it

    log.info("answer", deep=deep)

    (event,) = events(stream)
    assert event["event"] == "log_event_withheld"


@pytest.mark.parametrize("form", ["json", "console"])
def test_foreign_text_can_neither_forge_a_line_nor_steer_the_terminal(
    stream: io.StringIO, scrubber: Scrubber, form: str
) -> None:
    log = configure(stream, scrubber, format=form)
    log.info("answer", text=NASTY, nested={"a": [NASTY], NASTY: 1}, **{NASTY: "name"})
    logging.getLogger("some.library").warning("said %s", NASTY)

    written = stream.getvalue()
    assert len(written.splitlines()) == 2
    assert not any(character in written for character in "\x1b\x00\x85\u202e\u2028\r")


def test_a_traceback_on_a_terminal_stays_below_its_line(scrubber: Scrubber) -> None:
    stream = io.StringIO()
    log = configure(stream, scrubber, format="console")
    try:
        raise ValueError("first\n2026-11-24 [info] forged_event")
    except ValueError:
        log.exception("monitor_fault")

    assert [line for line in stream.getvalue().splitlines() if not line.startswith("    ")] == [
        stream.getvalue().splitlines()[0]
    ]


def test_libraries_pass_the_same_pipeline_under_a_constant_name(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(stream, scrubber)
    try:
        raise ValueError(KEY)
    except ValueError:
        logging.getLogger("asyncio").exception("Task failed with %s", KEY)

    (event,) = events(stream)
    assert (event["event"], event["logger"], event["level"]) == ("library_log", "asyncio", "error")
    assert event["message"] == "Task failed with ***"
    assert event["traceback"][-1] == "ValueError: ***"


async def test_httpx_says_nothing_of_the_urls_it_asks_for(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(stream, scrubber, level="debug")
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://portal.example/?portalToken=psu_1771456992743_e2634ddd")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "name",
    [
        "aiosqlite",
        "alembic.runtime.migration",
        "apscheduler.scheduler",
        "httpcore.connection",
        "httpx",
        "psycopg.pool",
        "sqlalchemy.engine.Engine",
        "uvicorn.error",
    ],
)
def test_chatty_libraries_are_heard_from_warning_on(stream: io.StringIO, scrubber: Scrubber, name: str) -> None:
    configure(stream, scrubber, level="debug")
    logging.getLogger(name).info("hello")
    logging.getLogger(name).warning("trouble")

    assert [event["message"] for event in events(stream)] == ["trouble"]


def test_warnings_of_python_are_logged(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(stream, scrubber)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old {KEY}", stacklevel=1)

    assert "old ***" in events(stream)[0]["message"]


def test_an_event_that_can_not_be_scrubbed_keeps_its_facts_for_itself(stream: io.StringIO) -> None:
    class Broken(Scrubber):
        def data(self, value: object) -> object:
            raise RuntimeError(KEY)

    configure(stream, Broken()).warning("answer", text=KEY)

    (event,) = events(stream)
    assert event["event"] == "log_event_withheld"
    assert event["level"] == "warning"
    assert KEY not in stream.getvalue()


def test_a_value_that_can_not_be_printed_withholds_its_event(stream: io.StringIO, scrubber: Scrubber) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError(KEY)

    configure(stream, scrubber).info("answer", thing=Unprintable())

    assert [event["event"] for event in events(stream)] == ["log_event_withheld"]


def test_a_library_message_with_wrong_arguments_is_lost_without_its_arguments(
    stream: io.StringIO, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(stream, scrubber)
    record = logging.LogRecord("some.library", logging.WARNING, "file.py", 1, "%d", (KEY,), None)

    our_handler().handle(record)

    assert [event["event"] for event in events(stream)] == ["log_event_lost"]
    assert KEY not in "".join(capsys.readouterr())


def test_a_closed_stream_ends_nobody_and_shows_no_traceback(
    stream: io.StringIO, scrubber: Scrubber, capsys: pytest.CaptureFixture[str]
) -> None:
    log = configure(stream, scrubber)
    stream.close()

    log.info("run_finished")

    assert tuple(capsys.readouterr()) == ("", "")


def test_levels_below_the_chosen_one_are_not_logged(stream: io.StringIO, scrubber: Scrubber) -> None:
    log = configure(stream, scrubber, level="warning")
    log.info("run_finished")
    log.warning("step_failed")

    assert [event["event"] for event in events(stream)] == ["step_failed"]


def test_an_unknown_level_is_refused(stream: io.StringIO, scrubber: Scrubber) -> None:
    with pytest.raises(ValueError, match="loud"):
        configure(stream, scrubber, level="loud")


def test_configuring_again_replaces_and_does_not_double(stream: io.StringIO, scrubber: Scrubber) -> None:
    configure(io.StringIO(), scrubber)
    configure(stream, scrubber)
    structlog.get_logger("anything").info("run_finished")

    assert len(events(stream)) == 1


def test_auto_is_a_view_for_people_on_a_terminal_and_json_elsewhere(scrubber: Scrubber) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        configure(stream, scrubber, format="auto").info("run_finished", outcome="passed")

    assert json.loads(pipe.getvalue())["outcome"] == "passed"
    with pytest.raises(json.JSONDecodeError):
        json.loads(terminal.getvalue())


@pytest.mark.parametrize(
    "value",
    [10**40, -(10**40), float("nan"), float("inf"), 4242424242424242, {1: {2: 3}}, {1, 2}, datetime.now(UTC), object()],
    ids=lambda value: type(value).__name__,
)
def test_any_value_becomes_a_line(stream: io.StringIO, scrubber: Scrubber, value: object) -> None:
    configure(stream, scrubber).info("answer", value=value)

    assert [event["event"] for event in events(stream)] == ["answer"]
    assert "4242424242424242" not in stream.getvalue()


def test_redaction_leaves_plain_facts_as_they_are() -> None:
    event = {"event": "answer", "count": 3, "share": 0.5, "good": True, "reason": None, "started_ms": 1771456953407}

    assert Redaction(Scrubber())(None, "info", dict(event)) == event


def test_importing_loads_no_structlog() -> None:
    program = "import sys, exporter.logs; sys.exit('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own words

    assert done.returncode == 0
