"""What copies and stories cost in Redis: memory, and calls."""

import uuid
from pathlib import Path

from support import ManualClock, candidate, grouping_admitter

from bench.stories.cost import script_calls
from bench.stories.loading import load
from bench.stories.news import NOON, pieces
from syndicator.pipeline.articles.admission import BATCH, Admitter
from syndicator.store.store import Store, StoreOptions, open_store


def admitter(store: Store, clock: ManualClock) -> Admitter:
    return grouping_admitter(store, [], clock)


KINDS = {"article", "assigned", "story", "members", "stories"}
TABLES_BYTES = 60
"""Of a key, in the table of all keys and in that of those which expire."""


async def bytes_of_articles(store: Store, namespace: str) -> float:
    """Measure the keys themselves: what all of Redis uses moves in steps, as its tables grow."""
    names = await store.connection.call("KEYS", f"syn:{{{namespace}}}:*")
    counted = [name for name in names if name.decode().split(":")[2] in KINDS]
    sizes: list[int] = [
        size
        for start in range(0, len(counted), 1000)
        for size in await store.connection.batch(
            [("MEMORY", "USAGE", name, "SAMPLES", 0) for name in counted[start : start + 1000]]
        )
    ]
    return (sum(sizes) + TABLES_BYTES * len(sizes)) / await store.articles.count()


async def test_copies_and_stories_take_less_than_a_kibibyte_per_article(
    redis_url: str, tmp_path: Path
) -> None:
    each = {}
    for placed in (False, True):
        namespace = uuid.uuid4().hex[:4]
        async with open_store(StoreOptions(url=redis_url, namespace=namespace, data_dir=tmp_path)) as store:
            await load(store, 2000, NOON, placed=placed)
            each[placed] = await bytes_of_articles(store, namespace)
    assert each[True] - each[False] < 1024


async def test_a_batch_takes_four_scripts(store: Store, clock: ManualClock) -> None:
    batch = [piece.candidate for piece in pieces(BATCH, 1)][:BATCH]
    own = admitter(store, clock)
    await own.admit([candidate(1)])  # now the server has all scripts
    before = await script_calls(store)
    await own.admit(batch)
    # Identities are looked up and written; then the right to assign is taken, and what was decided is written.
    assert await script_calls(store) - before == 4
