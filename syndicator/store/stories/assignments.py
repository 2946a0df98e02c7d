"""Assignment of admitted articles to stories: who may do it, what waits for it, what was decided.

An article is admitted under a reserved key, where no reader sees it. The worker that may assign (a lease
with a fencing number: Kleppmann, "How to do distributed locking", 2016) decides which story it belongs to.
One script writes that, gives the article its public key, lists and announces it. Decisions form a log, from
which every process builds its index of recent articles.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, FeedId, StoryId
from syndicator.model.story import ShownIn, Story
from syndicator.rules.articles.admission import Admission, Reservation
from syndicator.rules.filter_matching import facets_of
from syndicator.rules.stories.clustering import StoryDecision
from syndicator.rules.stories.near_index import IndexEntry
from syndicator.rules.stories.story_match import WINDOW, place_of
from syndicator.store.codec import pack, pack_for_lua, unpack
from syndicator.store.connection import Command, Connection, Repository, Script, pairs
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import KEPT_CHANGES
from syndicator.store.stories.story_codec import Kin, packed_kin, packed_story, unpacked_story

_OVERDUE_AT_ONCE = 100
_ID_BYTES = 16
_HEADER_BYTES = 2 * _ID_BYTES
_MILLISECOND = timedelta(milliseconds=1)

Place = tuple[int, int]
"""Of an entry in the queue: Redis' time, ms, and a number."""


class UnassignedArticle(Struct, frozen=True, kw_only=True):
    """An admitted article that is not assigned yet."""

    entry: str
    """Its place among those that wait."""
    article: ArticleId
    content_hash: str
    source: str
    """Whose article it was then; empty in entries of older versions."""
    sketch: bytes
    """The article as a story of itself alone, packed: see `own`."""
    runs: bytes
    """Keys of its sampled runs of words (`rules.stories.near_index.packed_keys`)."""
    shown_in: ShownIn
    show: bytes
    """How it is to be shown, as `stories/showing.lua` reads it."""

    def own(self) -> Story:
        """Unpack the article as a story of itself alone."""
        return unpacked_story(self.sketch, StoryId(self.article))


class Queue(Struct, frozen=True, kw_only=True):
    """The entries that wait; places compare as they follow each other."""

    first: Place | None
    """None where nothing waits."""
    last: Place | None


class Turn(Struct, frozen=True, kw_only=True):
    """The right to assign, and what there is to do."""

    fence: int
    queue: Queue
    origin: str
    """Which data this is: another value after Redis was emptied."""
    waiting: tuple[UnassignedArticle, ...]
    log: tuple[IndexEntry, ...]
    position: str
    """In the log, after `log`."""
    is_read: bool
    """Whether that was all of the log."""
    is_filled: bool
    """Whether the log holds all recent articles, also those that an older version has grouped."""


class AssignedElsewhere(Struct, frozen=True, kw_only=True):
    """Another assigner has the right."""

    token: str
    queue: Queue


class Decision(Struct, frozen=True, kw_only=True):
    """What is written of an article that waited."""

    waiting: UnassignedArticle
    terms: bytes
    """Keys of its strongest terms (`rules.stories.near_index.packed_keys`)."""
    placement: StoryDecision
    shown_in: ShownIn
    """Which feeds of stories may show the story that it is part of now."""
    feeds: Sequence[FeedId] = ()
    """Feeds to be rendered anew, besides those that show the article itself."""


class Written(Struct, frozen=True, kw_only=True):
    """The result of writing decisions."""

    done: Sequence[bool]
    """False: its grounds have moved, and it waits still; or it has left, or waits with another text."""
    first: Place | None
    """Of those that wait still; None where nothing does."""
    since: str
    """In the log, before the first decision."""
    position: str
    """In the log, after the last decision."""


