"""Texts of articles: each under a key of its own, compressed.

    written ──▶ an article names its mark ──▶ another mark is named, or none ──▶ removed

A mark is never used twice, so a text never changes, and a text that nobody names is never named again.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.codec import compressed_text, read_text
from syndicator.store.connection import Command, Connection, Repository, Script, pieces
from syndicator.store.keys.table import Keys

REMEMBERED_BYTES = 16 * 2**20
"""Of texts that were read last, in each process: a feed that is composed reads the newest again and again."""
_AT_ONCE = 200
"""Texts of one call."""
_SWEPT_EVERY = timedelta(hours=6)
_NEVER_MS = -1


def writing(keys: Keys, article: ArticleId, text: str) -> tuple[str, list[Command]]:
    """Return a new mark for a text, and the commands that write the text. An empty text has no key."""
    if not text:
        return "", []
    mark = secrets.token_hex(4)
    return mark, [("SET", keys.text(article, mark), compressed_text(text))]


def removing(keys: Keys, article: ArticleId, mark: str) -> list[Command]:
    """Return the commands that remove a text; none for an article without one."""
    return [("UNLINK", keys.text(article, mark))] if mark else []


class Texts(Repository):
    """Reads texts, and removes those that no article names. `writing` makes them, in the writes of others."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self._named = Script("articles/named_texts")
        self._remembered = LeastRecent[str, bytes](REMEMBERED_BYTES, len)

    async def get(self, named: Sequence[tuple[ArticleId, bytes | None]]) -> list[bytes | None]:
        """Return the text of each article by its mark, in UTF-8; None where no mark is given, or nothing is
        there any more: then the article names another one, or none.
        """
        keys = [self._keys.text(one, mark.decode()) if mark else "" for one, mark in named]
        found = {key: text for key in keys if (text := self._remembered.get(key)) is not None}
        wanted = list(dict.fromkeys(key for key in keys if key and key not in found))
        for some in pieces(wanted, _AT_ONCE):
            for key, data in zip(some, await self._redis.call("MGET", *some), strict=True):
                if data is not None:
                    found[key] = read_text(data)
                    self._remembered.put(key, found[key])
        return [
            None if mark is None else found.get(key) if mark else b""
            for key, (_, mark) in zip(keys, named, strict=True)
        ]

    async def sweep(self, now: datetime) -> int:
        """Remove the texts that no article names; look once in six hours. Return how many were removed.

        There are some where an article changed while another process removed it or its text.
        """
        last_ms = int(await self._redis.call("HGET", self._keys.texts(), "swept") or _NEVER_MS)
        if last_ms <= to_ms(now) < last_ms + _SWEPT_EVERY // timedelta(milliseconds=1):
            return 0
        removed = 0
        prefix = self._keys.text(ArticleId(""), "").removesuffix(":")
        async for names in self._redis.names(prefix):
            for some in pieces([name.decode() for name in names], _AT_ONCE):
                removed += await self._remove(await self._unnamed(some, prefix))
        await self._redis.call("HSET", self._keys.texts(), "swept", to_ms(now))
        return removed

    async def _remove(self, names: Sequence[str]) -> int:
        return int(await self._redis.call("UNLINK", *names)) if names else 0

    async def _unnamed(self, names: Sequence[str], prefix: str) -> list[str]:
        """Return those of the keys that no article names."""
        if not names:
            return []
        keys = self._keys
        parts = [name.removeprefix(prefix).partition(":") for name in names]
        ids = [ArticleId(article) for article, _, _ in parts]
        places = [place(one) for one in ids for place in (keys.article, keys.reserved, keys.withdrawn)]
        marks = await self._redis.run(self._named, places)
        return [
            name
            for name, (_, _, mark), found in zip(names, parts, marks, strict=True)
            if mark.encode() not in found
        ]
