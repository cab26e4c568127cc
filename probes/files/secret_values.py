"""Partner keys and other secrets as they come in: from a text or a file, checked, never told."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from probes.card_numbers import holds_card_number
from probes.redaction import Secret

_LARGEST_BYTES = 16 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_FEWEST_CHARACTERS = 8

Stamp = tuple[int, int, int, int, int]
"""What tells one state of a file from the next: device, inode, size, and when its content and its mode were changed."""


def stamp(path: Path) -> Stamp | None:
    """The state of a file, links followed; None where there is none to be seen."""
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def read_secret(path: Path) -> str:
    """A secret file's text without its last line break.

    Raises ValueError, with a sentence, for a file that can't be read or that others may read.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is no regular file")
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise ValueError(f"{path} is open to other users (mode {mode:04o}): chmod 600 {path}")
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"{path} is larger than {_LARGEST_BYTES // 1024} KiB, so it holds no key")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def key_problem(key: str) -> str | None:
    """Why a text can't be sent as a partner key; None if it can. Never holds the key."""
    if not key:
        return "the partner key is empty"
    if key != key.strip():
        return "the partner key has a space or a line break around it"
    if not key.isascii() or not key.isprintable():
        return "the partner key has a character that no header may carry"
    if len(key) < _FEWEST_CHARACTERS:
        return f"the partner key has under {_FEWEST_CHARACTERS} characters: it could be any word, and not be hidden"
    if holds_card_number(key):
        return "the partner key looks like a payment card number, which never belongs here"
    return None


def secrets_in_url(url: str) -> tuple[Secret, ...]:
    """What must be scrubbed of a URL that may carry a user and a password: the password, or else the user."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (Secret(url),)
    hidden = parts.password or (parts.username if parts.scheme.startswith("http") else None)
    return () if not hidden else tuple({Secret(hidden), Secret(unquote(hidden))})
