"""Breaks `key_single_style`: it sends the key in two headers at once, to be on the safe side."""

from __future__ import annotations

from good_by_text import Integration, main


class TwoKeyHeaders(Integration):
    """Sends the key twice."""

    def headers(self) -> dict[str, str]:
        """Whichever of them the server looks at."""
        return {**super().headers(), "api-key": self.api_key}


if __name__ == "__main__":
    main(TwoKeyHeaders)
