"""Replays: what is asked for and how far each is; queueing and progress are one step."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.clock import to_ms
from syndicator.model.ids import ReplayId
from syndicator.model.ops.states import ReplayStatus
from syndicator.model.replay import Replay
from syndicator.store.codec import pack, readable, unpack
from syndicator.store.connection import Command, Repository, Transaction, pairs

KEPT_REPLAYS = timedelta(days=7)
"""After they ended."""
MOST_AT_ONCE = 100
"""Replays that are worked on in one look."""

_LEFT_ALONE = timedelta(minutes=1)
"""So long one that cannot be read here is left to others."""


class Replays(Repository):
    """All replays of a namespace: few, and small."""

    async def add(self, replay: Replay, now: datetime, also: Sequence[Command] = ()) -> None:
        """Begin a replay, and write `also` in the same transaction."""
        await self._redis.commit([self._unit(replay, now, also)])

    async def get(self, replay: ReplayId) -> Replay | None:
        found = await self._redis.call("HGET", self._keys.replays(), replay)
        return unpack(found, Replay) if found else None

    async def all(self) -> list[Replay]:
        """Return all of them that can be read, the newest first."""
        rows = pairs(await self._redis.call("HGETALL", self._keys.replays()))
        found = [replay for _, record in rows if (replay := readable(record, Replay)) is not None]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)

    async def count_unreadable(self) -> int:
        """Count those that are damaged, or of a newer version."""
        rows = await self._redis.call("HVALS", self._keys.replays())
        return sum(readable(record, Replay) is None for record in rows)

    async def due(self, now: datetime) -> list[Replay]:
        """Return those that are to go on now."""
        key = self._keys.replays_due()
        names = await self._redis.call("ZRANGEBYSCORE", key, "-inf", to_ms(now), "LIMIT", 0, MOST_AT_ONCE)
        if not names:
            return []
        found = await self._redis.call("HMGET", self._keys.replays(), *names)
        replays = [readable(record, Replay) if record else None for record in found]
        left = [name for name, replay in zip(names, replays, strict=True) if replay is None]
        if left:  # damaged, gone, or of a newer version, which goes on with it
            later = [word for name in left for word in (to_ms(now + _LEFT_ALONE), name)]
            await self._redis.call("ZADD", key, "XX", *later)
        return [replay for replay in replays if replay is not None]

    async def write(self, replay: Replay, due_at: datetime, queued: Sequence[Command] = ()) -> bool:
        """Write how far a replay is now, with what is queued for it; `replay.step` is that which was read.

        False where another worker was first, or it was cancelled: nothing was written.
        """
        return (await self._redis.commit([self._unit(replay, due_at, queued)]))[0]

    async def sweep(self, now: datetime, *, owner: str | None = None, most: int = 0) -> int:
        """Forget what ended a week ago; and of one owner, more than the newest `most` that ended."""
        ended = [one for one in await self.all() if one.status is not ReplayStatus.RUNNING]
        bound = now - KEPT_REPLAYS
        gone = {one.id for one in ended if (one.ended_at or one.created_at) <= bound}
        if owner is not None:
            gone |= {one.id for one in [one for one in ended if one.owner == owner][most:]}
        if gone:
            await self._redis.batch(
                [(word, key, *gone) for word, key in (
                    ("HDEL", self._keys.replays()), ("HDEL", self._keys.replays_steps()),
                    ("ZREM", self._keys.replays_due()),
                )]
            )  # fmt: skip
        return len(gone)

    def _unit(self, replay: Replay, due_at: datetime, queued: Sequence[Command]) -> Transaction:
        keys, step = self._keys, replay.step
        after = replace(replay, step=replay.step + 1)
        place: Command = ("ZADD", keys.replays_due(), to_ms(due_at), replay.id)
        if after.status is not ReplayStatus.RUNNING:
            place = ("ZREM", keys.replays_due(), replay.id)
        return Transaction(
            expects=((keys.replays_steps(), replay.id, str(step) if step else ""),),
            writes=(
                *queued,
                ("HSET", keys.replays(), replay.id, pack(after)),
                ("HSET", keys.replays_steps(), replay.id, after.step),
                place,
            ),
        )
