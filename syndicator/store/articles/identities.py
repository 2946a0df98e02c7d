"""Identities: which article each identity key stands for, and when a source last listed it.

They are kept in so many hashes that each stays small, so that Redis packs it: in one hash, each would take
thrice as much.
"""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.store.codec import pack
from syndicator.store.connection import Command, Connection, Repository, Script, pieces
from syndicator.store.keys.table import Keys

BUCKETS = 4096
"""Hashes. What is stored is found by it, so it never changes. Redis packs hashes of up to 128 fields unless
told: half a million identities, and servers that pack 512 two million.
"""
_SWEPT_AT_ONCE = 64
"""Hashes of one call: about 3 ms of Redis' time where each has a hundred fields."""
_CURSOR = "identities"
_SWEPT_EVERY = timedelta(hours=6)
_NEVER_MS = 0
_MILLISECOND = timedelta(milliseconds=1)


def bucket_of(key: str) -> int:
    """Return the number of the hash that an identity key is in."""
    return crc32(key.encode()) % BUCKETS


def stored_identity(article: ArticleId, seen_ms: int) -> bytes:
    """Return what is stored under an identity key; scripts read it, too."""
    return article.encode() + struct.pack(">I", seen_ms // 1000)


def with_buckets(keys: Sequence[str]) -> list[str | int]:
    """Return each key with the number of its hash behind it, as scripts take them."""
    return [part for key in keys for part in (key, bucket_of(key))]


def expecting_unknown(keys: Keys, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return what a transaction expects where no article may have one of the identity keys."""
    return [(keys.identities(bucket_of(name)), name, "") for name in names]


def naming(keys: Keys, names: Sequence[str], article: ArticleId, now_ms: int) -> list[Command]:
    """Return the writes by which identity keys stand for an article from now on."""
    value = stored_identity(article, now_ms)
    return [("HSET", keys.identities(bucket_of(name)), name, value) for name in names]


class Identities(Repository):
    """Reads and forgets identities; `naming` writes them, in the transactions of others."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self.prefix = keys.identities(0).removesuffix("0")
        self._read = Script("articles/identities")
        self._forget = Script("articles/forget")

    async def owners(
        self, names: Sequence[str], *, aged_ms: int = _NEVER_MS, now_ms: int = 0
    ) -> list[ArticleId | None]:
        """Return the article that each identity key stands for, also a swept one; None where there is none.

        Those that were last seen before `aged_ms` are noted as seen now.
        """
        if not names:
            return []
        found = await self._redis.run(
            self._read,
            [self._keys.identities(0)],
            self.prefix, pack(with_buckets(names)), aged_ms // 1000, now_ms // 1000,
        )  # fmt: skip
        return [ArticleId(article.decode()) if article else None for article in found]

    async def sweep(self, now: datetime, keep: timedelta) -> int:
        """Forget identities that no source has listed for longer than `keep`; look once in six hours."""
        last_ms = int(await self._redis.call("HGET", self._keys.cursors(), _CURSOR) or _NEVER_MS)
        if last_ms <= to_ms(now) < last_ms + min(_SWEPT_EVERY, keep / 8) // _MILLISECOND:
            return 0
        forgotten = 0
        for some in pieces(range(BUCKETS), _SWEPT_AT_ONCE):
            keys = [self._keys.identities(number) for number in some]
            forgotten += int(await self._redis.run(self._forget, keys, to_ms(now - keep) // 1000))
        await self._redis.call("HSET", self._keys.cursors(), _CURSOR, to_ms(now))
        return forgotten
