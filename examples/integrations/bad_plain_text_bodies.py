"""Breaks `content_type`: its JSON is labelled as plain text."""

from __future__ import annotations

from good_by_text import Integration, main


class PlainTextBodies(Integration):
    """Sends another content type."""

    def headers(self) -> dict[str, str]:
        """What some HTTP libraries send if nobody says otherwise."""
        return {**super().headers(), "content-type": "text/plain"}


if __name__ == "__main__":
    main(PlainTextBodies)
