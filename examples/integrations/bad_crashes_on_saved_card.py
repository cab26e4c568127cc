"""Breaks `handles_every_status`: it knows nothing of guests who have a card already."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class CrashesOnSavedCard(Integration):
    """Handles five of the six statuses."""

    def react(self, result: Result) -> Result | None:
        """The way that its makers tried."""
        if result.status == "payment_confirmation_required" and not self.sequence > 3:
            raise NotImplementedError(result.status)
        return super().react(result)


if __name__ == "__main__":
    main(CrashesOnSavedCard)
