"""Search over 200 000 short articles: how fast it is built, how long queries take, how soon news is found.

The floor of a query is FTS5 alone on the same index: the numbers of the same rows, unordered, without the
articles that they are. Queries are of all kinds: a word, several, OR, NOT, phrases, prefixes.
"""

import asyncio
import itertools
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from wordfreq import get_frequency_dict

from bench.invented import NOW, invented
from bench.measure import tell
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.search.article_search import MOST, ArticleSearch
from syndicator.rules.search.query import parse_query
from syndicator.rules.search.search_words import words_and_stems
from syndicator.store.search.search_index import Indexed, SearchIndex, spelled
from syndicator.store.store import StoreOptions, open_store

ARTICLES = 200_000
WORDS = 70
QUERIES = 300
BATCH = 25
GOAL_MS = 30.0
_BARE = "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid DESC LIMIT ?"
_RNG = random.Random(7)
_BEGINNINGS = ("men", "pen", "ber", "ter", "per", "mem", "kes", "kem", "dis", "tid")
_PAIRS = ("yang di", "di yang", "dan di", "di dan", "yang dan", "dan yang", "ini yang")
HOSTILE = (
    "di AND dan AND yang AND dengan AND ini",
    '"yang di" OR "di yang" OR "dan dan dan" OR "ini itu ini"',
    " OR ".join(f"{begin}*" for begin in _BEGINNINGS),
    "yang NOT (di OR dan OR dengan)",
    '"' + "yang di dan " * 4 + '"',
    " OR ".join(f'"{pair}"' for pair in _PAIRS),
)


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _queries(Path(folder))
        await _news(Path(folder))


def _queries(folder: Path) -> None:
    words, weights = _vocabulary()
    index = SearchIndex(folder)
    _build(index, words, weights)
    asked = [_query(words) for _ in range(QUERIES)]
    database = index._opened  # noqa: SLF001  the floor asks the same index
    assert database is not None

    def bare(query: str) -> None:
        database.execute(_BARE, (spelled(parse_query(query)), MOST)).fetchall()

    for name, best in (("newest first", False), ("best first", True)):

        def ours(query: str, best: bool = best) -> None:
            index.search(parse_query(query), MOST, best=best)

        took, floor = _times(ours, asked), _times(bare, asked)
        for rank, place in (("median", 0.5), ("p95", 0.95)):
            tell(f"{name}: {rank}", _at(took, place), _at(floor, place), unit="ms", against="bare FTS5")
        tell(f"{name}: p95", _at(took, 0.95), GOAL_MS, unit="ms", against="at most")
        print(f"{name}, hostile, ms: " + ", ".join(f"{one:.0f}" for one in _times(ours, HOSTILE)))
    index.close()


def _build(index: SearchIndex, words: Sequence[str], weights: Sequence[float]) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent_s = 0.0
    texts = _texts(words, weights)
    for _ in range(0, ARTICLES, BATCH):
        batch = list(itertools.islice(texts, BATCH))
        began = time.perf_counter()
        index.put(
            [
                Indexed(
                    article_id=ArticleId(f"{number:016}"),
                    listed_at=NOW + timedelta(seconds=13 * number),
                    published_at=NOW + timedelta(seconds=13 * number),
                    words=words_and_stems(title, text, "id"),
                )
                for number, title, text in batch
            ]
        )
        spent_s += time.perf_counter() - began
    database = index._opened  # noqa: SLF001
    assert database is not None
    pages, size = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    print(
        f"built: {ARTICLES / spent_s:,.0f} articles/s, {pages * size / ARTICLES:,.0f} bytes of disk each,"
        f" {grown_mib:,.0f} MiB of memory more in all"
    )


async def _news(folder: Path) -> None:
    """Admit articles one by one, as a worker elsewhere does, and ask a process that serves for each."""
    async with open_store(StoreOptions(data_dir=folder)) as store:
        admitter = Admitter(store.articles, (), lambda: NOW)
        await admitter.admit([invented(number) for number in range(1000)])
        article_search = ArticleSearch(store, SearchIndex(folder))
        async with article_search.keeping_up():
            while not (await article_search.search("berita")).is_whole:  # noqa: ASYNC110  readers ask so
                await asyncio.sleep(0.05)
            took = []
            for number in range(1000, 1100):
                (admitted,) = await admitter.admit([invented(number)])
                began = time.perf_counter()
                while admitted.article_id not in (await article_search.search(f"{number}")).ids:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                took.append((time.perf_counter() - began) * 1000)
        article_search.close()
        tell("found after admission: p95", _at(sorted(took), 0.95), 2000, unit="ms", against="at most")


def _vocabulary() -> tuple[list[str], list[float]]:
    frequencies = get_frequency_dict("id")
    words = [word for word in itertools.islice(frequencies, 20_000) if word.isalpha()]
    return words, list(itertools.accumulate(frequencies[word] for word in words))


def _texts(words: Sequence[str], weights: Sequence[float]) -> Iterator[tuple[int, str, str]]:
    for number in itertools.count():
        drawn = _RNG.choices(words, cum_weights=weights, k=WORDS)
        yield number, " ".join(drawn[:8]), " ".join(drawn[8:])


def _query(words: Sequence[str]) -> str:
    one, other, _ = _RNG.sample(words[50:5000], 3)
    common = _RNG.choice(words[:300])
    begins = next(word[:4] for word in _RNG.sample(words[50:5000], 99) if len(word) > 5)
    kinds = (one, f"{one} {other}", f"{one} OR {other}", f"{one} -{other}", f'"{common} {one}"', f"{begins}*")
    return _RNG.choices(kinds, (35, 25, 15, 10, 10, 5))[0]


def _times(call: Callable[[str], None], queries: Sequence[str]) -> list[float]:
    """Give the milliseconds of each, in ascending order."""
    took = []
    for query in queries:
        began = time.perf_counter()
        call(query)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


def _at(ordered: Sequence[float], place: float) -> float:
    return ordered[int(len(ordered) * place)]
