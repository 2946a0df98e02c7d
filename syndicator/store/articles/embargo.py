"""Articles under embargo: in no index that anything is shown from, until their time has come."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Candidate, Identity
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import SourceId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Repository, Script, Transaction, pairs
from syndicator.store.sources.source_queue import Claim

MAX_FIELDS = 800
"""Of a source: an article takes one, and one for each of its two to four identity keys."""

_CEILING = timedelta(microseconds=999)
"""Redis holds whole milliseconds: none is released in the one before its own."""


class HeldArticle(Struct, frozen=True, kw_only=True):
    """A candidate that waits."""

    candidate: Candidate
    identity: Identity
    until: datetime

    @property
    def name(self) -> str:
        """Return what it is held under: its surest identity key."""
        return self.identity.keys[0]


class Embargoed(Repository):
    """The articles under embargo. Those of a source are written by one worker at a time: its gatherer."""

    _claim = Script("sources/claim")

    async def holds(self, source: SourceId) -> bool:
        """Return whether anything of a source is held."""
        return bool(await self._redis.call("EXISTS", self._keys.held(source)))

    async def has_room(self, source: SourceId) -> bool:
        """Return whether one more article of a source may be held."""
        return int(await self._redis.call("HLEN", self._keys.held(source))) < MAX_FIELDS

    async def find(self, source: SourceId, keys: Sequence[Sequence[str]]) -> list[list[HeldArticle]]:
        """Return what is held under any of the identity keys of each candidate."""
        held = self._keys.held(source)
        rows = await self._redis.batch([("HMGET", held, *(f"k:{key}" for key in one)) for one in keys])
        named = [list(dict.fromkeys(name.decode() for name in row if name)) for row in rows]
        wanted = sorted({name for names in named for name in names})
        if not wanted:
            return [[] for _ in keys]
        found = await self._redis.call("HMGET", held, *(f"c:{name}" for name in wanted))
        articles = {name: unpack(data, HeldArticle) for name, data in zip(wanted, found, strict=True) if data}
        return [[articles[name] for name in names if name in articles] for names in named]

    async def put(self, article: HeldArticle, replaced: Sequence[HeldArticle] = ()) -> None:
        """Hold an article until its time, in place of earlier ones: in one step."""
        source = article.candidate.source
        writes = [command for earlier in replaced for command in self._removal(source, earlier)]
        writes += self._putting(article)
        await self._commit(writes=writes)

    def _putting(self, article: HeldArticle) -> list[Command]:
        source, name = article.candidate.source, article.name
        key, item = self._keys.held(source), _item(source, name)
        aliases = [word for one in article.identity.keys for word in (f"k:{one}", name)]
        return [
            ("HSET", key, f"c:{name}", pack(article), *aliases),
            ("ZADD", self._keys.held_due(), to_ms(article.until + _CEILING), item),
            ("HDEL", self._keys.held_owners(), item),  # whoever releases the earlier one, leaves this one
        ]

    async def drop(self, articles: Sequence[HeldArticle]) -> None:
        """Hold articles no more."""
        writes = [command for one in articles for command in self._removal(one.candidate.source, one)]
        if writes:
            await self._commit(writes=writes)

    async def claim(self, token: str, now: datetime, lease: timedelta, limit: int) -> Claim:
        """Lease up to `limit` articles whose time has come."""
        items, following, *_ = await self._redis.run(
            self._claim,
            [self._keys.held_due(), self._keys.held_owners()],
            to_ms(now), to_ms(now + lease), token, limit,
        )  # fmt: skip
        return Claim(
            items=tuple(item.decode() for item in items),
            next_due_at=from_ms(int(float(following))) if float(following) >= 0 else None,
        )

    async def get(self, item: str) -> HeldArticle | None:
        """Return a claimed article; None where it is gone, with its source or by another worker."""
        source, name = _parts(item)
        data = await self._redis.call("HGET", self._keys.held(source), f"c:{name}")
        return unpack(data, HeldArticle) if data else None

    async def settle(self, item: str, token: str, article: HeldArticle | None) -> bool:
        """End a lease and hold the article no more; False when it was replaced, or the lease lost."""
        source, _ = _parts(item)
        owners = self._keys.held_owners()
        writes: list[Command] = [("ZREM", self._keys.held_due(), item), ("HDEL", owners, item)]
        if article is not None:
            writes += self._removal(source, article)
        return await self._commit(expects=((owners, item, token),), writes=writes)

    async def rename(self, former: SourceId, source: SourceId, scope: str) -> None:
        """Hold what is held of a source under its new id; `scope`: see `IdentityPolicy.scope`."""
        fields = pairs(await self._redis.call("HGETALL", self._keys.held(former)))
        units: list[Transaction] = []
        for held in (unpack(data, HeldArticle) for field, data in fields if field.startswith(b"c:")):
            given = held.candidate
            provenance = replace(given.provenance, source=source)
            policy = replace(given.identified_by, scope=scope)
            given = replace(given, source=source, identified_by=policy, provenance=provenance)
            renamed = replace(held, candidate=given)
            units.append(
                Transaction(expects=(), writes=(*self._removal(former, held), *self._putting(renamed)))
            )
        await self._redis.commit(units)

    async def count(self) -> int:
        """Count the articles that are held."""
        return int(await self._redis.call("ZCARD", self._keys.held_due()))

    def _removal(self, source: SourceId, article: HeldArticle) -> list[Command]:
        item = _item(source, article.name)
        aliases = (f"k:{one}" for one in article.identity.keys)
        return [
            ("HDEL", self._keys.held(source), f"c:{article.name}", *aliases),
            ("ZREM", self._keys.held_due(), item),
            ("HDEL", self._keys.held_owners(), item),
        ]


def _item(source: SourceId, name: str) -> str:
    return f"{source} {name}"


def _parts(item: str) -> tuple[SourceId, str]:
    source, _, name = item.rpartition(" ")
    return SourceId(source), name
