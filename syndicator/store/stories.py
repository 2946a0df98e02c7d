"""Stories, and the postings by which an article's copies and its story are found."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.copies import text_of
from syndicator.rules.placement import Fingerprint, KnownStory, Near, Neighbour, Placement
from syndicator.rules.stories import WINDOW, Story, founded, place_of, told_by
from syndicator.rules.words import plain_body
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Placing, Script, Unit, pairs
from syndicator.store.keys import Keys
from syndicator.store.outbox import append_event, note_change
from syndicator.store.sketches import Kin, packed_kin, packed_story, unpacked_kin, unpacked_story

GENERATION_MS = WINDOW // timedelta(milliseconds=1)
"""Postings are kept in generations of this length. The present one and the one before are looked in."""

_MARGIN = timedelta(days=1)
_KIN_MOST = 50
"""Articles of a story among which the copies of a changed one are looked for."""


class Place(Struct, frozen=True, kw_only=True):
    """Where an article belongs now."""

    story: StoryId | None = None
    """None: it is told by this article alone."""
    copy_of: ArticleId | None = None
    kin: Kin | None = None
    """None where nothing was near when it was admitted, or it was admitted before stories were known."""
    is_quiet: bool = False
    """Whether nobody was told of it when it was admitted: it was too old."""


class StoryRecord(Struct, frozen=True, kw_only=True):
    """A story with all its articles, the first first, and the version that this is read at."""

    id: StoryId
    version: int = 0
    """0: told by one article alone; nothing is stored but that."""
    members: tuple[Story, ...] = ()
    """Each article as a story of itself alone."""


class Growth(Struct, frozen=True, kw_only=True):
    """The version of a story, and of how many owners it was told that they tell it."""

    version: int
    owners: int = 0


class Stories:
    """Which articles tell the same story. A story of one article has no key of its own."""

    def __init__(self, connection: Connection, keys: Keys, kept: timedelta) -> None:
        self._redis = connection
        self._keys = keys
        self._near = Script("postings", "near")
        # A story outlives its last article: nothing joins it later than a window after that was published.
        self._kept_ms = (kept + WINDOW + _MARGIN) // timedelta(milliseconds=1)

    async def near(self, fingerprints: Sequence[Fingerprint], now: datetime) -> list[Near]:
        """Find what each of a batch shares words with, in one round trip."""
        if not fingerprints:
            return []
        generation = to_ms(now) // GENERATION_MS
        keys = self._keys
        seen, rows = await self._redis.run(
            self._near,
            [keys.meta()],
            keys.postings(""),
            keys.numbered(""),
            keys.article(ArticleId("")),
            keys.story(StoryId("")),
            pack([generation, generation - 1]),
            pack([(one.shingle_keys, one.term_keys) for one in fingerprints]),
        )
        found: list[Near] = []
        known: dict[bytes, Neighbour] = {}
        for texts, told in rows:
            for row in texts:
                # Copies of one text are often in one batch: it is taken apart once.
                if row[0] not in known:
                    known[row[0]] = _neighbour(row)
                    await asyncio.sleep(0)  # texts of hostile lengths take milliseconds each
            found.append(
                Near(
                    generation=generation,
                    seen=int(seen),
                    neighbours=tuple(known[row[0]] for row in texts),
                    stories=tuple(_known_story(row) for row in told),
                )
            )
        return found

    async def kin_of(self, article_id: ArticleId) -> list[Neighbour]:
        """Give the original of an article, or the copies of it among the first of its story, with texts."""
        (place,) = await self.places([article_id])
        if place.copy_of is not None:
            return [one for one in await self._texts([place.copy_of]) if one.copy_of is None]
        if place.story is None:
            return []
        members = (await self.members([place.story], _KIN_MOST))[place.story]
        return [one for one in await self._texts(members) if one.copy_of == article_id]

    async def _texts(self, ids: Sequence[ArticleId]) -> list[Neighbour]:
        """Give articles as neighbours; without those that have left, or whose body has."""
        fields = ("head", "body", "story", "copy_of")
        rows = await self._redis.batch([("HMGET", self._keys.article(one), *fields) for one in ids])
        return [
            _neighbour([one.encode(), b"", head, body, story or one.encode(), copy_of or b""])
            for one, (head, body, story, copy_of) in zip(ids, rows, strict=True)
            if head and body
        ]

    def admission(
        self, placement: Placement, now_ms: int
    ) -> tuple[list[tuple[str, str, str]], list[Command], Placing]:
        """Spell a placement as part of the transaction that stores the article."""
        keys, article_id, story = self._keys, placement.article_id, placement.story
        mine = placement.fingerprint
        fields: list[str | bytes | int] = ["sketch", packed_story(placement.own)]
        if placement.copy_of:
            fields += ["copy_of", placement.copy_of]
        if placement.joins or placement.copy:
            kin = Kin(story=placement.verdict, compared_with=placement.compared_with, copy=placement.copy)
            fields += ["kin", packed_kin(kin)]
        expects: list[tuple[str, str, str]] = []
        writes: list[Command] = []
        if placement.joins is not None:
            fields += ["story", story.id]
            expects, writes = self._joining(placement.joins, placement, now_ms)
        writes.append(("HSET", keys.article(article_id), *fields))
        if placement.outdone is not None:
            expects.append((keys.article(placement.outdone), "copy_of", ""))
            writes.append(("HSET", keys.article(placement.outdone), "copy_of", article_id))
        is_copy = placement.copy_of is not None
        placing = Placing(
            article=article_id,
            postings=keys.postings(f"{placement.near.generation}:"),
            numbered=keys.numbered(str(placement.near.generation)),
            seen=placement.near.seen,
            kept_ms=2 * GENERATION_MS,
            # Whatever copies a copy copies the original as well.
            shingles=() if is_copy else mine.shingle_keys,
            terms=mine.term_keys,
        )
        return expects, writes, placing

    def _joining(
        self, known: KnownStory, placement: Placement, now_ms: int
    ) -> tuple[list[tuple[str, str, str]], list[Command]]:
        keys, story = self._keys, placement.story
        key, members = keys.story(story.id), keys.members(story.id)
        founder = ArticleId(story.id)
        writes: list[Command] = []
        expects = [(key, "version", str(known.version) if known.version else "")]
        if not known.version:
            # Its first article must still be there, else its key would come back with this field alone.
            expects.append((keys.article(founder), "published", str(to_ms(story.published_at))))
            # An operator may have joined it to another story, which this one knows nothing of.
            expects.append((keys.article(founder), "story", ""))
            writes.append(("HSET", keys.article(founder), "story", story.id))
            writes.append(("ZADD", members, to_ms(story.told_since), founder))
        writes += [
            ("HSET", key, "version", known.version + 1, "core", packed_story(story)),
            ("ZADD", members, to_ms(place_of(placement.own, known.story)), placement.article_id),
            ("PEXPIRE", key, self._kept_ms),
            ("PEXPIRE", members, self._kept_ms),
            ("ZADD", keys.stories(), now_ms, story.id),
            ("ZREMRANGEBYSCORE", keys.stories(), "-inf", now_ms - self._kept_ms),
        ]
        return expects, writes

    async def places(self, ids: Sequence[ArticleId]) -> list[Place]:
        """Tell where each article belongs."""
        rows = await self._redis.batch(
            [("HMGET", self._keys.article(one), "story", "copy_of", "kin", "quiet") for one in ids]
        )
        return [
            Place(
                story=StoryId(row[0].decode()) if row[0] else None,
                copy_of=ArticleId(row[1].decode()) if row[1] else None,
                kin=unpacked_kin(row[2]) if row[2] else None,
                is_quiet=row[3] is not None,
            )
            for row in rows
        ]

    async def members(self, ids: Sequence[StoryId], limit: int = 0) -> Mapping[StoryId, list[ArticleId]]:
        """Name the articles of each story, the first first; of one that nothing is kept of, none."""
        rows = await self._redis.batch([("ZRANGE", self._keys.members(one), 0, limit - 1) for one in ids])
        return {one: [ArticleId(name.decode()) for name in row] for one, row in zip(ids, rows, strict=True)}

    async def record(self, article_id: ArticleId) -> StoryRecord | None:
        """Give the story that an article belongs to; None where it is not there, or was never placed."""
        named, sketch = await self._redis.call("HMGET", self._keys.article(article_id), "story", "sketch")
        if sketch is None:
            return None
        if named is None:
            return StoryRecord(id=StoryId(article_id), members=(unpacked_story(sketch, StoryId(article_id)),))
        return await self.told(StoryId(named.decode()))

    async def own(self, article_id: ArticleId) -> Story | None:
        """Give an article as a story of itself alone; None where it is not there, or was never placed."""
        sketch = await self._redis.call("HGET", self._keys.article(article_id), "sketch")
        return unpacked_story(sketch, StoryId(article_id)) if sketch else None

    async def told(self, story: StoryId) -> StoryRecord:
        """Give a story of several articles; those that have left are none of its members."""
        version, names = await self._redis.batch(
            [("HGET", self._keys.story(story), "version"), ("ZRANGE", self._keys.members(story), 0, -1)]
        )
        found = await self._redis.batch(
            [("HGET", self._keys.article(ArticleId(name.decode())), "sketch") for name in names]
        )
        members = tuple(
            unpacked_story(sketch, StoryId(name.decode()))
            for name, sketch in zip(names, found, strict=True)
            if sketch is not None
        )
        return StoryRecord(id=story, version=int(version or 0), members=members)

    async def regroup(
        self, before: Sequence[StoryRecord], after: Sequence[Sequence[Story]], now: datetime
    ) -> bool:
        """Make of the articles of some stories other stories; False: one has moved, nothing is written.

        `after` are the articles of each. A story of several takes the id of its first.
        """
        keys = self._keys
        expects = [(keys.story(one.id), "version", str(one.version) if one.version else "") for one in before]
        for one in before:
            for member in one.members:
                key = keys.article(ArticleId(member.id))
                # What has left meanwhile must not come back as a key with a story and nothing else.
                expects.append((key, "published", str(to_ms(member.published_at))))
                expects.append((key, "story", one.id if one.version else ""))
        writes: list[Command] = [
            ("DEL", keys.story(one.id), keys.members(one.id)) for one in before if one.version
        ]
        writes += [("ZREM", keys.stories(), one.id) for one in before]
        # A version that was once used for an id is not used again: a late writer must not find its own.
        version = max(one.version for one in before) + 1
        # A feed may show another of them now, for whoever keeps what it read.
        writes += [note_change(keys, ArticleId(member.id)) for one in before for member in one.members]
        for members in after:
            writes += self._grouping(members, version, to_ms(now))
        return (await self._redis.commit([Unit(expects=tuple(expects), writes=tuple(writes))]))[0]

    def _grouping(self, members: Sequence[Story], version: int, now_ms: int) -> list[Command]:
        keys, story = self._keys, told_by(members)
        if len(members) == 1:
            return [("HDEL", keys.article(ArticleId(story.id)), "story", "copy_of")]
        # Joined by hand, it has not grown: as many owners as there can be count as told.
        told = ("HSET", keys.story(story.id), "owners", len(members))
        return [
            told,
            *(("HSET", keys.article(ArticleId(one.id)), "story", story.id) for one in members),
            *(("ZADD", keys.members(story.id), to_ms(one.told_since), one.id) for one in members),
            ("HSET", keys.story(story.id), "version", version, "core", packed_story(story)),
            ("PEXPIRE", keys.story(story.id), self._kept_ms),
            ("PEXPIRE", keys.members(story.id), self._kept_ms),
            ("ZADD", keys.stories(), now_ms, story.id),
        ]

    async def newest(self, limit: int) -> list[StoryId]:
        """Name the stories of more than one article, the one that grew last first; all for 0."""
        found = await self._redis.call("ZREVRANGE", self._keys.stories(), 0, limit - 1)
        return [StoryId(name.decode()) for name in found]

    async def grown(self, since_ms: int, limit: int) -> list[tuple[StoryId, int]]:
        """Name stories that something joined at an instant or later, and when, ms; the longest ago first."""
        found = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.stories(), since_ms, "+inf", "WITHSCORES", "LIMIT", 0, limit
        )
        return [(StoryId(name.decode()), int(score)) for name, score in pairs(found)]

    async def growths(self, ids: Sequence[StoryId]) -> Mapping[StoryId, Growth]:
        """Tell how stories stand, and what of their growth was told; without those that are not there."""
        rows = await self._redis.batch([("HMGET", self._keys.story(one), "version", "owners") for one in ids])
        return {
            one: Growth(version=int(version), owners=int(owners or 0))
            for one, (version, owners) in zip(ids, rows, strict=True)
            if version is not None
        }

    async def tell_growth(self, story: StoryId, growth: Growth, owners: int, event: Event) -> bool:
        """Remember of how many owners a story is told, and tell it, in one step; False where it has moved."""
        key = self._keys.story(story)
        unit = Unit(
            expects=(
                (key, "version", str(growth.version)),
                (key, "owners", str(growth.owners) if growth.owners else ""),
            ),
            writes=(("HSET", key, "owners", owners), append_event(self._keys, event)),
        )
        return (await self._redis.commit([unit]))[0]

    async def count(self) -> int:
        """Count the stories that more than one article tells."""
        return int(await self._redis.call("ZCARD", self._keys.stories()))


def _neighbour(row: list[bytes]) -> Neighbour:
    article_id, _, head, body, story, copy_of = row
    article = unpack(head, Article)
    return Neighbour(
        article_id=ArticleId(article_id.decode()),
        text=text_of(article.title, plain_body(body.decode("utf-8", "replace"))),
        own=founded(article, {}),
        story=StoryId(story.decode()),
        copy_of=ArticleId(copy_of.decode()) if copy_of else None,
    )


def _known_story(row: list[bytes]) -> KnownStory:
    story, version, core = row
    return KnownStory(story=unpacked_story(core, StoryId(story.decode())), version=int(version or 0))
