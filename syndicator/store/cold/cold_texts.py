"""Texts of older articles, outside Redis: text and earlier revisions of an article are one object.

    offload:   object written → text leaves Redis, and the article names its object, in one transaction
    read:      no text in Redis, and an object is named → the cold store, or what was read last

An object is never written twice: its name holds a mark of its own. So an article never names an object that
a worker wrote long ago and another removed.
"""

import secrets
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from zlib import crc32

from msgspec import Struct

from syndicator.errors import ColdStoreAway, StoreError
from syndicator.model.article import Article
from syndicator.model.ids import ArticleId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.observe.logs import get_logger
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.codec import pack, unpack
from syndicator.store.cold.objects import NO_PLACE, NO_PLACE_REMEDY, ColdObjects
from syndicator.store.connection import Command, Connection, Repository, Transaction
from syndicator.store.keys.table import Keys
from syndicator.store.layout import COLD_TEXTS
from syndicator.store.texts import Texts, writing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CACHED_BYTES = 32 * 2**20
"""Of texts that were read last."""
PARTS = 256
"""Folders of objects: each is looked through as a whole."""
STORE_ID = "id"
"""The object by which a cold store is known."""
_LEVEL = 6

log = get_logger(__name__)


class ColdText(Struct, frozen=True, kw_only=True):
    """What left Redis of one article."""

    body: bytes
    revisions: tuple[Article, ...] = ()
    """Those before, with their bodies."""


class StoredText(Struct, frozen=True, kw_only=True):
    """Where the text of an article is."""

    article: ArticleId
    key: str
    """Of the hash in Redis: an article, or a withdrawn one."""
    mark: bytes | None
    """The field `text` of that hash; None: it is not in Redis."""
    pointer: bytes | None
    """The field `cold` of that hash."""


