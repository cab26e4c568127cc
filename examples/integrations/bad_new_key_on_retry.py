"""Breaks `same_key_on_retry`: each try of a confirmation gets a new idempotencyKey, so a guest may pay twice."""

from __future__ import annotations

from brek_api import Answer
from good_by_text import Integration, main


class NewKeyOnRetry(Integration):
    """Takes a retry for a new action."""

    def send(self, method: str, path: str, body: dict[str, object] | None) -> Answer:
        """Every request of a confirmation with a fresh key."""
        if body and body.get("text") == "yes, use this card":
            self.sequence += 1
            body = {**body, "idempotencyKey": self.key("confirm")}
        return super().send(method, path, body)


if __name__ == "__main__":
    main(NewKeyOnRetry)
