"""Renaming a source: what is kept of it under a former id goes on under the one that it has now.

Records go over one by one, each whole or not at all, and leave the list under the former id by that: so what
is still listed there is what is left to do, after a crash, or when a worker wrote more of it meanwhile. What
only the round that is due goes by (state, lease, subscription) goes over at the end, all of it in one step.
Several workers may do it at the same time.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from syndicator.model.article import Article, Withdrawal
from syndicator.model.ids import ArticleId, SourceId
from syndicator.rules.filter_matching import fold
from syndicator.rules.sources.rests import scope_of
from syndicator.store.articles.embargo import Embargoed
from syndicator.store.articles.pictures import KnownPicture
from syndicator.store.codec import compressed, pack, unpack
from syndicator.store.cold.cold_texts import ColdTexts, StoredText
from syndicator.store.connection import Command, Connection, Transaction, pairs, pieces
from syndicator.store.heads import packed_head
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import note_change
from syndicator.store.timelines import Timelines, listing

_TRACES = 5
"""Commands that ask whether something is kept of one former id."""

_BATCH = 100
"""Records that go over in one call."""


class Renaming:
    """What is kept under ids that sources had before."""

    def __init__(self, connection: Connection, keys: Keys, held: Embargoed, cold: ColdTexts) -> None:
        self._redis = connection
        self._cold = cold
        self._keys = keys
        self._held = held
        self._timelines = Timelines(connection, keys)

    async def scopes(self, former: Mapping[SourceId, Sequence[SourceId]]) -> Mapping[SourceId, str]:
        """Return under which id the names are kept that mean something inside each source only.

        That is the first id that a source had here. Sources that still have it are left out.
        """
        kept, origins = await self._redis.batch(
            [("HGETALL", self._keys.scopes()), ("HKEYS", self._keys.origins())]
        )
        scopes = {name.decode(): scope.decode() for name, scope in pairs(kept)}
        known = {name.decode() for name in origins}
        found = {}
        for source, earlier in former.items():
            first = next((one for one in (source, *earlier) if one in scopes or one in known), source)
            found[source] = scopes.get(first, first)
        return {source: scope for source, scope in found.items() if scope != source}

    async def note_scopes(self, scopes: Mapping[SourceId, str]) -> None:
        """Remember the scope of each of these sources, unless one is remembered; see `rename`."""
        key = self._keys.scopes()
        await self._redis.batch(
            [("HSETNX", key, source, scope or source) for source, scope in scopes.items()]
        )

    async def left(self, formers: Sequence[SourceId]) -> list[SourceId]:
        """Return those former ids that something is still kept of."""
        traces = [command for former in formers for command in self._traces(former)]
        found = await self._redis.batch(traces)
        return [former for former, counts in zip(formers, pieces(found, _TRACES), strict=True) if any(counts)]

    async def rename(self, former: SourceId, source: SourceId, scope: str) -> None:
        """Have all that is kept of `former` go on under `source`; nothing where it is done.

        `scope`: see `IdentityPolicy.scope`.
        """
        await self.note_scopes({source: scope})
        if not await self.left([former]):
            return
        await self._withdrawn(former, source)
        await self._listed(former, source)
        for kind in ("linked", "served"):
            await self._pictures(former, source, kind)
        await self._held.rename(former, source, scope)
        await self._merge(former, source)
        await self._move(former, source)

    def _traces(self, former: SourceId) -> Sequence[Command]:
        keys = self._keys
        pictures = (keys.pictures(former, kind) for kind in ("linked", "served"))
        facet = _facet(former)
        return (
            ("HEXISTS", keys.configured(), f"source:{former}"),
            ("HEXISTS", keys.origins(), former),
            ("EXISTS", keys.timeline(facet), keys.timeline_pieces(facet)),
            ("EXISTS", keys.carried(former), keys.recheck(former)),
            ("EXISTS", keys.held(former), *pictures),
        )

    async def _listed(self, former: SourceId, source: SourceId) -> None:
        facet = _facet(former)
        while listed := (await self._timelines.newest([facet], _BATCH))[0]:
            ids = [ArticleId(name.decode()) for name, _ in listed]
            await self._bring_back(ids, self._keys.article)
            heads = await self._redis.batch(
                [("HMGET", self._keys.article(one), "head", "revision") for one in ids]
            )
            revisions = await self._redis.batch([("HGETALL", self._keys.revisions(one)) for one in ids])
            await self._cold.hot.commit(
                [
                    Transaction(
                        expects=(
                            (self._keys.article(one), "revision", revision.decode() if revision else ""),
                        ),
                        writes=(
                            ("UNLIST", self._keys.timeline(facet), at_ms, one),
                            *(self._article(unpack(head, Article), earlier, source) if head else ()),
                        ),
                    )
                    for one, (_, at_ms), (head, revision), earlier in zip(
                        ids, listed, heads, revisions, strict=True
                    )
                ]
            )

    async def _bring_back(self, ids: Sequence[ArticleId], key_of: Callable[[ArticleId], str]) -> None:
        """Have earlier revisions in Redis, where they are renamed; they leave it again as any."""
        rows = await self._redis.batch([("HMGET", key_of(one), "text", "cold") for one in ids])
        cold = [
            StoredText(article=one, key=key_of(one), mark=mark, pointer=pointer)
            for one, (mark, pointer) in zip(ids, rows, strict=True)
            if pointer is not None
        ]
        await self._cold.bring_back(cold)
        if cold:
            again = [part for one in cold for part in (0, one.article)]
            await self._redis.call("ZADD", self._keys.rewritten(), *again)

    def _article(self, stored: Article, earlier: Sequence[bytes], source: SourceId) -> list[Command]:
        keys, article = self._keys, _renamed(stored, source)
        return [
            ("HSET", keys.article(article.id), "head", packed_head(article), "source", source),
            listing(keys, _facet(source), article.id, article.listed_at),
            *self._revisions(article.id, earlier, source),
            note_change(keys, article.id),
        ]

    def _revisions(self, article_id: ArticleId, earlier: Sequence[bytes], source: SourceId) -> list[Command]:
        articles = [(field, _renamed(unpack(data, Article), source)) for field, data in pairs(earlier)]
        return [
            ("HSET", self._keys.revisions(article_id), field, compressed(pack(one)))
            for field, one in articles
        ]

    async def _withdrawn(self, former: SourceId, source: SourceId) -> None:
        names = await self._redis.call("ZRANGE", self._keys.withdrawals(), 0, -1)
        for start in range(0, len(names), _BATCH):
            ids = [ArticleId(name.decode()) for name in names[start : start + _BATCH]]
            rows = await self._redis.batch([("HGET", self._keys.withdrawn(one), "record") for one in ids])
            found = [unpack(row, Withdrawal) for row in rows if row]
            of_it = [one for one in found if one.article.source == former]
            await self._bring_back([one.article.id for one in of_it], self._keys.withdrawn)
            revisions = await self._redis.batch(
                [("HGETALL", self._keys.revisions(one.article.id)) for one in of_it]
            )
            await self._cold.hot.commit(
                [
                    self._withdrawal(one, earlier, source)
                    for one, earlier in zip(of_it, revisions, strict=True)
                ]
            )

    def _withdrawal(self, withdrawal: Withdrawal, earlier: Sequence[bytes], source: SourceId) -> Transaction:
        article = _renamed(withdrawal.article, source)
        key, record = self._keys.withdrawn(article.id), pack(replace(withdrawal, article=article))
        return Transaction(
            expects=((key, "revision", str(withdrawal.revision)),),
            writes=(
                ("HSET", key, "record", record, "source", source),
                *self._revisions(article.id, earlier, source),
            ),
        )

    async def _pictures(self, former: SourceId, source: SourceId, kind: str) -> None:
        listed, into = self._keys.pictures(former, kind), self._keys.pictures(source, kind)
        life_ms = max(int(await self._redis.call("PTTL", listed)), 1)
        while rows := pairs(await self._redis.call("ZRANGE", listed, 0, _BATCH - 1, "WITHSCORES")):
            digests = [name.decode() for name, _ in rows]
            found = await self._redis.call("MGET", *map(self._keys.picture, digests))
            known = [
                (name, unpack(data, KnownPicture)) for name, data in zip(digests, found, strict=True) if data
            ]
            writes: list[Command] = [
                ("SET", self._keys.picture(name), pack(replace(one, source=source)), "XX", "KEEPTTL")
                for name, one in known
                if one.source == former
            ]
            writes.append(
                ("ZADD", into, "NX", *(part for name, at in rows for part in (int(float(at)), name.decode())))
            )
            writes += [("PEXPIRE", into, life_ms), ("ZREM", listed, *digests)]
            await self._redis.commit([Transaction(expects=(), writes=tuple(writes))])

    async def _merge(self, former: SourceId, source: SourceId) -> None:
        """Add up what is listed by time: of what both carried, the first time counts."""
        keys = self._keys
        for old, new in (
            (keys.carried(former), keys.carried(source)),
            (keys.recheck(former), keys.recheck(source)),
        ):
            writes: tuple[Command, ...] = (
                ("ZUNIONSTORE", new, 2, new, old, "AGGREGATE", "MIN"), ("UNLINK", old),
            )  # fmt: skip
            await self._redis.commit([Transaction(expects=(), writes=writes)])

    async def _move(self, former: SourceId, source: SourceId) -> None:
        """Move what there is one of; where there is one under the new id, too, that stays."""
        keys, field = self._keys, f"source:{former}"
        hashes = [
            (keys.sources_owners(), former, source),
            (keys.sources_woken(), former, source),
            (keys.pauses(), scope_of(former), scope_of(source)),
            *((keys.portals(), f"{former}{part}", f"{source}{part}") for part in ("", " box", " read")),
        ]
        queues = (keys.sources_due(), keys.subscriptions_due(), keys.backfills_due())
        since, *rest = await self._redis.batch(
            [
                ("HGET", keys.configured(), field),
                *(("HGET", key, old) for key, old, _ in hashes),
                *(("ZSCORE", queue, former) for queue in queues),
            ]
        )
        writes: list[Command] = []
        for name in (
            keys.source,
            keys.round_history,
            keys.delays,
            keys.backfill,
            keys.subscription,
            keys.pushed,
            keys.unreadable,
        ):
            writes += [("COPY", name(former), name(source)), ("UNLINK", name(former))]
        for (key, old, new), value in zip(hashes, rest, strict=False):
            writes += [("HSETNX", key, new, value)] if value is not None else []
            writes.append(("HDEL", key, old))
        for queue, at in zip(queues, rest[len(hashes) :], strict=True):
            writes += [("ZADD", queue, "NX", int(float(at)), source)] if at is not None else []
            writes.append(("ZREM", queue, former))
        gone: tuple[Command, ...] = (("HDEL", keys.origins(), former), ("HDEL", keys.scopes(), former))
        expected = since.decode() if since else ""
        writes += [*gone, ("HDEL", keys.configured(), field)]
        await self._redis.commit(
            [Transaction(expects=((keys.configured(), field, expected),), writes=tuple(writes))]
        )


def _renamed(article: Article, source: SourceId) -> Article:
    return replace(article, source=source, provenance=replace(article.provenance, source=source))


def _facet(source: SourceId) -> str:
    return f"source:{fold(source)}"
