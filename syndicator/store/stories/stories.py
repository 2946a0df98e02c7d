"""Stories: their articles, their growth, and what operators make of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.story import ShownIn, Story
from syndicator.observe.logs import get_logger
from syndicator.rules.stories.clustering import KnownStory, Neighbour
from syndicator.rules.stories.near_duplicates import Text, text_of
from syndicator.rules.stories.story_match import WINDOW, combined, founded
from syndicator.rules.words import plain_body
from syndicator.store.codec import unpack
from syndicator.store.cold.cold_texts import ColdTexts
from syndicator.store.connection import Command, Connection, Repository, pairs
from syndicator.store.heads import read_head
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event, note_change
from syndicator.store.stories.assignments import moved
from syndicator.store.stories.story_codec import Kin, packed_story, unpacked_kin, unpacked_story

log = get_logger(__name__)

_MARGIN = timedelta(days=1)
_KIN_MOST = 50
"""Articles of a story among which the copies of a changed one are looked for."""


class Place(Struct, frozen=True, kw_only=True):
    """Where an article belongs now."""

    story: StoryId | None = None
    """None: the article is in no story of several."""
    copy_of: ArticleId | None = None
    kin: Kin | None = None
    """None where nothing was near when it was admitted, or it was admitted before stories were known."""
    is_quiet: bool = False
    """Whether it was not announced when it was admitted: it was too old."""


class StoryRecord(Struct, frozen=True, kw_only=True):
    """A story with all its articles, the first first, and the version that this is read at."""

    id: StoryId
    version: int = 0
    """0: it has one article; nothing else is stored."""
    members: tuple[Story, ...] = ()
    """Each article as a story of itself alone."""


class Growth(Struct, frozen=True, kw_only=True):
    """The version of a story, and the number of its owners that was announced last."""

    version: int
    owners: int = 0


class StoryPosition(Struct, frozen=True, kw_only=True):
    """Where an article stands that a new one shares text with."""

    own: Story
    """As a story of itself alone."""
    story: StoryId
    copy_of: ArticleId | None
    content_hash: str


class Stories(Repository):
    """Which articles are of one story. A story of one article has no key of its own."""

    def __init__(self, connection: Connection, keys: Keys, kept: timedelta, cold: ColdTexts) -> None:
        super().__init__(connection, keys)
        self._cold = cold
        # A story outlives its last article: nothing joins it later than a window after that was published.
        self.kept = kept + WINDOW + _MARGIN
        self._kept_ms = self.kept // timedelta(milliseconds=1)

    async def known(self, ids: Sequence[StoryId]) -> list[KnownStory | None]:
        """Return stories of one or more articles; None for one that is not there, or is part of another."""
        rows = await self._redis.batch(
            [
                command
                for one in ids
                for command in (
                    ("HMGET", self._keys.story(one), "version", "core", "shown_in"),
                    ("HMGET", self._keys.article(ArticleId(one)), "sketch", "story"),
                )
            ]
        )
        return [_known(one, rows[2 * at], rows[2 * at + 1]) for at, one in enumerate(ids)]

    async def texts(self, ids: Sequence[ArticleId]) -> dict[ArticleId, Text]:
        """Return the texts of articles, also of those that wait; without those whose text has left."""
        keys = self._keys
        places = [key(one) for one in ids for key in (keys.reserved, keys.article)]
        rows = await self._redis.batch([("HMGET", key, "head", "text") for key in places])
        at = [place if rows[place][0] else place + 1 for place in range(0, len(rows), 2)]
        bodies = await self._cold.bodies(
            ids, [places[place] for place in at], [(rows[place][1], None) for place in at]
        )
        found = ((one, rows[place][0], body) for one, place, body in zip(ids, at, bodies, strict=True))
        return {one: _text(head, body) for one, head, body in found if head and body}

    async def standing(self, ids: Sequence[ArticleId]) -> dict[ArticleId, StoryPosition]:
        """Return where articles stand that new ones may copy; without those that have left."""
        rows = await self._redis.batch(
            [("HMGET", self._keys.article(one), "sketch", "story", "copy_of", "hash") for one in ids]
        )
        found = {}
        for one, (sketch, story, copy_of, content_hash) in zip(ids, rows, strict=True):
            own = _own(one, sketch)
            if own is not None:
                found[one] = StoryPosition(
                    own=own,
                    story=StoryId(story.decode()) if story else StoryId(one),
                    copy_of=ArticleId(copy_of.decode()) if copy_of else None,
                    content_hash=content_hash.decode(),
                )
        return found

    async def kin_of(self, article_id: ArticleId) -> list[Neighbour]:
        """Return the original of an article, or the copies of it among the first of its story, with texts."""
        (place,) = await self.places([article_id])
        if place.copy_of is not None:
            return [one for one in await self._texts([place.copy_of]) if one.copy_of is None]
        if place.story is None:
            return []
        members = (await self.members([place.story], _KIN_MOST))[place.story]
        return [one for one in await self._texts(members) if one.copy_of == article_id]

    async def _texts(self, ids: Sequence[ArticleId]) -> list[Neighbour]:
        """Return articles as neighbours; without those that have left, or whose body has."""
        fields, keys = ("head", "text", "story", "copy_of", "cold"), [self._keys.article(one) for one in ids]
        rows = await self._redis.batch([("HMGET", key, *fields) for key in keys])
        bodies = await self._cold.bodies(ids, keys, [(row[1], row[4]) for row in rows])
        return [
            _neighbour(one, head, body, story, copy_of)
            for one, (head, _, story, copy_of, _), body in zip(ids, rows, bodies, strict=True)
            if head and body
        ]

    async def places(self, ids: Sequence[ArticleId]) -> list[Place]:
        """Return where each article belongs."""
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
        """Return the articles of each story, the first first; of one that nothing is kept of, none."""
        rows = await self._redis.batch([("ZRANGE", self._keys.members(one), 0, limit - 1) for one in ids])
        return {one: [ArticleId(name.decode()) for name in row] for one, row in zip(ids, rows, strict=True)}

    async def record(self, article_id: ArticleId) -> StoryRecord | None:
        """Return the story that an article belongs to; None where it is not there, or was never placed."""
        named, sketch = await self._redis.call("HMGET", self._keys.article(article_id), "story", "sketch")
        if sketch is None:
            return None
        if named is None:
            return StoryRecord(id=StoryId(article_id), members=(unpacked_story(sketch, StoryId(article_id)),))
        return await self.get(StoryId(named.decode()))

    async def own(self, article_id: ArticleId) -> Story | None:
        """Return an article as a story of itself alone; None where it is not there, or was never placed."""
        sketch = await self._redis.call("HGET", self._keys.article(article_id), "sketch")
        return unpacked_story(sketch, StoryId(article_id)) if sketch else None

    async def get(self, story: StoryId) -> StoryRecord:
        """Return a story of several articles; those that have left are none of its members."""
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
        self,
        before: Sequence[StoryRecord],
        after: Sequence[Sequence[Story]],
        now: datetime,
        also: Sequence[Command] = (),
    ) -> bool:
        """Make of the articles of some stories other stories; False: one has moved, nothing is written.

        `after` are the articles of each. A story of several takes the id of its first. `also` is written too.
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
        return await self._commit(expects=expects, writes=[*writes, *also], replicated=True)

    def _grouping(self, members: Sequence[Story], version: int, now_ms: int) -> list[Command]:
        keys, story = self._keys, combined(members)
        if len(members) == 1:
            alone = ArticleId(story.id)
            return [("HDEL", keys.article(alone), "story", "copy_of"), moved(keys, alone, story.id)]
        # Joined by hand, it has not grown: as many owners as there can be count as announced.
        owners = ("HSET", keys.story(story.id), "owners", len(members))
        return [
            owners,
            *(("HSET", keys.article(ArticleId(one.id)), "story", story.id) for one in members),
            *(("ZADD", keys.members(story.id), to_ms(one.started_at), one.id) for one in members),
            *(moved(keys, ArticleId(one.id), story.id) for one in members),
            ("HSET", keys.story(story.id), "version", version, "core", packed_story(story)),
            ("PEXPIRE", keys.story(story.id), self._kept_ms),
            ("PEXPIRE", keys.members(story.id), self._kept_ms),
            ("ZADD", keys.stories(), now_ms, story.id),
        ]

    async def newest(self, limit: int) -> list[StoryId]:
        """Return the stories of more than one article, the one that grew last first; all for 0."""
        found = await self._redis.call("ZREVRANGE", self._keys.stories(), 0, limit - 1)
        return [StoryId(name.decode()) for name in found]

    async def grown(self, since_ms: int, limit: int) -> list[tuple[StoryId, int]]:
        """Return stories that something joined at an instant or later, and when, ms.

        The longest ago first.
        """
        found = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.stories(), since_ms, "+inf", "WITHSCORES", "LIMIT", 0, limit
        )
        return [(StoryId(name.decode()), int(score)) for name, score in pairs(found)]

    async def growths(self, ids: Sequence[StoryId]) -> Mapping[StoryId, Growth]:
        """Return the version and announced owners of each story; without those that are not there."""
        rows = await self._redis.batch([("HMGET", self._keys.story(one), "version", "owners") for one in ids])
        return {
            one: Growth(version=int(version), owners=int(owners or 0))
            for one, (version, owners) in zip(ids, rows, strict=True)
            if version is not None
        }

    async def announce_growth(self, story: StoryId, growth: Growth, owners: int, event: Event) -> bool:
        """Store the number of owners and add the event, in one step; False where the story changed."""
        key = self._keys.story(story)
        return await self._commit(
            expects=(
                (key, "version", str(growth.version)),
                (key, "owners", str(growth.owners) if growth.owners else ""),
            ),
            writes=(("HSET", key, "owners", owners), append_event(self._keys, event)),
        )

    async def count(self) -> int:
        """Count the stories of more than one article."""
        return int(await self._redis.call("ZCARD", self._keys.stories()))


