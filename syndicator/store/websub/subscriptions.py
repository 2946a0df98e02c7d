"""How sources stand with their hubs, and the documents that hubs pushed until a round has read them.

Written by workers and by the web at once: every change is made on what was read, or anew. So a change that
plans a request is also the claim to send it.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.clock import EPOCH, from_ms, to_ms
from syndicator.model.ids import SourceId
from syndicator.model.subscription import Pushed, Subscription
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Repository, pairs

KEPT = timedelta(days=60)
"""After the last change: twice the longest lease."""

PUSHED_KEPT = timedelta(days=1)
"""After the last push: a poll has long brought what was in it."""

_TRIES = 50
"""Of one change: each that fails means that another one was made."""

Change = Callable[[Subscription], Subscription]


class Attention(Struct, frozen=True, kw_only=True):
    """Whose subscriptions there is something to do for."""

    sources: tuple[SourceId, ...]
    next_at: datetime | None
    """When there will be more; None when none are known."""


class Subscriptions(Repository):
    """One record per source, changed optimistically."""

    async def get(self, source: SourceId) -> Subscription:
        """Return how a source stands; the empty record where nothing is known."""
        return (await self._read(source))[0]

    async def update(
        self, source: SourceId, change: Change, *, document: Pushed | None = None
    ) -> Subscription:
        """Change a record and give it as it is now.

        `change` may be called several times, with what others made of the record meanwhile; where it gives
        the very value that it was given, nothing is written. Documents that no longer wait are removed, and
        `document` is kept if it newly does. An empty record is forgotten.
        """
        token = uuid.uuid4().hex
        for _ in range(_TRIES):
            before, found = await self._read(source)
            if found == token:
                return before  # it was written: only the answer was lost
            after = change(before)
            if after is before:
                return before
            if await self._commit(
                expects=((self._keys.subscription(source), "token", found),),
                writes=self._writes(source, before, after, token, document),
            ):
                return after
        raise StoreError(f"the subscription of {source} changes faster than it can be changed")

    async def documents(self, source: SourceId, ids: Sequence[str]) -> list[Pushed]:
        """Return pushed documents in the order asked; those that were kept too long are missing."""
        if not ids:
            return []
        found = await self._redis.call("HMGET", self._keys.pushed(source), *ids)
        return [unpack(data, Pushed) for data in found if data is not None]

    async def due(self, now: datetime, limit: int) -> Attention:
        """Return the sources that want attention now, the longest waiting first. Nothing is leased."""
        found = pairs(
            await self._redis.call("ZRANGE", self._keys.subscriptions_due(), 0, limit, "WITHSCORES")
        )
        times = [(SourceId(name.decode()), int(float(score))) for name, score in found]
        present = [name for name, at_ms in times if at_ms <= to_ms(now)][:limit]
        later = [at_ms for name, at_ms in times if name not in present]
        return Attention(sources=tuple(present), next_at=from_ms(later[0]) if later else None)

    async def postpone(self, source: SourceId, until: datetime) -> None:
        """Leave a record as it is, and look at it later."""
        await self._redis.call("ZADD", self._keys.subscriptions_due(), "XX", to_ms(until), source)

    async def attend_all(self, now: datetime) -> None:
        """Have every record looked at now: the configuration may have changed."""
        key = self._keys.subscriptions_due()
        names = await self._redis.call("ZRANGE", key, 0, -1)
        await self._redis.batch([("ZADD", key, "XX", "LT", to_ms(now), name) for name in names])

    async def _read(self, source: SourceId) -> tuple[Subscription, str]:
        """Return a record and its token, "" where there is none."""
        key = self._keys.subscription(source)
        record, token = await self._redis.call("HMGET", key, "record", "token")
        if record is None or token is None:
            return Subscription(), ""
        return unpack(record, Subscription), token.decode()

    def _writes(
        self,
        source: SourceId,
        before: Subscription,
        after: Subscription,
        token: str,
        document: Pushed | None,
    ) -> list[Command]:
        key, pushed, due = (
            self._keys.subscription(source),
            self._keys.pushed(source),
            self._keys.subscriptions_due(),
        )
        if after == Subscription():
            return [("UNLINK", key, pushed), ("ZREM", due, source)]
        writes: list[Command] = [
            ("HSET", key, "record", pack(after), "token", token),
            ("PEXPIRE", key, KEPT // timedelta(milliseconds=1)),
            ("ZADD", due, to_ms(after.attend_at or EPOCH), source),
        ]
        waited, waits = {one.id for one in before.waiting}, {one.id for one in after.waiting}
        if gone := sorted(waited - waits):
            writes.append(("HDEL", pushed, *gone))
        if document is not None and document.id in waits - waited:
            writes.append(("HSET", pushed, document.id, pack(document)))
            writes.append(("PEXPIRE", pushed, PUSHED_KEPT // timedelta(milliseconds=1)))
        return writes
