"""What copies and stories cost in Redis: memory, and calls; and that nothing is lost as postings grow."""

import random
import uuid
from pathlib import Path

from support import ManualClock, candidate, grouping_admitter

from bench.loading import load
from bench.news import NOON, pieces
from bench.story_cost import script_calls
from syndicator.pipeline.admitting import BATCH, Admitter
from syndicator.rules.placement import fingerprint
from syndicator.store.store import Store, StoreOptions, open_store


def admitter(store: Store, clock: ManualClock) -> Admitter:
    return grouping_admitter(store, [], clock)


KINDS = {"article", "postings", "numbered", "story", "members", "stories"}
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


async def test_a_batch_is_looked_up_and_admitted_in_two_round_trips(store: Store, clock: ManualClock) -> None:
    batch = [piece.candidate for piece in pieces(BATCH, 1)][:BATCH]
    await admitter(store, clock).admit([candidate(1)])  # now the server has all scripts
    before = await script_calls(store)
    await admitter(store, clock).admit(batch)
    # Identities and what is near are looked up at once; admission is the second trip.
    assert await script_calls(store) - before == 3


async def test_all_are_found_again_as_buckets_are_parted(store: Store, clock: ManualClock) -> None:
    invented = [piece.candidate for piece in pieces(150, 2)]
    random.Random(3).shuffle(invented)
    admitted = await admitter(store, clock).admit(invented)
    found = await store.stories.near([fingerprint(one) for one in invented], clock())
    places = await store.stories.places([one.article_id for one in admitted])
    for one, place, near in zip(admitted, places, found, strict=True):
        # Its own text shares most with each; a copy is found by its original.
        assert (place.copy_of or one.article_id) in {other.article_id for other in near.neighbours}
    assert found[0].seen == len(invented)


async def test_of_a_word_that_many_have_the_newest_articles_count(store: Store, clock: ManualClock) -> None:
    titles = [f"Tambora Cakradinata {number} Zubrowka" for number in range(60)]
    same = [
        candidate(number, title=title, url=f"https://city.example/{number}", body_html="<p>x</p>")
        for number, title in enumerate(titles)
    ]
    for one in same:
        await admitter(store, clock).admit([one])
        clock.advance(1)
    (near,) = await store.stories.near([fingerprint(same[0])], clock())
    (story,) = near.stories
    assert story.story.size == 60
