"""Places for what is costly: shared by all, and by no one alone."""

import asyncio

import pytest

from syndicator.pipeline.concurrency_limits import (
    AT_ONCE,
    AT_ONCE_EACH,
    INTERVAL_S,
    OWN_CLIENT,
    Places,
    TooMany,
)

SHARE = 60


async def test_a_client_has_its_share_in_one_go_and_then_by_and_by() -> None:
    now = 100.0
    places = Places(SHARE, lambda: now)

    async def take(client: str) -> None:
        async with places.place(client):
            pass

    for _ in range(SHARE):
        await take("one")
    with pytest.raises(TooMany):
        await take("one")
    await take("two")
    now += INTERVAL_S
    await take("one")
    with pytest.raises(TooMany):
        await take("one")
    now += SHARE * INTERVAL_S
    for _ in range(SHARE):
        await take("one")
    for _ in range(3 * SHARE):
        await take(OWN_CLIENT)


async def test_a_few_are_in_at_a_time_and_of_one_client_fewer() -> None:
    places, goes_on = Places(), asyncio.Event()
    inside: list[str] = []

    async def work(client: str) -> None:
        async with places.place(client):
            inside.append(client)
            await goes_on.wait()

    tasks = [asyncio.create_task(work(client)) for client in ("a", "a", "a", "b", "b", "b", "c")]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(inside) == AT_ONCE
    assert inside.count("a") == AT_ONCE_EACH
    goes_on.set()
    await asyncio.gather(*tasks)
    assert sorted(inside) == ["a"] * 3 + ["b"] * 3 + ["c"]
    assert not places._own
