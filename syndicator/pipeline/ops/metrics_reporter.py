"""Reports finished jobs to the log and the metrics, and measures the queues."""

import logging
from contextlib import suppress

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.source import Round
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.hub.subscriber_jobs import HubReport
from syndicator.pipeline.sources.gather_step import SourceReport
from syndicator.pipeline.steps import JobReport
from syndicator.pipeline.webhooks.delivery import DeliveryReport
from syndicator.store.store import Store

MOST_SOURCES = 1000
"""Most sources with a label of their own in one process: each takes 9 kB, and 2 kB of each scrape."""
OTHERS = "(others)"
"""The label of all further sources; it is no valid id."""

log = get_logger(__name__)

_NOTHING = Round()
_VERDICTS = ("new", "changed", "duplicate", "unchanged")


class MetricsReporter:
    """Reports to operators what this process does."""

    def __init__(self, store: Store, directory: Directory, metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._metrics = metrics
        self._clock = clock
        self._labelled: set[str] = set()
        self._articles = {verdict: metrics.articles.labels(verdict) for verdict in _VERDICTS}

    def report(self, report: JobReport) -> None:
        """Write a finished job to the log and the metrics."""
        if not report.quiet or logging.getLogger().isEnabledFor(logging.DEBUG):
            write = log.warning if report.failed else log.debug if report.quiet else log.info
            write(report.event, **dict(report.fields))
        if isinstance(report, SourceReport):
            self._measure_round(report)
        elif isinstance(report, DeliveryReport):
            self._metrics.delivered(report.endpoint, report.result, report.duration_s, report.latency_s)
        elif isinstance(report, HubReport):
            self._metrics.hub_requests.labels(report.protocol.value, report.result).inc()
            self._metrics.hub_request_seconds.labels(report.protocol.value).observe(report.duration_s)

    async def measure_queues(self) -> None:
        """Set the metrics of all queues; while Redis is away they keep their last values."""
        with suppress(StoreUnavailable):
            self._metrics.articles_unassigned.set(await self._store.assignments.count())
            await self._measure_hub()
            await self._measure_deliveries()

    async def _measure_hub(self) -> None:
        hub, at = await self._store.hub.counts(self._clock()), self._clock()
        oldest_s = (at - hub.oldest_due_at).total_seconds() if hub.oldest_due_at else 0.0
        self._metrics.hub(hub.subscriptions, hub.pending, max(oldest_s, 0.0))

    async def _measure_deliveries(self) -> None:
        await self._directory.refresh()
        names, now = list(self._directory.listed), self._clock()
        first = await self._store.deliveries.first_due(names)
        counts = await self._store.deliveries.counts_of(names, now)
        self._metrics.queues(
            {
                name: (count, max((now - first[name]).total_seconds(), 0.0) if name in first else 0.0)
                for name, count in counts.items()
            }
        )

    def _measure_round(self, report: SourceReport) -> None:
        source = self._label(report.source)
        self._metrics.gathered(source, report.status, report.duration_s, report.late_s)
        fresh = report.freshness
        if (
            fresh is not None
            and fresh.share is not None
            and fresh.budget_left is not None
            and source != OTHERS
        ):
            self._metrics.fresh_ratio.labels(source).set(fresh.share)
            self._metrics.fresh_budget_ratio.labels(source).set(fresh.budget_left)
        if report.round != _NOTHING:
            for verdict, counter in self._articles.items():
                counter.inc(getattr(report.round, verdict))

    def _label(self, source: str) -> str:
        """Return the label of a source: its id, or `OTHERS` where `MOST_SOURCES` have one already."""
        if len(self._labelled) < MOST_SOURCES:
            self._labelled.add(source)
        return source if source in self._labelled else OTHERS
