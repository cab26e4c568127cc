"""Breaks `new_key_on_new_action`: all turns of a session share one idempotencyKey."""

from __future__ import annotations

from good_by_text import Integration, main


class OneKeyForAll(Integration):
    """Makes one key a session."""

    def key(self, action: str) -> str:
        """Always the first one."""
        return f"demo:{self.sessions[self.actor]}:chat:001"


if __name__ == "__main__":
    main(OneKeyForAll)
