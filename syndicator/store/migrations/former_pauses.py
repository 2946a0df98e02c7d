"""Layout 2: a source that rests has a record of its pause, and nothing is left that only former code read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.rules.sources.rests import scope_of
from syndicator.store.codec import pack, readable
from syndicator.store.connection import Command
from syndicator.store.migrations.migration import MigratedData, Migration
from syndicator.store.shared_clock import redis_time

_UNREAD = ("hub:slow", "views", "board:1h", "board:24h", "board:7d", "board:all")
"""Keys that nothing reads any more."""


class _Rest(Struct, frozen=True, kw_only=True):
    """The part of a source's state that says whether it rests."""

    paused: bool = False
    pause: Pause | None = None
    last_attempt_at: datetime | None = None


async def _carry_out(data: MigratedData) -> Mapping[str, int]:
    unread = [data.keys.prefix + name for name in _UNREAD]
    there = int(await data.redis.call("EXISTS", *unread))
    await data.write([("UNLINK", *unread)])
    pauses = 0
    async for names in data.redis.names(data.keys.source(SourceId(""))):
        writes = await _recorded(data, names)
        await data.write(writes)
        pauses += len(writes)
    return {"pauses": pauses, "unread_keys": there}


async def _recorded(data: MigratedData, names: Sequence[bytes]) -> list[Command]:
    """Return the writes of the records that pauses of these sources lack."""
    states = await data.redis.call("MGET", *names) if names else []
    prefix, key = data.keys.source(SourceId("")), data.keys.pauses()
    resting: dict[str, _Rest] = {}
    for name, packed in zip(names, states, strict=True):
        state = readable(packed, _Rest) if packed else None
        if state is not None and state.paused and state.pause is None:
            resting[scope_of(SourceId(name.decode().removeprefix(prefix)))] = state
    known = await data.redis.call("HMGET", key, *resting) if resting else []
    now = await redis_time(data.redis)
    return [
        ("HSETNX", key, scope, pack(Pause(scope=scope, since=state.last_attempt_at or now)))
        for (scope, state), record in zip(resting.items(), known, strict=True)
        if record is None
    ]


MIGRATION = Migration(
    layout=2,
    about="records of pauses by former releases",
    beside_older=True,  # layout 1 reads such records, and writes none of what is removed
    carry_out=_carry_out,
)
