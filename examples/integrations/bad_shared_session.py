"""Breaks `session_per_actor`: one session, opened for one guest, is used for the next guest as well."""

from __future__ import annotations

from good_by_text import Integration, main


class SharedSession(Integration):
    """Opens one session when it starts, for everybody."""

    def session(self) -> str:
        """The session of whoever came first."""
        self.sessions[self.actor] = session = next(iter(self.sessions.values()), "") or super().session()
        return session

    def converse(self) -> int:
        """First one guest, then another."""
        super().converse()
        self.actor = "partner_user_002"
        return super().converse()


if __name__ == "__main__":
    main(SharedSession)
