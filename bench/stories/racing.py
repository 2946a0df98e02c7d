"""Eight processes that admit overlapping batches of the same news at once, in orders of their own."""

import asyncio
import multiprocessing
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from bench.stories.grouped import assigner_of, grouping_of
from bench.stories.news import NOON, Kind, Piece, pieces
from bench.stories.quality import ari, matter_of
from syndicator.model.article import Candidate
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import BATCH, Admitter
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.store.embedded import embedded_server
from syndicator.store.store import StoreOptions, open_store

WORKERS = 8
CANDIDATES = 100_000
_TIMES = 2
"""Each article is offered by so many workers."""
_ARTICLES_OF_MATTER = 2.25
_NOW = NOON + timedelta(hours=24)

Told = tuple[str, ArticleId, AdmissionVerdict]


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a race."""

    candidates: int
    articles: int
    admitted: Counter[int]
    """How many articles were admitted as new so many times."""
    copies: int
    parted: int
    """Copies that are not in the story of their original."""
    hidden_series: int
    ari: float
    seconds: float


async def report_racing(candidates: int = CANDIDATES, runs: int = 1) -> None:
    """Print what came of each race."""
    for seed in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            async with embedded_server(Path(folder)) as url:
                told = await race(url, "race", Path(folder), candidates, seed)
        twice = sum(count for times, count in told.admitted.items() if times != 1)
        print(
            f"{WORKERS} processes, {told.candidates:,} candidates of {told.articles:,} articles: {twice} not "
            f"admitted exactly once (0); {told.parted} of {told.copies:,} copies outside the story of their "
            f"original (0); {told.hidden_series} series pages hidden (0); ARI {told.ari:.3f} (0.90); "
            f"{told.candidates / told.seconds:,.0f} candidates/s by the clock"
        )


async def race(url: str, namespace: str, folder: Path, candidates: int, seed: int) -> Outcome:
    """Let eight processes admit some candidates into a namespace, and compare with what was meant."""
    invented = pieces(round(candidates / _TIMES / _ARTICLES_OF_MATTER), seed)
    shares = _shares([piece.candidate for piece in invented], random.Random(seed))
    options = StoreOptions(url=url, namespace=namespace, data_dir=folder)
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    # A fork of this process would take its loop and its connections along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        done = await asyncio.gather(
            *(loop.run_in_executor(pool, _admit_all, options, share) for share in shares)
        )
    seconds = time.perf_counter() - began
    told = [one for some in done for one in some]
    ids = {address: article for address, article, _ in told}
    async with open_store(options) as store:
        # What the last process has left to others, as it ended.
        assert not await assigner_of(store, lambda: _NOW).drain(60)
        places = await store.stories.places([ids[piece.candidate.url] for piece in invented])
    stories = {
        piece.candidate.url: place.story or ids[piece.candidate.url]
        for piece, place in zip(invented, places, strict=True)
    }
    copies = [piece for piece in invented if piece.kind is Kind.COPY]
    new = Counter(article for _, article, verdict in told if verdict is AdmissionVerdict.NEW)
    return Outcome(
        candidates=len(told),
        articles=len(invented),
        admitted=Counter(new[article] for article in ids.values()),
        copies=len(copies),
        parted=sum(stories[piece.candidate.url] != stories[piece.original] for piece in copies),
        hidden_series=_hidden_series(invented, [place.copy_of for place in places]),
        ari=ari([matter_of(piece) for piece in invented], [stories[one.candidate.url] for one in invented]),
        seconds=seconds,
    )


def _hidden_series(invented: Sequence[Piece], copied: Sequence[ArticleId | None]) -> int:
    return sum(
        piece.kind is Kind.SERIES and original is not None
        for piece, original in zip(invented, copied, strict=True)
    )


def _shares(candidates: Sequence[Candidate], rng: random.Random) -> list[list[Candidate]]:
    """Give each candidate to two workers; each has an order of its own."""
    shares: list[list[Candidate]] = [[] for _ in range(WORKERS)]
    for candidate in candidates:
        for share in rng.sample(shares, _TIMES):
            share.append(candidate)
    for share in shares:
        # About as it comes: what belongs together meets within minutes, at all workers at once.
        _jumble(share, rng)
    return shares


def _jumble(share: list[Candidate], rng: random.Random) -> None:
    places = {id(one): number + rng.uniform(0, 4 * BATCH) for number, one in enumerate(share)}
    share.sort(key=lambda one: places[id(one)])


def _admit_all(options: StoreOptions, candidates: Sequence[Candidate]) -> list[Told]:
    return asyncio.run(_admitted(options, candidates))


async def _admitted(options: StoreOptions, candidates: Sequence[Candidate]) -> list[Told]:
    told: list[Told] = []
    async with open_store(options) as store:
        assigner = assigner_of(store, lambda: _NOW)
        grouping = grouping_of(store, lambda: _NOW, assigner=assigner)
        admitter = Admitter(store.articles, [], lambda: _NOW, grouping)
        for start in range(0, len(candidates), BATCH):
            batch = candidates[start : start + BATCH]
            done = await admitter.admit(batch)
            told += [(one.candidate.url, one.article_id, one.verdict) for one in done]
        await assigner.finish()
    return told
