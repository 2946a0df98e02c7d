"""How long an article takes from its bytes to its place in the timeline, at a steady rate of new articles.

Feeds get a new item each and are made due by turns, so many a second. The clock of an article begins when the
origin sends the document that first holds it; it ends with the commit that puts it into the timeline, at the
time that Redis gives the entry of the stream of changes, which that commit writes.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping

from msgspec import Struct

from bench.gather.origin import Origin
from bench.gather.ours import Ours, name_of
from syndicator.store.keys.table import Keys

PER_S = 100
SECONDS = 15
_TICK_S = 0.1
_KEPT = 5000
"""Changes that are read at most: more than are made."""


class Latency(Struct, frozen=True, kw_only=True):
    """What came of the articles that were published."""

    published: int
    arrived: int
    per_s: float
    """Arrived articles a second, over the whole time."""
    p50_ms: float
    p95_ms: float


async def admission_latency(ours: Ours, origin: Origin, feeds: int) -> Latency:
    """Publish for some seconds and look when everything is visible."""
    await origin.sent()
    began, after = time.perf_counter(), await ours.store.changes.position()
    published = await _publish(ours, origin, feeds, began)
    await ours.settled()
    seconds = time.perf_counter() - began
    sent, seen = await origin.sent(), await _seen(ours, after)
    took = sorted(1000 * (seen[url] - sent[url]) for url in published if url in seen and url in sent)
    cuts = statistics.quantiles(took, n=20)
    return Latency(
        published=len(published),
        arrived=len(took),
        per_s=len(took) / seconds,
        p50_ms=cuts[9],
        p95_ms=cuts[18],
    )


async def _publish(ours: Ours, origin: Origin, feeds: int, began: float) -> list[str]:
    published: list[str] = []
    at_once = round(PER_S * _TICK_S)
    for tick in range(round(SECONDS / _TICK_S)):
        numbers = sorted({(tick * at_once + place) % feeds for place in range(at_once)})
        published += await origin.change(numbers)
        now = ours.clock()
        await asyncio.gather(*(ours.store.sources.wake(name_of(number), now) for number in numbers))
        await asyncio.sleep(began + (tick + 1) * _TICK_S - time.perf_counter())
    return published


async def _seen(ours: Ours, after: str) -> Mapping[str, float]:
    """Return when each article that changed since then was first visible, by its URL."""
    rows = await ours.store.connection.call(
        "XRANGE", Keys("main").changes(), f"({after}", "+", "COUNT", _KEPT
    )
    at_s: dict[str, float] = {}
    for entry, fields in rows:
        at_s.setdefault(fields[1].decode(), int(entry.partition(b"-")[0]) / 1000)
    articles = await ours.articles_of(list(at_s))
    return {article.url: at_s[article.id] for article in articles}
