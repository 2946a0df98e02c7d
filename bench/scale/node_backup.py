"""Back-up and restore of articles whose texts are in partitions on the nodes of a cluster.

    python -m bench node_backup                        20,000 articles on three nodes
    python -m bench node_backup --articles 200000      about three minutes

Articles with an invented text of 380 words are admitted. While they are copied, 20 more are admitted each
second, and each partition is written in turn: a wait is that of such a write. Then they are restored in
place, into twice as many partitions of texts, as `syndicator repartition` does.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from msgspec.structs import replace

from bench.invented import NOW, invented
from bench.scale.nodes import NODES, running_cluster, url_of
from syndicator.background import meanwhile
from syndicator.model.article import Candidate
from syndicator.pipeline.articles.admission import Admitter
from syndicator.store.connection import Connection, connect
from syndicator.store.keys.partitions import MOST_SPREAD, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.restore import restore
from syndicator.store.store import StoreOptions, open_store

SPREAD = Spread(endpoints=16, hub=16, texts=16)
_KEYS = Keys("bench", SPREAD)
_BATCH, _AT_ONCE, _EACH_SECOND = 100, 4, 20
_WORDS = [f"kata{number}" for number in range(4000)]


async def run(*words: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench node_backup")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--nodes", type=int, default=NODES)
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_cluster(folder, chosen.nodes) as nodes:
            url = url_of(nodes)
            options = StoreOptions(url=url, namespace="bench", data_dir=folder / "data", partitions=SPREAD)
            async with (
                open_store(options) as store,
                connect(
                    url, anchor=_KEYS.meta(), others=Keys("bench", MOST_SPREAD).other_slots, timeout_s=60
                ) as redis,
            ):
                admitter = Admitter(store.articles, (), lambda: NOW)
                await _fill(admitter, chosen.articles)
                await _copy(redis, admitter, chosen.articles, folder / "all.syn")


async def _fill(admitter: Admitter, articles: int) -> None:
    starts = iter(range(0, articles, _BATCH))

    async def work() -> None:
        for start in starts:
            await admitter.admit([_article(number) for number in range(start, start + _BATCH)])

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    print(f"{articles:,} articles were admitted in {time.monotonic() - began:.0f} s", flush=True)


async def _copy(redis: Connection, admitter: Admitter, articles: int, file: Path) -> None:
    """Back up, restore, and print what that took."""
    waits, began = list[float](), time.monotonic()
    async with meanwhile(_write(redis, waits), "write"), meanwhile(_go_on(admitter, articles), "admit"):
        end = await back_up(redis, "bench", file, partitions=SPREAD)
        took_s = time.monotonic() - began
    size = (await asyncio.to_thread(file.stat)).st_size
    print(f"back-up: {end.keys:,} keys of {end.nodes} nodes, {size / 2**20:.0f} MiB, in {took_s:.1f} s")
    print(
        f"writers were held back for {end.held_s:.2f} s; a write waited {max(waits):.2f} s at most",
        flush=True,
    )
    began, wanted = time.monotonic(), replace(SPREAD, texts=2 * SPREAD.texts)
    restored = await restore(redis, "bench", file, partitions=wanted, replace=True)
    print(f"restore: {restored.keys:,} keys in {time.monotonic() - began:.1f} s")


async def _go_on(admitter: Admitter, number: int) -> None:
    while True:
        await admitter.admit([_article(number + more) for more in range(_EACH_SECOND)])
        number += _EACH_SECOND
        await asyncio.sleep(1)


async def _write(redis: Connection, waits: list[float]) -> None:
    while True:
        for prefix in _KEYS.prefixes:
            began = time.monotonic()
            await redis.call("SET", f"{prefix}bench", 1)
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.005)


def _article(number: int) -> Candidate:
    chosen = random.Random(number)
    title, text = (" ".join(chosen.choices(_WORDS, k=words)) for words in (9, 380))
    return replace(invented(number), title=title, body_html=f"<p>{text}</p>")
