"""Admission: look up, judge and admit, against the bare writes of the same articles in pipelines.

The floor stores bodies and heads and nothing else: no identity, no index, no event, no check.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.measure import tell, wall_seconds
from syndicator.model.article import Candidate, Provenance
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId, SourceId
from syndicator.pipeline.admitting import Admitter
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.store import Store, StoreOptions, open_store

ARTICLES = 1000
BATCH = 20
NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(StoreOptions(data_dir=Path(folder))) as store:
            await _measure(store)


async def _measure(store: Store) -> None:
    specs = [FeedSpec(id=FeedId(f"feed-{number}"), title="x") for number in range(10)]
    admitter = Admitter(store.articles, specs, lambda: NOW)
    turn = 0

    async def new() -> None:
        nonlocal turn
        turn += 1
        batch = [invented(turn * ARTICLES + number) for number in range(ARTICLES)]
        for start in range(0, ARTICLES, BATCH):
            await admitter.admit(batch[start : start + BATCH])

    async def known() -> None:
        batch = [invented(ARTICLES + number) for number in range(ARTICLES)]
        for start in range(0, ARTICLES, BATCH):
            await admitter.admit(batch[start : start + BATCH])

    async def bare() -> None:
        for start in range(0, ARTICLES, BATCH):
            commands: list[Command] = [
                (
                    "HSET",
                    f"bare:{number}",
                    "head",
                    pack(invented(number)),
                    "body",
                    invented(number).body_html,
                )
                for number in range(start, start + BATCH)
            ]
            await store.connection.batch(commands)

    floor = ARTICLES / await wall_seconds(bare)
    for name, work in (("new", new), ("known", known)):
        rate = ARTICLES / await wall_seconds(work)
        tell(f"admit {BATCH} a call, all {name}", rate, floor, unit="articles/s", against="bare HSETs")


def invented(number: int) -> Candidate:
    """Give an article of no matter."""
    url = f"https://portal.example/read/{number}/judul-berita"
    text = f"Kalimat ke-{number} tentang kota. " * 40
    return Candidate(
        source=SourceId("portal"),
        url=url,
        guid=str(number),
        title=f"Judul berita nomor {number}",
        lead=text[:200],
        body_html=f"<p>{text}</p>",
        authors=("Sari Dewi",),
        section="Kota",
        tags=("kota", "warga"),
        language="id",
        published_at=NOW - timedelta(minutes=1),
        provenance=Provenance(source=SourceId("portal"), requested_url=url, fetched_at=NOW),
    )
