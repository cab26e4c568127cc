"""A clock that a test moves."""

from __future__ import annotations


class Hand:
    """Shows `now`, in seconds, and never moves by itself."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
