"""What a person may choose of the logs. Light: the command line imports it at its start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LogLevel(StrEnum):
    """From which level on events are written. Exchanges that went well are told at debug."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """One JSON object a line, or a view for people; `auto` is that view on a terminal, else JSON."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How a command logs."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO
