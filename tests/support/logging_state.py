"""Logging as it was before: for tests of what sets it up for a whole process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


def _loggers() -> list[logging.Logger]:
    named = logging.Logger.manager.loggerDict.values()
    return [logging.getLogger(), *(logger for logger in named if isinstance(logger, logging.Logger))]


@contextmanager
def logging_restored() -> Iterator[None]:
    """At the end, levels and structlog's configuration are put back, and our handler is gone."""
    levels = {logger: logger.level for logger in _loggers()}
    try:
        yield
    finally:
        for logger in _loggers():
            logger.setLevel(levels.get(logger, logging.NOTSET))
        logging.getLogger().removeHandler(our_handler())
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


def our_handler() -> logging.Handler:
    """The handler that `exporter.logs.configure` set up; one that does nothing if there is none."""
    ours = (handler for handler in logging.getLogger().handlers if handler.get_name() == "brekwatch")
    return next(ours, logging.NullHandler())
