"""Breaks `no_booking_claim_before_booked`: its log says that the booking is made before the API has said so."""

from __future__ import annotations

from brek_api import log
from good_by_text import Integration, Result, main


class ClaimsTooEarly(Integration):
    """Tells of a success that it only hopes for."""

    def react(self, result: Result) -> Result | None:
        """Before the guest has even answered."""
        if result.status == "payment_confirmation_required":
            log.info("booking confirmed for %s", self.actor)
        return super().react(result)


if __name__ == "__main__":
    main(ClaimsTooEarly)
