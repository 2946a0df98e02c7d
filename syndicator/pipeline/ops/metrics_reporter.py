"""What jobs did, as lines of the log and numbers of the metrics; how queues stand."""

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
"""Sources that metrics tell apart in one process: the series of each take 9 kB, and 2 kB of each scrape."""
OTHERS = "(others)"
"""Stands for all further ones; it is no id."""

log = get_logger(__name__)

_NOTHING = Round()
_VERDICTS = ("new", "changed", "duplicate", "unchanged")


class Measuring:
    """Tells operators what this process does."""

    def __init__(self, store: Store, directory: Directory, metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._metrics = metrics
        self._clock = clock
        self._told_apart: set[str] = set()
        self._articles = {verdict: metrics.articles.labels(verdict) for verdict in _VERDICTS}

    def report(self, report: JobReport) -> None:
        """Write what a job did: one line of the log, and the numbers of the metrics."""
        if not report.quiet or logging.getLogger().isEnabledFor(logging.DEBUG):
            result = log.warning if report.failed else log.debug if report.quiet else log.info
            result(report.event, **dict(report.fields))
        if isinstance(report, SourceReport):
            self._measure_round(report)
        elif isinstance(report, DeliveryReport):
            self._metrics.delivered(report.endpoint, report.result, report.duration_s, report.latency_s)
        elif isinstance(report, HubReport):
            self._metrics.hub_requests.labels(report.protocol.value, report.result).inc()
            self._metrics.hub_request_seconds.labels(report.protocol.value).observe(report.duration_s)

    async def measure_queues(self) -> None:
        """Note in the metrics how all queues stand now; while Redis is away, how they stood."""
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
                name: (one, max((now - first[name]).total_seconds(), 0.0) if name in first else 0.0)
                for name, one in counts.items()
            }
        )

    def _measure_round(self, report: SourceReport) -> None:
        source = self._label(report.source)
        self._metrics.gathered(source, report.status, report.duration_s, report.late_s)
        if report.round != _NOTHING:
            for verdict, counter in self._articles.items():
                counter.inc(getattr(report.round, verdict))

    def _label(self, source: str) -> str:
        """Return the label of a source: its id, or `OTHERS` where enough are told apart already."""
        if len(self._told_apart) < MOST_SOURCES:
            self._told_apart.add(source)
        return source if source in self._told_apart else OTHERS
