"""Stores whose endpoints are in one partition, and in four."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import new_store

from syndicator.store.store import Store


@pytest.fixture(params=[1, 4], ids=["one-partition", "four-partitions"])
async def store(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with new_store(redis_url, tmp_path, partitions=request.param) as opened:
        yield opened
