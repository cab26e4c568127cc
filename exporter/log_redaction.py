"""The last step before a log line is rendered: no secrets, no control characters, no endless fields. Fails closed."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from probes.redaction import Scrubber, printable

FIELD_CHARACTERS = 4096
_MOST_ITEMS = 100
_MOST_DIGITS = 15
_TRACEBACK = "traceback"
_KEPT = ("level", "timestamp")


class Redaction:
    """A structlog processor. Scrubs first and cuts then: a cut through a secret would hide it from the scrubber."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """The event as it may be seen; only that there was one, if its fields can't be scrubbed."""
        try:
            return {self._text(str(name)): self._field(name, value) for name, value in event.items()}
        except Exception:  # noqa: BLE001 - fail closed: better no facts than secrets
            kept = {name: event[name] for name in _KEPT if isinstance(event.get(name), str)}
            return {"event": "log_event_withheld", **kept, "reason": "its fields could not be scrubbed"}

    def _field(self, name: str, value: object) -> object:
        if name == _TRACEBACK and isinstance(value, str):
            return self._lines(value)
        shown = self._value(self._scrubber.data(value))
        if isinstance(shown, dict | list) and len(str(shown)) > FIELD_CHARACTERS:
            return printable(str(shown), FIELD_CHARACTERS)
        return shown

    def _value(self, value: object) -> object:
        match value:
            case str():
                return printable(value, FIELD_CHARACTERS)
            case int() if abs(value) >= 10**_MOST_DIGITS:
                return self._text(str(value))
            case dict():
                pairs = list(value.items())[:_MOST_ITEMS]
                return {printable(key, 200): self._value(item) for key, item in pairs}
            case list():
                return [self._value(item) for item in value[:_MOST_ITEMS]]
            case _:
                return value

    def _text(self, text: str) -> str:
        return printable(self._scrubber.text(text), FIELD_CHARACTERS)

    def _lines(self, text: str) -> list[str]:
        """A traceback line by line, the newest that fit: what went wrong stands at its end."""
        kept: list[str] = []
        left = FIELD_CHARACTERS
        for line in reversed(self._scrubber.text(text).splitlines()):
            shown = printable(line, 500)
            left -= len(shown)
            if left < 0:
                kept.append("…")
                break
            kept.append(shown)
        return kept[::-1]
