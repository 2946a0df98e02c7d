"""Moves texts from Redis to the cold store, and removes objects that no article names. See `cold_texts`.

What stays in Redis of such an article is compressed: it is read seldom. One process does it at a time, under
a lease. All that is written expects the token of the lease.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from syndicator.errors import ColdStoreAway, UnreadableRecord
from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.observe.logs import get_logger
from syndicator.store.codec import compressed, pack_for_lua, unpack
from syndicator.store.cold.cold_texts import PARTS, ColdText, ColdTexts, StoredText, object_name
from syndicator.store.connection import Command, Connection, Repository, Script, pairs, pieces
from syndicator.store.keys.table import Keys
from syndicator.store.paging import rank_after
from syndicator.store.texts import removing

CURSOR = "offloaded"
"""Of `cursors`: time and id of the last article whose text was moved."""
_NEVER_DONE = 0
_SNAPSHOTS_COME_BACK = timedelta(days=7)
_AT_ONCE = 100
"""Articles of one call: about 5 ms of Redis' time."""

log = get_logger(__name__)


class Aged(Struct, frozen=True, kw_only=True):
    """Articles whose texts are to be moved."""

    ids: tuple[ArticleId, ...]
    cursor: str | None
    """Where to look on, once they are moved; None: as before."""


class _Hot(Struct, frozen=True, kw_only=True):
    article: ArticleId
    head: bytes
    body: bytes
    mark: str
    revision: str
    source: str
    earlier: tuple[Article, ...]
    in_redis: tuple[bytes, ...]
    """The fields of those earlier revisions that are in Redis."""
    before: bytes | None
    """The pointer to what is in the cold store already."""
    pointer: bytes

    def words(self, keys: Keys) -> Sequence[Any]:
        """Return what `offload.lua` is called with."""
        is_one, before = keys.text_partitions.is_one, self.before or b""
        gone = [command[1] for command in self.removal(keys)] if is_one else []
        return (
            self.article, keys.article(self.article), self.revision, self.source, self.mark, before,
            self.pointer, self.head, gone,
        )  # fmt: skip

    def removal(self, keys: Keys) -> list[Command]:
        """Return the commands that remove what was copied."""
        commands, revisions = removing(keys, self.article, self.mark), keys.revisions(self.article)
        if keys.text_partitions.is_one:
            commands.append(("UNLINK", revisions))
        elif self.in_redis:  # one that is not named yet is written beside them a moment before
            commands.append(("HDEL", revisions, *self.in_redis))
        return commands


