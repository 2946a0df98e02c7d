"""What an event takes of Redis: a day at a hundred a second stays below a gigabyte."""

from pathlib import Path

import pytest
from store.webhooks.test_event_records import created
from support import new_store, own_redis

from bench.stories.cost import used_bytes
from syndicator.store.store import Store

A_DAY = 24 * 3600 * 100
GIGABYTE = 10**9
MOST_BYTES = 95
"""Of an event, everything included: 82 were measured of 200,000 events."""
_TOGETHER = 500


async def bytes_for_each(store: Store, count: int) -> float:
    """Log so many events; return what Redis takes more for each."""
    await store.events.keep([created(-1)])  # scripts are loaded
    before = await used_bytes(store)
    for at in range(0, count, _TOGETHER):
        await store.events.keep([created(number) for number in range(at, at + _TOGETHER)])
    assert await store.events.count() == count + 1
    return (await used_bytes(store) - before) / count


@pytest.mark.parametrize("count", [50_000, pytest.param(200_000, marks=pytest.mark.slow)])
async def test_a_day_of_events_takes_less_than_a_gigabyte(tmp_path: Path, count: int) -> None:
    async with (
        own_redis(tmp_path / "redis") as server,
        new_store(f"unix://{server.socket}", tmp_path) as store,
    ):
        # As Redis packs hashes unless it is told otherwise, where it packs fewest.
        for option, value in (("hash-max-listpack-value", "64"), ("hash-max-listpack-entries", "128")):
            await store.connection.call("CONFIG", "SET", option, value)
        each = await bytes_for_each(store, count)
    assert each < MOST_BYTES
    assert each * A_DAY < GIGABYTE