class Assignments(Repository):
    """The queue of admitted articles, the right to assign them, and the log of decisions."""

    def __init__(self, connection: Connection, keys: Keys, kept: timedelta) -> None:
        super().__init__(connection, keys)
        self._take = Script("stories/take")
        self._assign = Script("articles/timelines", "stories/showing", "stories/assign")
        self._overdue = Script("articles/timelines", "stories/showing", "stories/show_overdue")
        self._names = pack_for_lua(_names(keys, kept))

    async def take(
        self,
        token: str,
        now: datetime,
        lease: timedelta,
        position: str,
        *,
        limit: int,
        log_limit: int,
        dead: str = "",
    ) -> Turn | AssignedElsewhere:
        """Take the right to assign, if no worker or only a `dead` one has it, and read what waits."""
        keys = self._keys
        fence, first, last, *rest = await self._redis.run(
            self._take,
            [keys.assignment(), keys.unassigned(), keys.assigned(), keys.meta()],
            token, to_ms(now), to_ms(now + lease), position, limit, log_limit, dead,
        )  # fmt: skip
        queue = Queue(first=_place(first), last=_place(last))
        if not fence:
            return AssignedElsewhere(token=rest[0].decode(), queue=queue)
        origin, filled, articles, log = rest
        return Turn(
            fence=fence,
            queue=queue,
            origin=origin.decode(),
            waiting=tuple(map(_waiting, articles)),
            log=tuple(_entry(*row) for row in log),
            position=log[-1][0].decode() if log else position,
            is_read=len(log) < log_limit,
            is_filled=filled == origin,
        )

    async def write(
        self,
        fence: int,
        decisions: Sequence[Decision],
        now: datetime,
        lease: timedelta,
        *,
        outdated: Sequence[UnassignedArticle] = (),
    ) -> Written | None:
        """Write decisions and show their articles; None when the right has passed to another.

        `outdated`: what waits no more, for its article waits with a newer text.
        """
        keys = self._keys
        reply = await self._redis.run(
            self._assign,
            [keys.assignment(), keys.unassigned(), keys.assigned()],
            fence, to_ms(now), to_ms(now + lease), self._names,
            pack_for_lua([_spelled(one) for one in decisions]),
            pack_for_lua([one.entry for one in outdated]),
        )  # fmt: skip
        if len(reply) == 1:
            return None
        first, since, position, done = reply
        return Written(
            done=[one == 1 for one in done],
            first=_place(first),
            since=since.decode(),
            position=position.decode(),
        )

    async def log(self, position: str, limit: int) -> tuple[Sequence[IndexEntry], str]:
        """Read the log after a position; return entries and the position after them."""
        rows = await self._redis.call("XRANGE", self._keys.assigned(), f"({position}", "+", "COUNT", limit)
        entries = [_entry(at, fields[1]) for at, fields in rows]
        return entries, rows[-1][0].decode() if rows else position

    async def append(self, entries: Sequence[IndexEntry]) -> None:
        """Write into the log what was decided before there was one."""
        await self._redis.batch([("XADD", self._keys.assigned(), "*", "e", _packed(one)) for one in entries])

    async def origin(self) -> str:
        """Return which data this is: another value after Redis was emptied."""
        began_ms = await self._redis.call("HGET", self._keys.meta(), "created_ms")
        return (began_ms or b"").decode()

    async def count(self) -> int:
        """Return how many articles wait."""
        return int(await self._redis.call("XLEN", self._keys.unassigned()))

    async def give_back(self, token: str) -> None:
        """End the lease of an assigner, where it still has it; what waits is left to others."""
        key = self._keys.assignment()
        await self._commit(expects=((key, "token", token),), writes=(("HSET", key, "until", 0),))

    async def note_filled(self, origin: str) -> None:
        """Store that the log holds all recent articles of this data."""
        await self._redis.call("HSET", self._keys.assignment(), "filled", origin)

    async def show_overdue(self, now: datetime, older_than: timedelta) -> int:
        """Show the articles that have waited too long, each as a story of its own; return how many."""
        shown = 0
        start = "-"
        while True:
            count, last = await self._redis.run(
                self._overdue,
                [self._keys.unassigned()],
                to_ms(now), older_than // _MILLISECOND, self._names, start, _OVERDUE_AT_ONCE,
            )  # fmt: skip
            shown += int(count)
            if not last:
                return shown
            start = f"({last.decode()}"


def enqueue(
    keys: Keys, article: Article, sketch: bytes, reservation: Reservation, admission: Admission
) -> Command:
    """Have an article wait to be assigned, with all that is needed for that.

    `sketch`: the article as a story of itself alone, packed.
    """
    event = admission.event
    how = [
        to_ms(article.listed_at),
        to_ms(article.shown_since),
        sorted(set(facets_of(article))),
        list(admission.feeds),
        pack(event) if event else b"",
    ]
    return (
        "XADD", keys.unassigned(), "*", "article", article.id, "hash", article.content_hash,
        "source", article.source,
        "sketch", sketch, "runs", reservation.runs,
        "shown_in", pack(reservation.shown_in), "show", pack_for_lua(how),
    )  # fmt: skip


def moved(keys: Keys, article: ArticleId, story: StoryId) -> Command:
    """Write into the log that an article belongs to another story now."""
    return ("XADD", keys.assigned(), "*", "e", article.encode() + story.encode())


