"""Reads the secrets of one configuration: from the value of a key, or from the file that `KEY_file` names."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from probes.files.secret_values import Stamp, read_secret, stamp
from probes.files.yaml_files import Place
from probes.redaction import Secret


class Refuse(Protocol):
    """Notes what is wrong at a place of the file."""

    def __call__(self, place: Place, message: str, *, at_key: bool = False) -> None:
        """Go on reading afterwards, so that one look tells all."""


class SecretReading:
    """What came up on the way: `found` are the values that no sink may show, `files` those that were read."""

    def __init__(self, folder: Path, refuse: Refuse) -> None:
        self.found: list[Secret] = []
        self.files: dict[Path, Stamp | None] = {}
        self._folder = folder
        self.refuse = refuse

    def text(self, place: Place, key: str, text: str | None, file: str | None) -> str | None:
        """The secret itself, or what its file holds; None where a problem was noted."""
        if (text is None) == (file is None):
            lacks = f"{key} is missing: give it, as ${{VAR}} or in a file that {key}_file names"
            message = lacks if text is None else f"{key} and {key}_file are both given: keep one"
            self.refuse(place, message, at_key=True)
            return None
        if file is None:
            return text
        path = self._folder / file
        self.files[path] = stamp(path)  # before it is read: what changes meanwhile is noticed
        try:
            return read_secret(path)
        except ValueError as problem:
            self.refuse((*place, f"{key}_file"), str(problem))
            return None
