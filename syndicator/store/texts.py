"""Texts of articles: each under a key of its own, compressed.

    written ──▶ an article names its mark ──▶ another mark is named, or none ──▶ removed

With one partition all of this is one step. With several, these are steps in different slots, in that order. A
mark is never used twice, so a text never changes, and one that is named no more is never named again. What is
written and not named yet could be taken for a text that nobody names: a writer expects the `round` that it
read before it wrote, and whoever removes texts begins another round first.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.observe.logs import get_logger
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.codec import compressed_text, read_text
from syndicator.store.connection import Command, Connection, Repository, Script, Transaction, pieces
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys

REMEMBERED_BYTES = 16 * 2**20
"""Of texts that were read last, in each process: a feed that is composed reads the newest again and again."""
_AT_ONCE = 200
"""Texts of one call."""
_SWEPT_EVERY = timedelta(hours=6)
_NEVER_MS = -1
_REMOVING = frozenset({"UNLINK", "HDEL"})
"""Commands for keys of texts that go last; the others go first."""

log = get_logger(__name__)


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
        self._parts = keys.text_partitions
        self._round: str | None = None
        """The one that this process read last; None: it is to be read."""

    async def get(self, named: Sequence[tuple[ArticleId, bytes | None]]) -> list[bytes | None]:
        """Return the text of each article by its mark, in UTF-8; None where no mark is given, or nothing is
        there any more: then the article names another one, or none.
        """
        keys = [self._keys.text(one, mark.decode()) if mark else "" for one, mark in named]
        found = {key: text for key in keys if (text := self._remembered.get(key)) is not None}
        wanted = list(dict.fromkeys(key for key in keys if key and key not in found))
        for some in pieces(wanted, _AT_ONCE):
            parts = list(grouped(some, self._parts.of_key).values())
            rows = await self._redis.batch([("MGET", *part) for part in parts])
            for part, row in zip(parts, rows, strict=True):
                for key, data in zip(part, row, strict=True):
                    if data is not None:
                        found[key] = read_text(data)
                        self._remembered.put(key, found[key])
        return [
            None if mark is None else found.get(key) if mark else b""
            for key, (_, mark) in zip(keys, named, strict=True)
        ]

    @property
    def near(self) -> str:
        """What keys of texts begin with, for scripts that read them; empty where they are in other slots."""
        return self._keys.text_prefixes[0] if self._parts.is_one else ""

    def remember(self, article: ArticleId, mark: bytes, data: bytes) -> None:
        """Remember a text that a script has read, as it is stored, so that it is not asked for again."""
        key = self._keys.text(article, mark.decode())
        if key not in self._remembered:
            self._remembered.put(key, read_text(data))

    async def commit(self, units: Sequence[Transaction], *, replicated: bool = False) -> list[bool]:
        """Run transactions with commands for keys of texts among them: see `Connection.commit`.

        Texts in other slots are written before, and removed after. Of a unit that was not run, they stay for
        `sweep`: it may have been run, and only its reply was lost.
        """
        if self._parts.is_one or not units:
            return await self._redis.commit(units, replicated=replicated)
        parted = [self._parted(unit.writes) for unit in units]
        expected: tuple[tuple[str, str, str], ...] = ()
        if any(added for added, _, _ in parted):
            expected = ((self._keys.texts(), "round", await self._current_round()),)
            await self._redis.batch([command for added, _, _ in parted for command in added])
        done = await self._redis.commit(
            [
                replace(unit, writes=tuple(own), expects=(*unit.expects, *expected))
                for unit, (_, own, _) in zip(units, parted, strict=True)
            ],
            replicated=replicated,
        )
        if not all(done):
            self._round = None
        await self.remove(
            [
                command
                for (_, _, removed), is_done in zip(parted, done, strict=True)
                if is_done
                for command in removed
            ]
        )
        return done

    async def carry_out(self, commands: Sequence[Command]) -> None:
        """Run commands without a transaction, those that remove texts last."""
        if self._parts.is_one:
            await self._redis.batch(commands)
            return
        added, own, removed = self._parted(commands)
        await self._redis.batch([*added, *own])
        await self.remove(removed)

    async def remove(self, commands: Sequence[Command]) -> None:
        """Run commands that remove texts that are named no more; where that fails, `sweep` finds them."""
        with suppress(StoreUnavailable):
            await self._redis.batch(commands)

    def _parted(self, commands: Sequence[Command]) -> tuple[list[Command], list[Command], list[Command]]:
        """Return the commands that add to texts, those of the namespace, and those that remove of texts."""
        added, own, removed = list[Command](), list[Command](), list[Command]()
        for command in commands:
            if self._parts.of_key(str(command[1])) is None:
                own.append(command)
            else:
                (removed if command[0] in _REMOVING else added).append(command)
        return added, own, removed

    async def _current_round(self) -> str:
        if self._round is None:
            self._round = (await self._redis.call("HGET", self._keys.texts(), "round") or b"").decode()
        return self._round

    async def sweep(self, now: datetime) -> int:
        """Remove the texts and earlier revisions that no article has; look once in six hours.

        Return how many were removed. There are some where a process ended between two steps, or an article
        changed while another process removed it or its text. Partitions that do not answer are left out; then
        the next call looks again.
        """
        last_ms = int(await self._redis.call("HGET", self._keys.texts(), "swept") or _NEVER_MS)
        if last_ms <= to_ms(now) < last_ms + _SWEPT_EVERY // timedelta(milliseconds=1):
            return 0
        removed, is_whole = 0, True
        for prefix in self._keys.text_prefixes:
            try:
                removed += await self._sweep_all(prefix)
            except StoreUnavailable as error:
                if self._parts.is_one:
                    raise
                log.warning("texts_not_swept", prefix=prefix, reason=str(error))
                is_whole = False
        if is_whole:
            await self._redis.call("HSET", self._keys.texts(), "swept", to_ms(now))
        return removed

    async def _sweep_all(self, prefix: str) -> int:
        """Remove of the keys that begin so those that no article names; return how many were."""
        removed = 0
        async for names in self._redis.names(prefix):
            for some in pieces([name.decode() for name in names], _AT_ONCE):
                if unnamed := await self._unnamed(some, prefix):
                    removed += await self._remove(unnamed, prefix)
        return removed

    async def _remove(self, names: Sequence[str], prefix: str) -> int:
        if not self._parts.is_one:
            # Who wrote one of them and did not name it yet, cannot any more.
            await self._redis.call("HSET", self._keys.texts(), "round", secrets.token_hex(8))
            names = await self._unnamed(names, prefix)
        return int(await self._redis.call("UNLINK", *names)) if names else 0

    async def _unnamed(self, names: Sequence[str], prefix: str) -> list[str]:
        """Return those of the keys that no article names; of revisions, those whose article is gone."""
        keys = self._keys
        parts = [name.removeprefix(prefix).partition(":") for name in names]
        ids = [ArticleId(article) for article, _, _ in parts]
        places = [place(one) for one in ids for place in (keys.article, keys.reserved, keys.withdrawn)]
        marks = await self._redis.run(self._named, places)
        return [
            name
            for name, (_, _, mark), (is_there, *named) in zip(names, parts, marks, strict=True)
            if (mark.encode() not in named if mark else not is_there)
        ]
