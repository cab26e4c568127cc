"""Breaks `key_not_in_url`: the key stands in every URL, and so in every access log on the way."""

from __future__ import annotations

from urllib.parse import urlencode

from good_by_text import Integration, main


class KeyInUrl(Integration):
    """Shows the key in its URLs."""

    def target(self, path: str) -> str:
        """With the key as a parameter."""
        return f"{super().target(path)}?{urlencode({'api_key': self.api_key})}"


if __name__ == "__main__":
    main(KeyInUrl)
