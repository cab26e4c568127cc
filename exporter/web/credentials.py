"""Who may come in: people and Prometheus by basic auth, programs that tell us something by a bearer token.

Basic auth has bcrypt hashes, as in the `web-config.yml` of Prometheus' exporter toolkit.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from collections.abc import Callable, Mapping

from probes.redaction import Secret

_LONGEST_HEADER = 1024
_LONGEST_PASSWORD = 72  # bcrypt reads no further


class Door:
    """Checks basic credentials against bcrypt hashes.

    bcrypt is slow on purpose, so it runs in a thread, one at a time, and who came in once is known by a keyed digest:
    a scrape costs microseconds. An unknown name costs as much as a wrong password.
    """

    def __init__(self, users: Mapping[str, bytes]) -> None:
        if not users:
            raise ValueError("a door without users would let nobody in")
        self._users = dict(users)
        self._any_hash = next(iter(self._users.values()))
        self._digest_key = secrets.token_bytes(32)
        self._known: dict[str, bytes] = {}
        self._turnstile = asyncio.Semaphore(1)

    async def opens(self, authorization: str | None) -> bool:
        """Whether this Authorization header belongs to a user."""
        credentials = _basic(authorization)
        if credentials is None:
            return False
        name, password = credentials
        digest = hmac.digest(self._digest_key, f"{name}\0".encode() + password, "sha256")
        if hmac.compare_digest(self._known.get(name, b""), digest):
            return True
        async with self._turnstile:
            matches = await asyncio.to_thread(_matches, password, self._users.get(name, self._any_hash))
        if not matches or name not in self._users:
            return False
        self._known[name] = digest
        return True


class Bearer:
    """Checks a bearer token. `token` gives the one in force, which a reload may change; None lets nobody in.

    `way_in` says, as the end of a sentence, how to have one.
    """

    def __init__(self, token: Callable[[], Secret | None], *, way_in: str) -> None:
        self._token = token
        self.way_in = way_in

    @property
    def configured(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._token())

    def opens(self, authorization: str | None) -> bool:
        """Whether this Authorization header shows the token. How long it takes tells nothing of how near it came."""
        token = self._token()
        if not token or authorization is None or len(authorization) > _LONGEST_HEADER:
            return False
        scheme, _, shown = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.reveal().encode())


def _matches(password: bytes, hashed: bytes) -> bool:
    import bcrypt

    return bcrypt.checkpw(password[:_LONGEST_PASSWORD], hashed) and len(password) <= _LONGEST_PASSWORD


def _basic(authorization: str | None) -> tuple[str, bytes] | None:
    if authorization is None or len(authorization) > _LONGEST_HEADER:
        return None
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except ValueError:
        return None