def _names(keys: Keys, kept: timedelta) -> dict[str, str | int]:
    return {
        "reserved": keys.reserved(ArticleId("")),
        "article": keys.article(ArticleId("")),
        "story": keys.story(StoryId("")),
        "members": keys.members(StoryId("")),
        "timeline": keys.timeline(""),
        "admitted": keys.admitted(),
        "stories": keys.stories(),
        "changes": keys.changes(),
        "outbox": keys.outbox(),
        "feeds_version": keys.feeds_version(),
        "feeds_changed": keys.feeds_changed(),
        "feeds_moved": keys.feeds_moved(),
        "kept_changes": KEPT_CHANGES,
        "kept": kept // _MILLISECOND,
        "window": WINDOW // _MILLISECOND,
    }


def _place(entry: bytes) -> Place | None:
    """Read the id of an entry of a stream; entries compare by time and number."""
    if not entry:
        return None
    at_ms, _, number = entry.partition(b"-")
    return int(at_ms), int(number)


def _waiting(row: Sequence[bytes]) -> UnassignedArticle:
    noted = dict(pairs(row[1:]))
    name = noted[b"article"].decode()
    return UnassignedArticle(
        entry=row[0].decode(),
        article=ArticleId(name),
        content_hash=noted.get(b"hash", b"").decode(),
        source=noted.get(b"source", b"").decode(),
        sketch=noted.get(b"sketch", b""),
        runs=noted.get(b"runs", b""),
        shown_in=_shown_in(noted.get(b"shown_in", b"")),
        show=noted.get(b"show", b""),
    )


def _shown_in(data: bytes) -> ShownIn:
    try:
        return unpack(data, ShownIn)
    except StoreError:  # then it is found out from the members
        return ShownIn("", ())


def _entry(position: bytes, data: bytes) -> IndexEntry:
    if len(data) < _HEADER_BYTES:
        raise StoreError(f"entry {position.decode()} of the log of assignments is damaged")
    runs_end = _HEADER_BYTES + 1 + 4 * data[_HEADER_BYTES] if len(data) > _HEADER_BYTES else _HEADER_BYTES
    return IndexEntry(
        article=ArticleId(data[:_ID_BYTES].decode()),
        story=StoryId(data[_ID_BYTES:_HEADER_BYTES].decode()),
        at_ms=int(position.partition(b"-")[0]),
        runs=data[_HEADER_BYTES + 1 : runs_end],
        terms=data[runs_end:],
        is_new=len(data) > _HEADER_BYTES,
    )


def entry_of(decision: Decision, at_ms: int) -> IndexEntry:
    """Return the log entry of a decision. Whatever copies a copy copies the original as well."""
    placement, waiting = decision.placement, decision.waiting
    return IndexEntry(
        article=waiting.article,
        story=placement.story.id,
        at_ms=at_ms,
        runs=b"" if placement.copy_of else waiting.runs,
        terms=decision.terms,
    )


def _spelled(decision: Decision) -> list[object]:
    """Spell a decision as `stories/assign.lua` reads it."""
    waiting, placement = decision.waiting, decision.placement
    return [
        waiting.entry,
        waiting.article,
        waiting.content_hash,
        _fields(placement),
        _joining(decision),
        placement.superseded_original or "",
        list(decision.feeds),
        _packed(entry_of(decision, 0)),
        waiting.show,
        waiting.source,
    ]


def _packed(entry: IndexEntry) -> bytes:
    names = (entry.article + entry.story).encode()
    return b"".join((names, bytes((len(entry.runs) // 4,)), entry.runs, entry.terms))


def _fields(placement: StoryDecision) -> list[str | bytes]:
    fields: list[str | bytes] = []
    if placement.copy_of:
        fields += ["copy_of", placement.copy_of]
    if placement.joins or placement.copy:
        kin = Kin(story=placement.verdict, compared_with=placement.compared_with, copy=placement.copy)
        fields += ["kin", packed_kin(kin)]
    if placement.joins:
        fields += ["story", placement.story.id]
    return fields


def _joining(decision: Decision) -> list[object] | bool:
    placement, joins = decision.placement, decision.placement.joins
    if joins is None:
        return False
    before = joins.story
    return [
        before.id,
        str(joins.version) if joins.version else "",
        str(to_ms(before.published_at)),
        packed_story(placement.story),
        pack(decision.shown_in),
        to_ms(before.started_at),
        to_ms(place_of(placement.own, before)),
    ]
