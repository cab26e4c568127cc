"""Breaks `write_has_idempotency_key`: it books by kind without an idempotencyKey."""

from __future__ import annotations

from good_by_text import Integration, Result, main, result_of


class WriteWithoutKey(Integration):
    """Forgets the key of a write kind."""

    def turn(self, action: str, said: dict[str, object]) -> Result:
        """The confirmation as an explicit action."""
        if action != "confirm":
            return super().turn(action, said)
        body: dict[str, object] = {"sessionId": self.session(), "kind": "action_confirm_payment_card"}
        return result_of(self.call("POST", "/events", body))


if __name__ == "__main__":
    main(WriteWithoutKey)
