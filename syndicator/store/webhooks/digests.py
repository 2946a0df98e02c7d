"""Queues of endpoints that get several events in one push: what is enough for one need not wait longer."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.ids import EndpointId
from syndicator.store.connection import Repository, Transaction

_LOOKED_AT = 500


class Digests(Repository):
    """Makes due what waits for a digest."""

    async def hasten(
        self, endpoint: EndpointId, items: int, every: timedelta, now: datetime
    ) -> Sequence[str]:
        """Make the first `items` due that wait for the end of an interval, if there are so many; name them.

        What failed before keeps its own time, and what a worker has is left alone.
        """
        keys, queue = self._keys, self._keys.queue(endpoint)
        now_ms, end_ms = to_ms(now), to_ms(now + every)
        if int(await self._redis.call("ZCOUNT", queue, f"({now_ms}", end_ms)) < items:
            return ()
        names = await self._redis.call(
            "ZRANGEBYSCORE", queue, f"({now_ms}", end_ms, "LIMIT", 0, items + _LOOKED_AT
        )
        if len(names) < items:  # some were settled meanwhile
            return ()
        owners, tries = await self._redis.batch(
            [("HMGET", keys.queue_owners(endpoint), *names), ("HMGET", keys.tries(endpoint), *names)]
        )
        waiting = [
            name.decode()
            for name, owner, tried in zip(names, owners, tries, strict=True)
            if owner is None and tried is None
        ][:items]
        if len(waiting) < items:
            return ()
        taken = await self._redis.commit(
            [
                Transaction(
                    expects=tuple((keys.queue_owners(endpoint), name, "") for name in waiting),
                    writes=(
                        *(("ZADD", queue, "XX", "LT", now_ms, name) for name in waiting),
                        ("ZADD", keys.queues(keys.partitions.of(endpoint)), "LT", now_ms, endpoint),
                    ),
                )
            ]
        )
        return waiting if taken[0] else ()
