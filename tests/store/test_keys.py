"""One table of keys, and no key spelled elsewhere."""

import re
from pathlib import Path

from syndicator.model.ids import EndpointId
from syndicator.store.keys.partitions import Spread
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


def test_keys_of_endpoints_are_spread_over_partitions() -> None:
    one, four = Keys("one"), Keys("one", Spread(endpoints=4))
    assert one.queue(EndpointId("kabar")) == "syn:{one}:queue:kabar"
    assert one.queues(0) == "syn:{one}:queues"
    names = [EndpointId(f"endpoint-{number}") for number in range(400)]
    tags = [four.queue(name).partition("queue:")[0] for name in names]
    assert set(tags) == {f"syn:{{one:e:0{number}}}:" for number in range(4)}
    assert all(tags.count(tag) > 60 for tag in set(tags))
    for name, tag in zip(names, tags, strict=True):
        assert four.dead(name).startswith(tag)
        assert four.queues(four.partitions.of(name)) == f"{tag}queues"
    assert four.events() == one.events()
    assert four.partitions.of(EndpointId("kabar")) == 3, "which never changes: data lies there"


def test_all_keys_of_a_namespace_share_a_slot() -> None:
    keys = Keys("one")
    assert keys.meta().startswith("syn:{one}:")
    assert keys.identities(1) != Keys("two").identities(1)
