"""One table of keys, and no key spelled elsewhere."""

import re
from pathlib import Path

import pytest

from syndicator.errors import StoreError
from syndicator.store.keys.table import Keys
from syndicator.store.store import StoreOptions, open_store

ROOT = Path(__file__).parents[2]


def test_no_key_is_spelled_outside_the_table() -> None:
    for file in (ROOT / "syndicator").rglob("*.py"):
        if file != ROOT / "syndicator" / "store" / "keys" / "table.py":
            assert not re.search(r"[\"'f]syn:", file.read_text("utf-8").replace('removeprefix("syn:', "")), (
                file
            )
    for file in (ROOT / "syndicator").rglob("*.lua"):
        assert "syn:" not in file.read_text("utf-8"), file


def test_all_keys_of_a_namespace_share_a_slot() -> None:
    keys = Keys("one")
    assert keys.meta().startswith("syn:{one}:")
    assert keys.identities() != Keys("two").identities()


async def test_data_of_a_later_layout_is_left_alone(redis_url: str, tmp_path: Path) -> None:
    options = StoreOptions(url=redis_url, namespace="later", data_dir=tmp_path)
    async with open_store(options) as store:
        assert await store.connection.call("HSET", Keys("later").meta(), "schema", 99) == 0
    with pytest.raises(StoreError, match="layout 99"):
        async with open_store(options):
            pass