def _neighbour(
    article_id: ArticleId, head: bytes, body: bytes, story: bytes | None, copy_of: bytes | None
) -> Neighbour:
    article = read_head(head)
    return Neighbour(
        article_id=article_id,
        text=text_of(article.title, plain_body(body.decode("utf-8", "replace"))),
        own=founded(article, {}),
        story=StoryId(story.decode()) if story else StoryId(article_id),
        copy_of=ArticleId(copy_of.decode()) if copy_of else None,
    )


def _text(head: bytes, body: bytes) -> Text:
    return text_of(read_head(head).title, plain_body(body.decode("utf-8", "replace")))


def _own(article: ArticleId, sketch: bytes | None) -> Story | None:
    """Return an article as a story of itself alone; None where that is not there, or damaged."""
    if not sketch:
        return None
    try:
        return unpacked_story(sketch, StoryId(article))
    except StoreError as error:
        log.warning("sketch_damaged", article=article, reason=str(error))
        return None


def _known(
    story: StoryId, of_several: Sequence[bytes | None], of_first: Sequence[bytes | None]
) -> KnownStory | None:
    version, core, shown_in = of_several
    sketch, part_of = of_first
    if core is not None and version is not None:
        whole = _own(ArticleId(story), core)
        shown = unpack(shown_in, ShownIn) if shown_in else None
        return KnownStory(story=whole, version=int(version), shown_in=shown) if whole else None
    first = _own(ArticleId(story), sketch) if part_of is None else None
    return KnownStory(story=first) if first else None
