"""The number of partitions of endpoints: written with the first data, and held to."""

import uuid
from pathlib import Path

import pytest

from syndicator.errors import StoreError
from syndicator.store.keys.partitions import Spread
from syndicator.store.store import StoreOptions, open_store


def options(url: str, folder: Path, namespace: str, partitions: int) -> StoreOptions:
    return StoreOptions(
        url=url, namespace=namespace, data_dir=folder, partitions=Spread(endpoints=partitions)
    )


@pytest.mark.parametrize(("first", "then"), [(1, 4), (4, 1), (4, 5)])
async def test_another_number_than_the_data_has_is_refused(
    redis_url: str, tmp_path: Path, first: int, then: int
) -> None:
    name = f"test-{uuid.uuid4().hex}"
    for _ in range(2):
        async with open_store(options(redis_url, tmp_path, name, first), migrates=True):
            pass
    refusal = (
        rf"endpoints is {then}, and the data of this namespace has {first}: set it to {first}. .*repartition"
    )
    with pytest.raises(StoreError, match=refusal):
        async with open_store(options(redis_url, tmp_path, name, then), migrates=True):
            pass
    async with open_store(options(redis_url, tmp_path, name, first)) as store:
        found = await store.connection.call("HGET", store._keys.meta(), "partitions")
        assert found == (None if first == 1 else b"%d" % first), "data of one partition looks as before"
