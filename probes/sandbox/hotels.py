"""What a search finds: invented hotels, the same for the same search, in any city."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

CURRENCY = "USD"
_HOTELS = (
    ("Lantern House", "Standard Queen", 3, 74),
    ("Harborlight Inn", "Deluxe King", 4, 112),
    ("The Alder & Finch", "Corner Suite", 5, 189),
)
_CHEAPER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a guest looks for. `problem` says why it can't be searched, as a sentence for the guest."""

    city: str
    check_in: date
    check_out: date
    rooms: int = 1
    cheap: bool = False
    refundable: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One line of a shortlist. `total_cents` is for all nights and rooms."""

    option_id: str
    position: int
    hotel: str
    room: str
    stars: int
    city: str
    check_in: date
    check_out: date
    rooms: int
    refundable: bool
    total_cents: int

    @property
    def total(self) -> float:
        """The price in dollars."""
        return self.total_cents / 100

    def as_json(self) -> dict[str, object]:
        """An entry of `artifacts.shortlist`; its fields are undocumented but for `optionId`."""
        return {
            "optionId": self.option_id,
            "position": self.position,
            "hotelName": self.hotel,
            "roomName": self.room,
            "stars": self.stars,
            "city": self.city,
            "checkIn": self.check_in.isoformat(),
            "checkOut": self.check_out.isoformat(),
            "rooms": self.rooms,
            "refundable": self.refundable,
            "freeCancellationUntil": self._free_until(),
            "price": {"total": self.total, "currency": CURRENCY},
        }

    def _free_until(self) -> str | None:
        return (self.check_in - timedelta(days=1)).isoformat() if self.refundable else None


def offers(search: Search, new_option_id: Callable[[], str]) -> tuple[Option, ...]:
    """Three hotels, the cheapest first; all refundable where that was asked for."""
    nights = (search.check_out - search.check_in).days
    level = 90 + zlib.crc32(search.city.lower().encode("utf-8", "replace")) % 40  # a city has its price, in percent
    if search.cheap:
        level = int(level * _CHEAPER)
    return tuple(
        Option(
            option_id=new_option_id(),
            position=position,
            hotel=f"{name}, {search.city}",
            room=room,
            stars=stars,
            city=search.city,
            check_in=search.check_in,
            check_out=search.check_out,
            rooms=search.rooms,
            refundable=search.refundable or position > 1,
            total_cents=rate * level * nights * search.rooms,
        )
        for position, (name, room, stars, rate) in enumerate(_HOTELS, start=1)
    )
