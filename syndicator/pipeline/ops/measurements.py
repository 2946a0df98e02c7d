"""Measures, at each scrape, what all processes share: sources, queues, endpoints, feeds, Redis itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from syndicator.errors import StoreError
from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ops.configuration import ProcessNote
from syndicator.model.ops.states import SourceStanding
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.ops.delivery_overview import endpoint_statuses
from syndicator.pipeline.ops.source_standings import Standings
from syndicator.rules.webhooks.endpoint_health import endpoint_health
from syndicator.store.store import Store

MOST_SOURCES = 10_000
"""Sources with series of their own, the worst first: each takes up to 170 bytes of every scrape."""

_REDIS_S = 2.0
"""Redis counts as away when it takes longer to answer."""
_ALL_S = 4.0
"""What is not measured by then keeps its last value: a scrape ends after 10 s by default."""

log = get_logger(__name__)


class Measurements:
    """Sets the gauges that are the same from every process."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        standings: Standings,
        metrics: Metrics,
        clock: Clock,
        *,
        access: Access | None = None,
        feeds: Sequence[FeedSpec] = (),
    ) -> None:
        self._store = store
        self._directory = directory
        self._standings = standings
        self._metrics = metrics
        self._clock = clock
        self._access = access
        self._feeds = [feed.id for feed in feeds]

    async def measure(self, note: ProcessNote | None = None) -> None:
        """Measure everything; what Redis does not answer in time keeps its last values.

        `note`: what this process says of its configuration.
        """
        if note is not None:
            self._metrics.configuration_version.set(note.version)
            self._metrics.configuration_faults.set(len(note.refused))
            self._metrics.configuration_restart_keys.set(len(note.restart_for))
        if not await self._reach_redis():
            return
        try:
            async with asyncio.timeout(_ALL_S):
                for part in self._parts():
                    await self._try(part)
        except TimeoutError:
            log.warning("metrics_not_measured", reason=f"Redis took longer than {_ALL_S:.0f} s")

    def _parts(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (
            self._measure_redis, self._measure_queues, self._measure_endpoints, self._measure_hub,
            self._measure_sources, self._measure_feeds, self._measure_tokens,
        )  # fmt: skip

    async def _try(self, part: Callable[[], Awaitable[None]]) -> None:
        """Measure a part; a fault in it does not keep the others from being measured."""
        try:
            await part()
        except StoreError as error:
            log.warning("metrics_not_measured", part=part.__name__.removeprefix("_"), reason=str(error))

    async def _reach_redis(self) -> bool:
        """Note whether Redis answers, how fast, and whether it takes writes; return whether it answers."""
        began = time.perf_counter()
        is_up = await _is_done(self._store.ping())
        took_s = time.perf_counter() - began
        self._metrics.redis_up.set(is_up)
        self._metrics.redis_ping_seconds.set(took_s)
        self._metrics.redis_writable.set(is_up and await _is_done(self._store.try_writing()))
        return is_up

    async def _measure_redis(self) -> None:
        used, limit = await self._store.memory_bytes()
        lost_at = self._store.marks.lost_at
        self._metrics.redis_memory_bytes.set(used)
        self._metrics.redis_memory_limit_bytes.set(limit or None)
        self._metrics.cold_store_up.set(await self._store.cold_texts.is_up())
        self._metrics.cold_texts.set(await self._store.offloading.count())
        self._metrics.data_lost_timestamp_seconds.set(lost_at.timestamp() if lost_at else None)
        self._metrics.sources_to_regather.set(await self._store.marks.not_gathered_since_loss())
        self._metrics.processes.set(len(await self._store.configuration.notes(self._clock())))

    async def _measure_queues(self) -> None:
        self._metrics.articles_unassigned.set(await self._store.assignments.count())
        self._metrics.outbox_events.set(await self._store.outbox.waiting())

    async def _measure_endpoints(self) -> None:
        now, metrics = self._clock(), self._metrics
        statuses = await endpoint_statuses(self._store, self._directory, now)
        names = [status.endpoint.id for status in statuses]
        first = await self._store.deliveries.first_due(names)
        metrics.endpoint_standing.replace(
            ((status.endpoint.id, endpoint_health(status, now).kind.value), 1.0) for status in statuses
        )
        metrics.endpoint_last_success_timestamp_seconds.replace(
            ((status.endpoint.id,), at.timestamp())
            for status in statuses
            if (at := status.state.last_success_at) is not None
        )
        metrics.deliveries_pending.replace(
            ((status.endpoint.id, standing), count)
            for status in statuses
            for standing, count in status.counts.undelivered.items()
        )
        metrics.delivery_oldest_due_seconds.replace(
            ((name,), max((now - first[name]).total_seconds(), 0.0) if name in first else 0.0)
            for name in names
        )

    async def _measure_hub(self) -> None:
        hub, at = await self._store.hub.counts(self._clock()), self._clock()
        oldest_s = (at - hub.oldest_due_at).total_seconds() if hub.oldest_due_at else 0.0
        self._metrics.hub_subscriptions.set(hub.subscriptions)
        self._metrics.hub_pending.set(hub.pending)
        self._metrics.hub_oldest_seconds.set(max(oldest_s, 0.0))

    async def _measure_sources(self) -> None:
        counts, sources = await self._standings.measures(MOST_SOURCES)
        metrics, first = self._metrics, await self._store.sources.first_due()
        waits_s = (self._clock() - first).total_seconds() if first else 0.0
        metrics.source_oldest_due_seconds.set(max(waits_s, 0.0))
        metrics.sources.replace(((standing.value,), count) for standing, count in counts.items())
        metrics.source_standing.replace(
            ((one.source, one.standing.value), 1.0)
            for one in sources
            if one.standing is not SourceStanding.OK
        )
        metrics.source_last_success_timestamp_seconds.replace(
            ((one.source,), one.last_success_s) for one in sources if one.last_success_s
        )
        metrics.source_last_failure_timestamp_seconds.replace(
            ((one.source,), one.last_failure_s) for one in sources if one.last_failure_s
        )
        metrics.source_failed_rounds.replace(
            ((one.source, one.reason), one.failed_rounds) for one in sources if one.failed_rounds
        )
        fresh = [(one.source, one.fresh) for one in sources if one.fresh is not None]
        metrics.fresh_ratio.replace(
            ((source,), standing.share) for source, standing in fresh if standing.share is not None
        )
        metrics.fresh_budget_ratio.replace(
            ((source,), standing.budget_left)
            for source, standing in fresh
            if standing.budget_left is not None
        )

    async def _measure_feeds(self) -> None:
        versions = await self._store.feeds.versions(self._feeds)
        self._metrics.feed_changed_timestamp_seconds.replace(
            ((feed,), version.changed_at.timestamp())
            for feed, version in versions.items()
            if version.changed_at != EPOCH
        )

    async def _measure_tokens(self) -> None:
        if self._access is None:
            return
        self._metrics.token_expires_timestamp_seconds.replace(
            ((token.id,), token.expires.timestamp())
            for token in await self._access.tokens()
            if token.expires is not None
        )


async def _is_done(call: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(_REDIS_S):
            await call
    except (StoreError, TimeoutError):
        return False
    return True
