"""Breaks `key_server_side`: it sends what only a page in a browser sends, so the key is in there too."""

from __future__ import annotations

from good_by_text import Integration, main


class KeyInBrowser(Integration):
    """Runs in the guest's browser."""

    def headers(self) -> dict[str, str]:
        """As `fetch` in a page would."""
        page = {"origin": "https://shop.example", "referer": "https://shop.example/chat"}
        return {**super().headers(), **page}


if __name__ == "__main__":
    main(KeyInBrowser)
