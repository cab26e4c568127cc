"""Breaks `actor_id_stable`: when a session is lost, the same guest gets another actorId."""

from __future__ import annotations

import uuid

from good_by_text import Integration, main


class NewActorEachTime(Integration):
    """Makes up an actorId for each session."""

    def session(self) -> str:
        """A guest without a session is a new one."""
        if self.actor not in self.sessions:
            self.actor = f"visitor_{uuid.uuid4()}"
        return super().session()


if __name__ == "__main__":
    main(NewActorEachTime)
