"""Links that signed a browser in: each works once, in whatever process and after any restart."""

import secrets
from datetime import timedelta

from syndicator.store.connection import Repository

_CLOCKS_DIFFER = timedelta(hours=1)
"""A used link is noted for so much longer than it works: another process may have a clock that is behind."""


class UsedLinks(Repository):
    """The digests of links that were used."""

    async def use(self, digest: str, left: timedelta) -> bool:
        """Note that a link is used, for the time that is left to it; False where it was used before.

        Raises StoreError where it cannot be noted: then it may be noted or not.
        """
        mine = secrets.token_bytes(16)  # a command that is sent again must not take itself for another
        kept_ms = (left + _CLOCKS_DIFFER) // timedelta(milliseconds=1)
        before = await self._redis.call("SET", self._keys.used_link(digest), mine, "NX", "GET", "PX", kept_ms)
        return before is None or before == mine
