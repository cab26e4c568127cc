"""Breaks `turns_in_order`: two turns of one session are under way at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from good_by_text import Integration, Result, main


class TurnsAtOnce(Integration):
    """Sends the next turn before the one before is answered."""

    def say(self, action: str, text: str) -> Result:
        """Searches with two sentences at once."""
        if action != "search":
            return super().say(action, text)
        self.session()
        with ThreadPoolExecutor() as threads:
            first, _ = threads.map(super().say, ("search", "more"), (text, "show me hotels in las vegas"))
        return first


if __name__ == "__main__":
    main(TurnsAtOnce)
