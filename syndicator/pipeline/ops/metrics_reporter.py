"""Reports finished jobs to the log and the metrics."""

import logging
from collections.abc import Mapping

from syndicator.model.ids import SourceId
from syndicator.model.source import Round, Source
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.hub.subscriber_jobs import HubReport
from syndicator.pipeline.sources.gather_step import SourceReport
from syndicator.pipeline.steps import JobReport
from syndicator.pipeline.webhooks.delivery import DeliveryReport

MOST_SOURCES = 1000
"""Most sources whose rounds one process counts apart: up to three series each."""
MOST_GROUPS = 50
"""Most groups whose rounds are timed apart: 28 series each."""
MOST_ENDPOINTS = 300
"""Most endpoints whose attempts one process counts and times apart: up to 33 series each."""
OTHERS = "(others)"
"""The label of all further sources, groups and endpoints; it is no valid id."""
NO_GROUP = "(none)"
"""The label of the sources without a group."""

log = get_logger(__name__)

_NOTHING = Round()
_VERDICTS = ("new", "changed", "duplicate", "unchanged")


class MetricsReporter:
    """Reports to operators what this process does."""

    def __init__(self, metrics: Metrics, sources: Mapping[SourceId, Source]) -> None:
        self._metrics = metrics
        self._sources = sources
        self._named_sources: set[str] = set()
        self._named_groups: set[str] = set()
        self._named_endpoints: set[str] = set()
        self._articles = {verdict: metrics.articles.labels(verdict) for verdict in _VERDICTS}

    def report(self, report: JobReport) -> None:
        """Write a finished job to the log and the metrics."""
        if not report.quiet or logging.getLogger().isEnabledFor(logging.DEBUG):
            write = log.warning if report.failed else log.debug if report.quiet else log.info
            traced = {"trace_id": report.trace_id} if report.trace_id else {}
            write(report.event, **dict(report.fields), **traced)
        if isinstance(report, SourceReport):
            self._measure_round(report)
        elif isinstance(report, DeliveryReport):
            endpoint = _label(report.endpoint, self._named_endpoints, MOST_ENDPOINTS)
            self._metrics.delivered(endpoint, report.result, report.duration_s, report.latency_s)
        elif isinstance(report, HubReport):
            self._metrics.hub_requests.labels(report.protocol.value, report.result).inc()
            self._metrics.hub_request_seconds.labels(report.protocol.value).observe(report.duration_s)

    def _measure_round(self, report: SourceReport) -> None:
        source = self._sources.get(report.source)
        group = source.group if source is not None and source.group else NO_GROUP
        self._metrics.gathered(
            _label(report.source, self._named_sources, MOST_SOURCES),
            _label(group, self._named_groups, MOST_GROUPS),
            report.status,
            report.duration_s,
            report.late_s,
        )
        if report.round != _NOTHING:
            for verdict, counter in self._articles.items():
                counter.inc(getattr(report.round, verdict))


def _label(name: str, named: set[str], most: int) -> str:
    """Return the label of a name: itself, or `OTHERS` where `most` have one already."""
    if len(named) < most:
        named.add(name)
    return name if name in named else OTHERS
