"""Logs: one event a line, constant names, facts as fields, and no secret in any of them.

Everything, the libraries' own messages too, goes through one pipeline. Its last step before the renderer removes
secrets by value (design decision 8), then whatever could forge a line or steer a terminal, then what is too long.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TextIO

from exporter.log_listener import LogListener
from exporter.log_options import LogFormat
from exporter.log_redaction import Redaction
from probes.redaction import Scrubber
from probes.under_way import current

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor

__all__ = ["LogListener", "configure"]

_CHATTY = (  # several print what they send, statements with their parameters and all, below warning
    "aiosqlite",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "psycopg",
    "sentry_sdk",
    "sqlalchemy",
    "urllib3",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.error",
)
_HANDLER_NAME = "brekwatch"


def configure(
    *,
    format: str = LogFormat.AUTO,  # noqa: A002 - the option's name
    level: int | str = logging.INFO,
    scrubber: Scrubber,
    stream: TextIO | None = None,
) -> FilteringBoundLogger:
    """Sets up logging for the process, and returns its logger. `auto` is a terminal's view on a terminal, else JSON.

    Raises ValueError for an unknown level. Called again, it replaces what it set up before.
    """
    import structlog

    number = _level_number(level)
    stream = sys.stderr if stream is None else stream
    console = format == LogFormat.CONSOLE or (format == LogFormat.AUTO and stream.isatty())
    before: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        _run_under_way,
    ]
    after: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _traceback_as_text,
        Redaction(scrubber),
        _console_renderer(colors=stream.isatty()) if console else _json_line,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*before, _foreign], processors=after)
    _install(formatter, stream, number)
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    logger: FilteringBoundLogger = structlog.get_logger("brekwatch")
    return logger


def _level_number(level: int | str) -> int:
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    if not isinstance(number, int):
        raise ValueError(f"{level!r} is no log level: debug, info, warning or error")
    return number


def _install(formatter: logging.Formatter, stream: TextIO, level: int) -> None:
    handler = _Handler(stream)
    handler.set_name(_HANDLER_NAME)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == _HANDLER_NAME]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)


class _Handler(logging.StreamHandler[TextIO]):
    """Says that an event was lost; the standard one would print its arguments, secrets and all."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's names
        try:
            self.stream.write('{"event":"log_event_lost","level":"error"}\n')
        except Exception:  # noqa: BLE001 - a broken stream: there is nobody left to tell
            return


def _run_under_way(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The run that a line comes from, and its step, a library's lines too; a line that names its own is left alone."""
    under_way = current()
    if under_way is not None and event.get("run_id") is None:
        start, step = under_way.start, under_way.step
        where = {"run_id": start.run_id, "target": start.target, "scenario": start.scenario, "step": step}
        event.update({name: value for name, value in where.items() if value is not None})
    return event


def _foreign(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A library's message: its text is a field, so that event names stay constant."""
    record: logging.LogRecord = event["_record"]
    event["message"] = event["event"]
    event["event"] = "library_log"
    event["logger"] = record.name
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def _traceback_as_text(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The traceback as lines of text, without local variables."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["traceback"] = "".join(traceback.format_exception(error))
    return event


def _json_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    import orjson

    return orjson.dumps(event, default=str).decode()


def _console_renderer(*, colors: bool) -> Processor:
    import structlog.dev

    render = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, exception_formatter=lambda *_: None)

    def console(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        lines = event.pop("traceback", [])
        return "\n    ".join([render(logger, method, event), *lines])

    return console
