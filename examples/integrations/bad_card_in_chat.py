"""Breaks `no_card_data`: the guest's card number goes into the chat."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class CardInChat(Integration):
    """Sends a raw card number."""

    def set_up_card(self, result: Result) -> Result:
        """Types the card's number in place of opening the setup URL."""
        return self.say("card", "my card is 4242 4242 4242 4242, 12/30")


if __name__ == "__main__":
    main(CardInChat)
