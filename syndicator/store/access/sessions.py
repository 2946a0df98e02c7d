"""Browsers that are signed in: each by a cookie, of which the digest alone is kept."""

from datetime import timedelta

from syndicator.store.connection import Repository


class Sessions(Repository):
    """Which token each signed-in browser stands for."""

    async def begin(self, digest: str, token_digest: str, lasting: timedelta) -> None:
        lasting_s = int(lasting.total_seconds())
        await self._redis.call("SET", self._keys.session(digest), token_digest, "EX", lasting_s)

    async def token_digest(self, digest: str) -> str | None:
        """Return the digest of the token behind a cookie; None where it has ended."""
        found = await self._redis.call("GET", self._keys.session(digest))
        return found.decode() if found else None

    async def end(self, digest: str) -> None:
        await self._redis.call("DEL", self._keys.session(digest))
