"""Ids in the shapes that Brek publishes, from a clock and a random source that come in as arguments."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random
from uuid import UUID

_TAIL = string.ascii_lowercase + string.digits


class IdSource:
    """Makes ids. Millisecond parts only ever grow, so an `evt_` id is unique though it has no random tail."""

    def __init__(self, now: Callable[[], float], random: Random) -> None:
        self._now = now
        self._random = random
        self._last_ms = 0

    def milliseconds(self) -> int:
        """The clock in epoch milliseconds, pushed ahead where two would be the same."""
        self._last_ms = max(int(self._now() * 1000), self._last_ms + 1)
        return self._last_ms

    def uuid(self) -> str:
        """A random UUID: request ids and option ids."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def session(self) -> str:
        """As `sess_1771456953407_g7p6233d`."""
        tail = "".join(self._random.choices(_TAIL, k=8))
        return f"sess_{self.milliseconds()}_{tail}"

    def portal_token(self) -> str:
        """As `psu_1771456992743_e2634ddd`."""
        return f"psu_{self.milliseconds()}_{self._random.getrandbits(32):08x}"

    def booking(self) -> str:
        """As `bkg_1771457001234_0f3c9a1b5d7e2846`; undocumented, long enough not to be guessed."""
        return f"bkg_{self.milliseconds()}_{self._random.getrandbits(64):016x}"
