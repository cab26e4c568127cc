"""Breaks `branch_on_status`: it says yes before anybody was asked, in the hope of saving a turn."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class ConfirmsTooEarly(Integration):
    """Confirms a payment that nothing was asked about."""

    def set_up_card(self, result: Result) -> Result:
        """Yes in any case; the card comes later."""
        return super().set_up_card(self.say("confirm", "yes, use this card"))


if __name__ == "__main__":
    main(ConfirmsTooEarly)
