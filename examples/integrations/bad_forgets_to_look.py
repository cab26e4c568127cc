"""Breaks `snapshot_after_ambiguity`: after a lost answer it sends the turn again without a look at the snapshot."""

from __future__ import annotations

from typing import Any

from good_by_text import Integration, main


class ForgetsToLook(Integration):
    """Never reads a snapshot before a repeat."""

    def known_instead(self) -> dict[str, Any] | None:
        """Nothing: it doesn't ask."""
        return None


if __name__ == "__main__":
    main(ForgetsToLook)
