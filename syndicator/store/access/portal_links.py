"""Links that sign a partner into the portal: each stands for a token, and works once."""

from datetime import timedelta

from syndicator.store.connection import Repository


class PortalLinks(Repository):
    """The digests of links that were not used yet."""

    async def keep(self, digest: str, token_digest: str, lasting: timedelta) -> None:
        """Note which token a link stands for, for so long."""
        lasting_s = int(lasting.total_seconds())
        await self._redis.call("SET", self._keys.portal_link(digest), token_digest, "EX", lasting_s)

    async def use(self, digest: str) -> str | None:
        """Use a link up; return the digest of its token, None where it was used before or has ended."""
        found = await self._redis.call("GETDEL", self._keys.portal_link(digest))
        return found.decode() if found else None
