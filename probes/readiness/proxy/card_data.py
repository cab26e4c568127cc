"""Raw card numbers and security codes in a JSON value: where they stand, and the value without them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probes.card_numbers import holds_card_number, masked
from probes.redaction import MASK

_CODE_NAMES = frozenset(
    "cvv cvv2 cvc cvc2 csc cid securitycode cardsecuritycode cardcvv cardcvc verificationcode cardverificationcode "
    "verificationvalue cardverificationvalue".split()
)
_NO_LETTER = re.compile("[^a-z0-9]")
_CODE = re.compile("[0-9]{3,4}")
_CODE_IN_TEXT = re.compile(
    r"(\b(?:cvv2?|cvc2?|csc|(?:card )?security code|card verification (?:code|value))\b[^\w\n]{0,3}(?:is |code )?)"
    r"[0-9]{3,4}\b",
    re.IGNORECASE,
)
_SMALLEST_NUMBER = 10**12  # thirteen digits
_LONGEST_PLACE = 200


def place_in(value: object) -> str | None:
    """The path of the first card number or security code in it, such as `payload.card.number`."""
    return next(_places(value, ""), None)


def without(value: object) -> object:
    """The value with a mask in place of each of them."""
    match value:
        case dict():
            return {name: MASK if _is_code(str(name), item) else without(item) for name, item in value.items()}
        case list():
            return [without(item) for item in value]
        case str():
            return _clean(value)
        case bool() | None:
            return value
        case int() | float():
            return MASK if _is_number(value) else value
        case _:
            return value


def _places(value: object, path: str) -> Iterator[str]:
    match value:
        case dict():
            for name, item in value.items():
                below = f"{path}.{name}" if path else str(name)
                if _is_code(str(name), item):
                    yield _shown(below)
                else:
                    yield from _places(item, below)
        case list():
            for number, item in enumerate(value):
                yield from _places(item, f"{path}[{number}]")
        case str() if _clean(value) != value:
            yield _shown(path)
        case int() | float() if not isinstance(value, bool) and _is_number(value):
            yield _shown(path)


def _shown(path: str) -> str:
    """A path fit to be kept: a field's name may be a card number as well."""
    return _clean(path)[:_LONGEST_PLACE] or "body"


def _clean(text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    clean = masked(raw, MASK.encode())
    return _CODE_IN_TEXT.sub(rf"\g<1>{MASK}", text if clean == raw else clean.decode("utf-8", "surrogatepass"))


def _is_code(name: str, value: object) -> bool:
    if _NO_LETTER.sub("", name.lower()) not in _CODE_NAMES or isinstance(value, bool):
        return False
    return isinstance(value, str | int) and _CODE.fullmatch(str(value).strip()) is not None


def _is_number(value: float) -> bool:
    return abs(value) >= _SMALLEST_NUMBER and holds_card_number(f"{value:.0f}")
