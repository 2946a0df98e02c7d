"""One table of keys, and no key spelled elsewhere."""

import re
from pathlib import Path

from syndicator.store.keys.table import Keys

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
