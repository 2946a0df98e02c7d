"""Admission of new articles, stories included, against the bare writes of the same articles in pipelines.

Ours is all that stands between a candidate and its visible article: identities, look-up, comparison of texts,
assignment to a story, indexes, versions of ten feeds, events. The floor stores bodies and heads, no more.
"""

import asyncio
from collections.abc import Sequence

from bench.measure import tell, wall_seconds
from bench.stories.cost import NOW, empty_store
from bench.stories.grouped import grouping_admitter
from bench.stories.news import pieces
from syndicator.model.article import Candidate
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.store import Store

ARTICLES = 1000
BATCH = 20
ROUNDS_AT_ONCE = 32
_MATTERS = 480
"""Of two articles and a quarter each, on average."""


async def run() -> None:
    for at_once in (1, ROUNDS_AT_ONCE):
        async with empty_store() as store:
            await _measure(store, at_once)


async def _measure(store: Store, at_once: int) -> None:
    specs = [FeedSpec(id=FeedId(f"feed-{number}"), title="x") for number in range(10)]
    admitter = grouping_admitter(store, lambda: NOW, specs)
    worlds = iter(range(100))
    known = world(next(worlds))

    async def admit(candidates: Sequence[Candidate]) -> None:
        documents = iter([candidates[start : start + BATCH] for start in range(0, len(candidates), BATCH)])

        async def rounds() -> None:
            for document in documents:
                await admitter.admit(document)

        await asyncio.gather(*(rounds() for _ in range(at_once)))

    async def bare() -> None:
        for start in range(0, len(known), BATCH):
            commands: list[Command] = [
                ("HSET", f"bare:{one.url}", "head", pack(one), "body", one.body_html)
                for one in known[start : start + BATCH]
            ]
            await store.connection.batch(commands)

    await admit(known)
    floor = ARTICLES / await wall_seconds(bare)
    rounds = f"{at_once} round(s) at once"
    ours = ARTICLES / await wall_seconds(lambda: admit(world(next(worlds))))
    tell(f"admit new, {rounds}", ours, floor, unit="articles/s", against="bare writes")
    ours = ARTICLES / await wall_seconds(lambda: admit(known))
    tell(f"look at known, {rounds}", ours, floor, unit="articles/s", against="bare writes")


def world(seed: int) -> list[Candidate]:
    """Return a thousand articles of one world."""
    return [piece.candidate for piece in pieces(_MATTERS, seed)][:ARTICLES]
