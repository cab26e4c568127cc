"""What `brekwatch ready` was asked for. It imports nothing heavy: the command line needs it for `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

STDOUT = Path("-")


class CardWay(StrEnum):
    """Who adds a guest's card."""

    PORTAL = "portal"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the documents go; `-` is stdout."""

    json: Path | None = None
    html: Path | None = None
    junit: Path | None = None

    def named(self) -> Iterator[tuple[str, Path]]:
        """Each option that was given, with its path."""
        for option, path in (("--json", self.json), ("--html", self.html), ("--junit", self.junit)):
            if path is not None:
                yield option, path

    @property
    def take_stdout(self) -> bool:
        """Whether stdout is a document's, and people are told on stderr."""
        return any(path == STDOUT for _, path in self.named())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRequest:
    """What to play (all that the environment allows, if none is named), how often, and where to tell it.

    `latency_budget` is a duration as people write it. `least` is the share of a scenario's runs that must be good.
    """

    names: tuple[str, ...] = ()
    target: str | None = None
    places: Places = Places()
    dry_run: bool = False
    max_requests: int | None = None
    peak_sessions_per_minute: float | None = None
    latency_budget: str | None = None
    repeat: int = 1
    least: Fraction
    waivers: Path | None = None
    card: CardWay = CardWay.PORTAL
    card_wait: str = "10m"
