"""Articles that were withdrawn: out of every index at once, kept apart so that it can be taken back.

The identities of a withdrawn article stay and lead to an article that is not there: by that no source brings
it back, as with one that outlived its retention.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.errors import ColdStoreAway
from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.articles.withdrawal import Restoring, Withdrawing
from syndicator.rules.filter_matching import facets_of
from syndicator.store.articles.article_writes import rewritten
from syndicator.store.articles.articles import Articles
from syndicator.store.codec import pack, unpack
from syndicator.store.cold.cold_texts import ColdTexts, StoredText
from syndicator.store.connection import Command, Connection, Repository, Transaction
from syndicator.store.feeds.feeds import raise_version
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event, note_change
from syndicator.store.popularity.signals import forgetting
from syndicator.store.stories.assignments import moved
from syndicator.store.texts import removing
from syndicator.store.timelines import unlisting


class Withdrawals(Repository):
    """What was taken out, and how to put it back."""

    def __init__(self, connection: Connection, keys: Keys, articles: Articles, cold: ColdTexts) -> None:
        super().__init__(connection, keys)
        self._articles = articles
        self._cold = cold

    async def withdraw(self, intent: Withdrawing, also: Sequence[Command] = ()) -> bool:
        """Remove an article from indexes and feeds, and add its event; False where it changed meanwhile.

        `also` is written in the same transaction. A text in the cold store comes back into Redis, beside the
        withdrawal, and leaves that store; where it is away, that is done when the withdrawal ends.
        """
        keys, withdrawal, now_ms = self._keys, intent.withdrawal, to_ms(intent.withdrawal.at)
        article = withdrawal.article
        record = replace(withdrawal, article=replace(article, body_html=""))
        pointer, returning = await self._out_of_the_cold(article.id)
        writes: list[Command] = [
            # With all that belongs to it, such as its place among stories.
            ("RENAME", keys.article(article.id), keys.withdrawn(article.id)),
            *returning,
            ("HSET", keys.withdrawn(article.id), "record", pack(record), "revision", withdrawal.revision),
            ("ZADD", keys.withdrawals(), now_ms, article.id),
            ("ZREM", keys.admitted(), article.id),
            ("ZREM", keys.recheck(article.source), article.id),
            ("ZREM", keys.rewritten(), article.id),
        ]
        writes += [unlisting(keys, facet, article.id, article.listed_at) for facet in facets_of(article)]
        writes += forgetting(keys, article.id)
        writes += [command for feed in intent.feeds for command in raise_version(keys, feed, now_ms)]
        writes += [append_event(keys, intent.event), note_change(keys, article.id), *also]
        place, by_operator = keys.article(article.id), withdrawal.by is WithdrawnBy.OPERATOR
        expects = ((place, "revision", str(article.revision)), (place, "cold", (pointer or b"").decode()))
        unit = Transaction(expects=expects, writes=tuple(writes))
        [is_done] = await self._cold.hot.commit([unit], replicated=by_operator)
        if is_done and returning:
            await self._cold.forget([article.id], [pointer])
        return is_done

    async def _out_of_the_cold(self, article_id: ArticleId) -> tuple[bytes | None, list[Command]]:
        """Return where the text of an article is in the cold store, and what puts it beside a withdrawal.

        Nothing does where that store is away.
        """
        key = self._keys.article(article_id)
        mark, pointer = await self._redis.call("HMGET", key, "text", "cold")
        stored = StoredText(article=article_id, key=key, mark=mark, pointer=pointer)
        try:
            return pointer, await self._cold.returning(stored, self._keys.withdrawn(article_id))
        except ColdStoreAway:
            return pointer, []

    async def gone_since(self, ids: Sequence[ArticleId]) -> list[datetime | None]:
        """Return when the page of each article was first found gone; None where it was there last."""
        rows = await self._redis.batch([("HGET", self._keys.article(one), "gone") for one in ids])
        return [from_ms(int(row)) if row else None for row in rows]

    async def note_gone(self, article: Article, at: datetime | None) -> None:
        """Note that the page of an article is gone; None: it is there again."""
        key = self._keys.article(article.id)
        write: Command = ("HSET", key, "gone", to_ms(at)) if at else ("HDEL", key, "gone")
        expects = ((key, "revision", str(article.revision)),)
        await self._commit(expects=expects, writes=(write,))

    async def restore(self, intent: Restoring, also: Sequence[Command] = ()) -> bool:
        """Restore an article, and add its event and `also`; False where it changed meanwhile."""
        keys, article, now_ms = self._keys, intent.article, to_ms(intent.event.at)
        expects, placing = await self._back_in_story(article.id)
        [mark], _ = await self._cold.places([keys.withdrawn(article.id)])
        writes: list[Command] = [
            ("RENAME", keys.withdrawn(article.id), keys.article(article.id)),
            ("HDEL", keys.article(article.id), "record", "gone"),
            *placing,
            ("ZREM", keys.withdrawals(), article.id),
            *self._articles.writes.storing(article, None),
            *removing(keys, article.id, mark),
            rewritten(keys, article),
        ]
        writes += [command for feed in intent.feeds for command in raise_version(keys, feed, now_ms)]
        writes += [append_event(keys, intent.event), *also]
        expects.append((keys.withdrawn(article.id), "revision", str(intent.withdrawal.revision)))
        expects.append((keys.withdrawn(article.id), "text", mark))
        unit = Transaction(expects=tuple(expects), writes=tuple(writes))
        [is_done] = await self._cold.hot.commit([unit], replicated=True)
        return is_done

    async def _back_in_story(self, article_id: ArticleId) -> tuple[list[tuple[str, str, str]], list[Command]]:
        """Return the commands that put an article back into its story, unless that was rebuilt."""
        keys, article = self._keys, self._keys.article(article_id)
        named = await self._redis.call("HGET", keys.withdrawn(article_id), "story")
        if named is None:
            return [], []
        story = StoryId(named.decode())
        version, place = await self._redis.batch(
            [("HGET", keys.story(story), "version"), ("ZSCORE", keys.members(story), article_id)]
        )
        expects = [(keys.story(story), "version", version.decode() if version else "")]
        if version is None or place is None:
            return expects, [("HDEL", article, "story"), moved(keys, article_id, StoryId(article_id))]
        # Whoever makes the story anew must have seen that it is back.
        return expects, [("HSET", keys.story(story), "version", int(version) + 1)]

    async def get(self, article_id: ArticleId) -> Withdrawal | None:
        """Return the withdrawal of an article, with its body; None where it is not withdrawn."""
        return (await self.get_many([article_id], bodies=True))[0]

    async def get_many(self, ids: Sequence[ArticleId], *, bodies: bool = False) -> list[Withdrawal | None]:
        """Return withdrawals, as wanted with the bodies of their articles; None for what is not withdrawn."""
        keys = [self._keys.withdrawn(one) for one in ids]
        if not bodies:
            return [
                _withdrawal(row) for row in await self._redis.batch([("HGET", key, "record") for key in keys])
            ]
        rows = await self._redis.batch([("HMGET", key, "record", "text", "cold") for key in keys])
        texts = await self._cold.bodies(ids, keys, [(text, pointer) for _, text, pointer in rows])
        return [_withdrawal(row[0], body) for row, body in zip(rows, texts, strict=True)]

    async def newest(self, limit: int, *, bodies: bool = False) -> list[Withdrawal]:
        """Return what was withdrawn last, the newest first; `limit` 0 is all."""
        names = await self._redis.call("ZREVRANGE", self._keys.withdrawals(), 0, limit - 1)
        found = await self.get_many([ArticleId(name.decode()) for name in names], bodies=bodies)
        return [one for one in found if one is not None]

    async def sweep(self, now: datetime, keep: timedelta, limit: int) -> int:
        """Forget up to `limit` withdrawals that are older than `keep`; their identities stay known."""
        names = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.withdrawals(), "-inf", to_ms(now - keep), "LIMIT", 0, limit
        )
        ids = [ArticleId(name.decode()) for name in names]
        if ids:
            keys = self._keys
            marks, pointers = await self._cold.places([keys.withdrawn(one) for one in ids])
            commands: list[Command] = [("ZREM", keys.withdrawals(), *ids)]
            for one, mark in zip(ids, marks, strict=True):
                commands.append(("DEL", keys.withdrawn(one), keys.aliases(one)))
                commands += [*removing(keys, one, mark), ("UNLINK", keys.revisions(one))]
            await self._cold.hot.carry_out(commands)
            await self._cold.forget(ids, pointers)
        return len(ids)


def _withdrawal(record: bytes | None, body: bytes | None = None) -> Withdrawal | None:
    if not record:
        return None
    withdrawal = unpack(record, Withdrawal)
    text = body.decode("utf-8", "replace") if body else ""
    return replace(withdrawal, article=replace(withdrawal.article, body_html=text))
