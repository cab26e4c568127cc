"""What the commands share that write a folder of files: a configuration's links, and files written or left alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from alerts.rulebook import Links
from probes import settings
from probes.errors import UsageError
from probes.settings import Settings


def settings_if_named(config: Path | None, environ: Mapping[str, str]) -> Settings | None:
    """The configuration, if one is named by an argument or the environment. Raises ConfigError."""
    if config is None and not environ.get("BREKWATCH_CONFIG"):
        return None
    return settings.find(config, environ)


def links_of(found: Settings | None) -> Links:
    """Where links begin: as configured, else as the defaults say."""
    default = Links()
    if found is None:
        return default
    return Links(
        external_url=(found.service.external_url or default.external_url).rstrip("/"),
        grafana_url=(found.service.grafana_url or default.grafana_url).rstrip("/"),
    )


def refuse(path: Path) -> UsageError:
    """What to raise for a file that somebody else made."""
    return UsageError(f"{path} was not made by this command, and stays: name another folder, or add --force")


def is_there(path: Path) -> bool:
    """Whether anything has that name: a dangling link has."""
    return os.path.lexists(path)


def text_of(path: Path) -> str:
    """What the file holds; nothing, if it is not there or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def written(path: Path, text: str) -> str:
    """Write the file and say so. Raises UsageError where that can't be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "its name is no path"
        raise UsageError(f"{path} can't be written: {reason}") from None
    return f"wrote {path}"


def written_once(path: Path, text: str, *, force: bool) -> str | None:
    """The same for a file that is its reader's to change: once there, it stays unless forced."""
    if force or not is_there(path):
        return written(path, text)
    return None if text_of(path) == text else f"{path} was there already, and stays (--force writes it anew)"
