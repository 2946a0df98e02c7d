"""What traces cost: processor time of admitting new articles with and without a collector, in turns.

The thread that encodes and sends spans is part of it; the collector, a process of its own, takes all.
"""

import os
import statistics
import time

from bench.gather.admitting import ARTICLES, BATCH, world
from bench.push.webhooks import sink
from bench.stories.cost import NOW, empty_store
from bench.stories.grouped import grouping_admitter
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId
from syndicator.observe.trace_export import exporting
from syndicator.observe.tracing import span

_PAIRS = 10
_CALLS = 1_000_000


async def run() -> None:
    began = time.process_time()
    for number in range(_CALLS):
        with span("delivery attempt", endpoint="partner", attempt=number):
            pass
    print(f"a span without a collector: {(time.process_time() - began) / _CALLS * 1e9:.0f} ns")
    specs = [FeedSpec(id=FeedId(f"feed-{number}"), title="x") for number in range(10)]
    spent: dict[bool, list[float]] = {False: [], True: []}
    with sink() as port:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "webhook-id=trace",  # the sink counts by it
        }
        os.environ.update(environ)
        for turn in range(2 * _PAIRS + 2):
            is_on = bool(turn % 2)
            async with empty_store() as store:
                admitter = grouping_admitter(store, lambda: NOW, specs)
                candidates = world(turn // 2)
                began = time.process_time()
                with exporting(environ if is_on else {}, process="bench"):
                    for start in range(0, ARTICLES, BATCH):
                        with span("source round", source="bench"):
                            await admitter.admit(candidates[start : start + BATCH])
                if turn > 1:  # the first pair warms up
                    spent[is_on].append((time.process_time() - began) / ARTICLES * 1e6)
    off, on = (statistics.median(spent[is_on]) for is_on in (False, True))
    print(f"admitting a new article: {off:,.0f} µs; with a collector {on:,.0f} µs (+{on / off - 1:.1%})")
