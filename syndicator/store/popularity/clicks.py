"""Which readers of an article were counted today: sketches that reveal no reader."""

import secrets
from datetime import date, timedelta

from syndicator.model.ids import ArticleId
from syndicator.store.connection import Repository, Script

_KEPT_MS = timedelta(days=2) // timedelta(milliseconds=1)
_SALT_BYTES = 32


class Clicks(Repository):
    """The salt of each day, and the visitors of each article and day."""

    _script = Script("popularity/clicks")

    async def salt(self, day: date) -> bytes:
        """Return the secret that visitors of a day are named with, the same to all processes."""
        key, fresh = self._keys.clicks_salt(day.isoformat()), secrets.token_bytes(_SALT_BYTES)
        _, kept = await self._redis.batch([("SET", key, fresh, "NX", "PX", _KEPT_MS), ("GET", key)])
        return bytes(kept)

    async def add(self, article_id: ArticleId, day: date, visitor: bytes) -> int:
        """Note a visitor of an article; say how many readers that makes more, 0 where it was noted before."""
        key = self._keys.clicks(day.isoformat(), article_id)
        return int(await self._redis.run(self._script, [key], visitor, _KEPT_MS))
