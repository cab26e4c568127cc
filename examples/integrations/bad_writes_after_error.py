"""Breaks `no_write_after_error`: after `error` it sends one more write."""

from __future__ import annotations

from good_by_text import Integration, Result, main


class WritesAfterError(Integration):
    """Doesn't take no for an answer."""

    def finish(self, result: Result) -> int:
        """Agrees to a price before it leaves."""
        if result.status == "error":
            self.turn("price", {"kind": "action_confirm_price_change"})
        return super().finish(result)


if __name__ == "__main__":
    main(WritesAfterError)