class ColdTexts(Repository):
    """Reads and writes texts in the cold store."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        objects: ColdObjects | None,
        *,
        living: Callable[[], Awaitable[Sequence[ProcessNote]]],
        is_own: bool = False,
    ) -> None:
        """Without `objects`, there is no cold store. `is_own`: no other machine can have another one.

        `living`: what each process that lives says of itself.
        """
        super().__init__(connection, keys)
        self.hot = Texts(connection, keys)
        """Those that are in Redis."""
        self._objects = objects
        self._is_own = is_own
        self._living = living
        self._cached = LeastRecent[str, ColdText](CACHED_BYTES, _size)
        self.is_known = False
        """Whether the store was found to be that of this data."""

    @property
    def is_there(self) -> bool:
        """Whether a cold store is configured."""
        return self._objects is not None

    async def begin(self, *, writes: bool) -> None:
        """Look whether the cold store is that of this data; make it so where the data has none.

        `writes`: whether texts are to leave Redis. Raises StoreError where the texts of this data are
        elsewhere; only logs that the store is away.
        """
        wanted, created_ms = await self._redis.call("HMGET", self._keys.meta(), "cold", "created_ms")
        if self.is_known and wanted is not None:
            return
        if self._objects is None:
            if wanted is not None:
                raise StoreError(
                    "texts of older articles are in a cold store, and none is configured: "
                    "set [store] cold as it was before"
                )
            if writes:
                raise StoreError(f"[retention] hot {NO_PLACE}: {NO_PLACE_REMEDY}")
            return
        if wanted is None and not writes:
            return
        try:
            found = (await self._objects.get([STORE_ID])).get(STORE_ID)
            if found is None and wanted is not None and self._is_own:
                log.error(
                    "cold_store_lost", remedy="restore its file; older articles have no texts meanwhile"
                )
            if found is None and (wanted is None or self._is_own):
                found = wanted or created_ms
                await self._objects.put({STORE_ID: found})
        except ColdStoreAway as error:
            log.warning("cold_store_away", reason=str(error))
            return
        if wanted is not None or (found is not None and await self._adopted(found)):
            await self.check()

    async def _adopted(self, name: bytes) -> bool:
        """Have the data name this store, and no program work on it that would show articles without texts.

        Return whether that is done: not while such programs live.
        """
        if older := [note.process for note in await self._living() if note.layout < COLD_TEXTS]:
            reason = f"processes of an older release run: {', '.join(older)}: stop them"
            log.warning("texts_stay_in_memory", reason=reason)
            return False
        oldest = await self._redis.call("HGET", self._keys.meta(), "schema_oldest")
        if int(oldest or 0) < COLD_TEXTS:
            await self._redis.call("HSET", self._keys.meta(), "schema_oldest", COLD_TEXTS)
        await self._redis.call("HSETNX", self._keys.meta(), "cold", name)
        return True

    async def is_up(self) -> bool | None:
        """Return whether the cold store answers; None where this data has none."""
        if self._objects is None or await self._redis.call("HGET", self._keys.meta(), "cold") is None:
            return None
        try:
            await self._objects.get([STORE_ID])
        except ColdStoreAway:
            return False
        return True

    async def check(self) -> None:
        """Raise ColdStoreAway unless the cold store is there, and is that of this data."""
        if self.is_known:
            return
        wanted = await self._redis.call("HGET", self._keys.meta(), "cold")
        found = (await self._there().get([STORE_ID])).get(STORE_ID)
        if wanted is None or found != wanted:
            raise ColdStoreAway(
                f"[store] cold leads to another store than the one with the texts of this data, whose object "
                f"{STORE_ID!r} says {(wanted or b'').decode()!r}: name that one. Where it is lost for good, "
                "write that object, and older articles have no texts"
            )
        self.is_known = True

    async def bodies(
        self,
        ids: Sequence[ArticleId],
        keys: Sequence[str],
        fields: Sequence[tuple[bytes | None, bytes | None]],
    ) -> list[bytes | None]:
        """Return the body of each article; from the cold store where Redis does not have it.

        `keys`: of their hashes; `fields`: what these have as `text` and `cold`. Raises ColdStoreAway.
        """
        stored = [
            StoredText(article=one, key=key, mark=mark, pointer=pointer)
            for one, key, (mark, pointer) in zip(ids, keys, fields, strict=True)
        ]
        hot = await self.hot.get([(one.article, one.mark) for one in stored])
        found = {one.key: body for one, body in zip(stored, hot, strict=True) if body is not None}
        if moved := [one for one in stored if one.mark and one.key not in found]:
            found |= await self._again(moved)
        cold = [one for one in stored if one.mark is None and one.pointer is not None]
        if cold:
            texts = await self.texts(cold)
            found |= {one.key: text.body for one, text in zip(cold, texts, strict=True) if text is not None}
        return [found.get(one.key) for one in stored]

    async def _again(self, stored: Sequence[StoredText]) -> dict[str, bytes]:
        """Return by key the texts that were removed from Redis since their articles were read."""
        fields = await self._redis.batch([("HMGET", one.key, "text", "cold") for one in stored])
        moved = [(one, row) for one, row in zip(stored, fields, strict=True) if row[0] != one.mark]
        for one in {one.article for one in stored} - {one.article for one, _ in moved}:
            log.error("text_missing", article=one)
        if not moved:
            return {}
        keys = [one.key for one, _ in moved]
        bodies = await self.bodies([one.article for one, _ in moved], keys, [tuple(row) for _, row in moved])
        return {key: body for key, body in zip(keys, bodies, strict=True) if body is not None}

    async def texts(self, stored: Sequence[StoredText]) -> list[ColdText | None]:
        """Return what is in the cold store of each; None for what is not there any more."""
        named = [(one, _name(one.article, one.pointer)) for one in stored]
        found = {name: text for _, name in named if (text := self._cached.get(name)) is not None}
        if wanted := list(dict.fromkeys(name for _, name in named if name and name not in found)):
            await self.check()
            for name, text in (await self.read_objects(wanted)).items():
                found[name] = text
                self._cached.put(name, text)
        return [found.get(name) or await self._moved(one) for one, name in named]

    async def _moved(self, stored: StoredText) -> ColdText | None:
        """Return the text of an article whose object was not found: it may have another one by now."""
        if stored.pointer is None:
            return None
        mark, pointer = await self._redis.call("HMGET", stored.key, "text", "cold")
        if pointer == stored.pointer and mark is None:
            log.error("cold_text_missing", article=stored.article, object=_name(stored.article, pointer))
        if pointer in {None, stored.pointer}:
            [body] = await self.hot.get([(stored.article, mark)])
            return ColdText(body=body) if body is not None else None
        name = _name(stored.article, pointer)
        text = (await self.read_objects([name])).get(name)
        if text is None:
            raise ColdStoreAway(f"the text of article {stored.article} is being moved")
        return text

    async def read_objects(self, names: Sequence[str]) -> Mapping[str, ColdText]:
        """Return what is there of these objects. Raises ColdStoreAway."""
        return {
            name: unpack(zstd.decompress(packed), ColdText)
            for name, packed in (await self._there().get(names)).items()
        }

    async def pointers(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return which object each of these hashes names."""
        return (await self.places(keys))[1] if self.is_there else []

    async def places(self, keys: Sequence[str]) -> tuple[list[str], list[bytes | None]]:
        """Return of each of these hashes the mark of its text, empty where it has none, and its pointer."""
        rows = await self._redis.batch([("HMGET", key, "text", "cold") for key in keys])
        return [(mark or b"").decode() for mark, _ in rows], [pointer for _, pointer in rows]

    async def write(self, texts: Mapping[str, ColdText]) -> None:
        """Write objects by name."""
        packed = {name: zstd.compress(pack(text), level=_LEVEL) for name, text in texts.items()}
        await self._there().put(packed)

    async def forget(self, articles: Iterable[ArticleId], pointers: Iterable[bytes | None]) -> None:
        """Remove objects that no article names any more.

        Where that fails, `offload` finds them later.
        """
        named = zip(articles, pointers, strict=False)
        names = [_name(article, pointer) for article, pointer in named if pointer is not None]
        for name in names:
            self._cached.pop(name)
        if names and self._objects is not None:
            with suppress(ColdStoreAway):
                await self._objects.delete(names)

    async def returning(self, stored: StoredText, into: str) -> list[Command]:
        """Return the commands that put a text back into Redis, into the hash `into`."""
        if stored.pointer is None:
            return []
        [text] = await self.texts([stored])
        commands: list[Command] = [("HDEL", into, "cold")]
        if text is not None and stored.mark is None:
            mark, writes = writing(self._keys, stored.article, text.body.decode("utf-8", "replace"))
            commands += [*writes, ("HSETNX", into, "text", mark)]
        if text is not None:
            key = self._keys.revisions(stored.article)
            # In another slot, whoever moved them may be about to remove the fields that it copied.
            again = "" if self._keys.text_partitions.is_one else f".{secrets.token_hex(4)}"
            commands += [("HSETNX", key, f"{one.revision}{again}", pack(one)) for one in text.revisions]
        return commands

    async def bring_back(self, stored: Sequence[StoredText]) -> None:
        """Put texts back into Redis, as long as the same objects hold them. Raises ColdStoreAway."""
        for one in stored:
            if one.pointer is not None:
                writes = await self.returning(one, one.key)
                expects = ((one.key, "cold", one.pointer.decode()),)
                [is_done] = await self.hot.commit([Transaction(expects=expects, writes=tuple(writes))])
                if is_done:
                    await self.forget([one.article], [one.pointer])

    async def listed(self, part: int) -> list[tuple[str, ArticleId, bytes]]:
        """Return the objects of a part of the store: name, article, and the pointer that names it."""
        names = await self._there().listed(f"{part:02x}")
        split = [(name, *name.partition("/")[2].partition(".")) for name in names]
        return [(name, ArticleId(article), pointer.encode()) for name, article, _, pointer in split]

    async def remove(self, names: Sequence[str]) -> None:
        """Remove objects by name."""
        await self._there().delete(names)

    async def close(self) -> None:
        """Let go of what is open."""
        if self._objects is not None:
            await self._objects.close()

    def _there(self) -> ColdObjects:
        if self._objects is None:
            raise ColdStoreAway("the text is in a cold store, and none is configured: set [store] cold")
        return self._objects


def object_name(article: ArticleId, pointer: bytes) -> str:
    """Return the name of an object."""
    return f"{crc32(article.encode()) % PARTS:02x}/{article}.{pointer.decode()}"


def _name(article: ArticleId, pointer: bytes | None) -> str:
    return object_name(article, pointer) if pointer is not None else ""


def _size(text: ColdText) -> int:
    return len(text.body) + sum(len(one.body_html) + 2000 for one in text.revisions) + 200
