"""Breaks `no_booking_claim_before_booked`: its log says that the booking is made before the API has said so."""

from __future__ import annotations

from brek_api import log
from good_by_text import Integration, Result, main


class ClaimsTooEarly(Integration):
    """Tells of a success that it only hopes for."""

    def say(self, action: str, text: str) -> Result:
        """Before the confirmation is even sent."""
        if action == "confirm":
            log.info("booking confirmed for %s", self.actor)
        return super().say(action, text)


if __name__ == "__main__":
    main(ClaimsTooEarly)
