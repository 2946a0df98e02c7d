"""What copies and stories cost: processor time, calls and memory of Redis, and the rate of admission.

State is bulk loaded (`bench.stories.loading`). Times are processor times, of this process and of the server:
who else uses the machine counts for little.
"""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bench.stories.grouped import grouping_admitter
from bench.stories.loading import load
from bench.stories.news import NOON, Kind, pieces
from syndicator.model.article import Candidate
from syndicator.pipeline.articles.admission import BATCH, Admitter
from syndicator.store.store import Store, StoreOptions, open_store

NOW = NOON + timedelta(hours=24)
FEW, MANY = 20_000, 200_000
_START = 10_000
_MATTERS = 500
"""About two articles and a quarter each."""


async def report_admitting() -> None:
    """Print the processor time of admitting and assigning an article of 200 words, here and in Redis."""
    invented = [piece.candidate for piece in pieces(_MATTERS, 11) if piece.kind is not Kind.SERIES]
    async with empty_store() as store:
        admitter = _admitter(store)
        await admitter.admit(invented[: len(invented) // 2])
        before, began = await _server_seconds(store), time.process_time()
        await admitter.admit(invented[len(invented) // 2 :])
        whole, redis = time.process_time() - began, await _server_seconds(store) - before
    each_ms = 1000 / (len(invented) - len(invented) // 2)
    print(
        f"admitting and assigning an article of 200 words: {whole * each_ms:.2f} ms here, "
        f"{redis * each_ms:.2f} ms in Redis"
    )


async def report_memory(articles: int) -> None:
    """Print the memory of Redis per article: all but the body, and what copies and stories take of it."""
    used = {}
    for placed in (False, True):
        async with empty_store() as store:
            before = await used_bytes(store)
            await load(store, articles, NOW, placed=placed)
            used[placed] = (await used_bytes(store) - before) / await store.articles.count()
    print(
        f"{articles:,} articles: {used[True] - used[False]:,.0f} bytes each for copies and stories (1,024), "
        f"{used[True]:,.0f} in all without the body (6,144)"
    )


async def report_rates() -> None:
    """Print how fast articles are admitted among few and among many, and the calls that a batch takes."""
    rates = []
    async with empty_store() as store:
        for state, seed in ((_START, 21), (MANY, 22)):
            await load(store, state - await store.articles.count(), NOW, seed=seed)
            batches = [piece.candidate for piece in pieces(_MATTERS, seed)]
            rates.append(await _tell_rate(store, batches, state))
    print(f"rate among {MANY:,} to that among {_START:,}: {rates[1] / rates[0]:.2f} (0.85)")


async def _tell_rate(store: Store, candidates: list[Candidate], state: int) -> float:
    admitter = _admitter(store)
    calls, ours, theirs = await script_calls(store), time.process_time(), await _server_seconds(store)
    began = time.perf_counter()
    for start in range(0, len(candidates), BATCH):
        await admitter.admit(candidates[start : start + BATCH])
    wall = time.perf_counter() - began
    ours, theirs = time.process_time() - ours, await _server_seconds(store) - theirs
    batches = -(-len(candidates) // BATCH)
    calls = await script_calls(store) - calls
    each_ms = 1000 / len(candidates)
    print(
        f"among {state:,}: {len(candidates) / (ours + theirs):,.0f} articles per second of processor "
        f"({ours * each_ms:.2f} ms here, {theirs * each_ms:.2f} ms in Redis), {len(candidates) / wall:,.0f} "
        f"by the clock; {calls / batches:.2f} calls a batch of {BATCH}, {theirs / calls * 1000:.2f} ms each"
    )
    return len(candidates) / (ours + theirs)


@asynccontextmanager
async def empty_store() -> AsyncIterator[Store]:
    """Open a store over an embedded server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(StoreOptions(data_dir=Path(folder))) as store:
            yield store


async def used_bytes(store: Store) -> int:
    """Give the memory that Redis uses, without what it keeps for clients and for writing files."""
    found = await _info(store, "memory")
    return int(found["used_memory"]) - int(found["mem_clients_normal"]) - int(found["mem_aof_buffer"])


async def script_calls(store: Store) -> int:
    """Count the scripts that were called; within them, Redis counts no other."""
    found = await _info(store, "commandstats")
    told = (found.get(f"cmdstat_{name}", "calls=0") for name in ("eval", "evalsha"))
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in told)


def _admitter(store: Store) -> Admitter:
    return grouping_admitter(store, lambda: NOW)


async def _server_seconds(store: Store) -> float:
    found = await _info(store, "cpu")
    return float(found["used_cpu_user_main_thread"]) + float(found["used_cpu_sys_main_thread"])


async def _info(store: Store, section: str) -> dict[str, str]:
    text = (await store.connection.call("INFO", section)).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