class Offloading(Repository):
    """Moves texts; for one step of a worker."""

    def __init__(self, connection: Connection, keys: Keys, texts: ColdTexts, kept_revisions: int) -> None:
        super().__init__(connection, keys)
        self._texts = texts
        self._kept_revisions = kept_revisions
        self._lease = Script("lease")
        self._offload = Script("articles/offload")

    async def lease(self, token: str, now: datetime, until: datetime) -> bool:
        """Take the lease with a token that was never used; False: another has it, or the store is away.

        Raises StoreError where the cold store is another one than that of this data.
        """
        if not await self._redis.run(
            self._lease, [self._keys.cold()], token, to_ms(now), to_ms(until), _NEVER_DONE
        ):
            return False
        was_known = self._texts.is_known
        await self._texts.begin(writes=True)
        if was_known and self._texts.is_known:
            return True
        await self.release(token)  # where that has begun just now, older programs end first
        return False

    async def _was_lost_lately(self, now: datetime) -> bool:
        """Return whether Redis was emptied lately: a snapshot of it may still be brought back."""
        lost_ms = await self._redis.call("HGET", self._keys.meta(), "lost_ms")
        return lost_ms is not None and int(lost_ms) > to_ms(now - _SNAPSHOTS_COME_BACK)

    async def release(self, token: str) -> None:
        """Give the lease back."""
        await self._commit(
            expects=((self._keys.cold(), "token", token),),
            writes=(("HSET", self._keys.cold(), "until", 0),),
        )

    async def aged(self, now: datetime, hot: timedelta, bodies: timedelta, limit: int) -> Aged:
        """Return up to `limit` articles first shown, or written again, longer ago than `hot`.

        Not those whose bodies end: `bodies` is how long they are kept.
        """
        keys = self._keys
        bound = to_ms(now - hot)
        again = await self._redis.call("ZRANGEBYSCORE", keys.rewritten(), "-inf", bound, "LIMIT", 0, limit)
        start, ended = await self._redis.batch(
            [("HGET", keys.cursors(), CURSOR), ("ZCOUNT", keys.admitted(), "-inf", f"({to_ms(now - bodies)}")]
        )
        first = max(await rank_after(self._redis, keys.admitted(), start), int(ended))
        rows = pairs(
            await self._redis.call("ZRANGE", keys.admitted(), first, first + limit - 1, "WITHSCORES")
        )
        due = [(name.decode(), int(at_ms)) for name, at_ms in rows if int(at_ms) <= bound]
        return Aged(
            ids=tuple(
                dict.fromkeys(ArticleId(name) for name in (*(one.decode() for one in again), *dict(due)))
            ),
            cursor=f"{due[-1][1]} {due[-1][0]}" if due else None,
        )

    async def offload(self, aged: Aged, token: str) -> int:
        """Move texts; return how many were. Raises ColdStoreAway; what was not moved is due again."""
        moved = 0
        for ids in pieces(aged.ids, _AT_ONCE):
            hot = await self._hot(ids)
            if not hot:
                continue
            await self._texts.write(
                {
                    object_name(one.article, one.pointer): ColdText(body=one.body, revisions=one.earlier)
                    for one in hot
                }
            )
            done = await self._redis.run(
                self._offload,
                [self._keys.cold(), self._keys.rewritten()],
                token,
                pack_for_lua([one.words(self._keys) for one in hot]),
            )
            gone = [one for one, is_done in zip(hot, done, strict=True) if is_done]
            if not self._keys.text_partitions.is_one:
                await self._texts.hot.remove([command for one in gone for command in one.removal(self._keys)])
            await self._texts.forget([one.article for one in gone], [one.before for one in gone])
            moved += len(gone)
        if aged.cursor is not None:
            await self._commit(
                expects=((self._keys.cold(), "token", token),),
                writes=(("HSET", self._keys.cursors(), CURSOR, aged.cursor),),
            )
        return moved

    async def _hot(self, ids: Sequence[ArticleId]) -> list[_Hot]:
        """Read what is to be moved; note those of which nothing is."""
        fields = ("text", "cold", "revision", "source", "head")
        rows = await self._redis.batch([("HMGET", self._keys.article(one), *fields) for one in ids])
        kept = await self._redis.batch([("HGETALL", self._keys.revisions(one)) for one in ids])
        bodies = await self._texts.hot.get([(one, row[0]) for one, row in zip(ids, rows, strict=True)])
        found, nothing = list[_Hot](), list[ArticleId]()
        for one, row, body, earlier in zip(ids, rows, bodies, kept, strict=True):
            mark, before, revision, source, head = row
            if mark and body is None:  # it has another text by now, and is due again by that
                continue
            if head is None or not (body or (body is not None and earlier)):
                nothing.append(one)
                continue
            pointer = f"{revision.decode()}.{uuid.uuid4().hex[:8]}".encode()
            try:
                named = [(field, unpack(data, Article)) for field, data in pairs(earlier)]
                named = [(field, each) for field, each in named if each.revision != int(revision)]
                hot = [each for _, each in named]
                revisions = await self._merged(one, before, hot)
            except ColdStoreAway:
                raise
            except UnreadableRecord as error:  # it stays where it is
                log.warning("text_not_offloaded", article=one, reason=str(error))
                nothing.append(one)
                continue
            found.append(
                _Hot(
                    article=one,
                    head=compressed(head),
                    body=body,
                    mark=mark.decode(),
                    revision=revision.decode(),
                    source=source.decode(),
                    earlier=revisions,
                    in_redis=tuple(field for field, _ in named),
                    before=before,
                    pointer=pointer,
                )
            )
        if nothing:
            await self._redis.call("ZREM", self._keys.rewritten(), *nothing)
        return found

    async def _merged(
        self, article: ArticleId, before: bytes | None, hot: Sequence[Article]
    ) -> tuple[Article, ...]:
        """Return the earlier revisions, with those that are in the cold store already."""
        if before is None:
            return tuple(hot)
        stored = StoredText(article=article, key=self._keys.article(article), mark=None, pointer=before)
        [cold] = await self._texts.texts([stored])
        return merged(hot, cold, self._kept_revisions)

    async def count(self) -> int:
        """Return about how many articles have their texts in the cold store."""
        cursors = await self._redis.call("HMGET", self._keys.cursors(), "bodies", CURSOR)
        if cursors[1] is None:
            return 0
        index = self._keys.admitted()
        ended, moved = [await rank_after(self._redis, index, cursor) for cursor in cursors]
        return max(moved - ended, 0)

    async def sweep(self, token: str, now: datetime) -> int:
        """Remove the objects of the next part that no article names; return how many."""
        keys = self._keys
        if await self._was_lost_lately(now):
            return 0
        part = (int(await self._redis.call("HGET", keys.cold(), "part") or -1) + 1) % PARTS
        listed = await self._texts.listed(part)
        orphans = list[str]()
        for piece in pieces(listed, _AT_ONCE):
            places = [key(article) for _, article, _ in piece for key in (keys.article, keys.withdrawn)]
            named = await self._texts.pointers(places)
            orphans += [
                name
                for (name, _, pointer), one, other in zip(piece, named[::2], named[1::2], strict=True)
                if pointer not in {one, other}
            ]
        is_ours = await self._commit(
            expects=((keys.cold(), "token", token),), writes=(("HSET", keys.cold(), "part", part),)
        )
        if not is_ours:
            return 0
        await self._texts.remove(orphans)
        return len(orphans)


def merged(hot: Sequence[Article], cold: ColdText | None, most: int) -> tuple[Article, ...]:
    """Return the newest earlier revisions of an article, the oldest first, each once."""
    every = {one.revision: one for one in (*(cold.revisions if cold else ()), *hot)}
    return tuple(every[number] for number in sorted(every))[-most:]
