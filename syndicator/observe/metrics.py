"""What is counted and measured, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/.

One registry per process, made at start and handed on; labels take only names from the configuration and
words of ours, never anything from outside, so that the number of series stays bounded.
"""

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from syndicator import __version__
from syndicator.observe.metric_names import (
    HTTP_SECONDS,
    LATENCY_SECONDS,
    LATENESS_SECONDS,
    OF_PROCESS,
    ROUND_SECONDS,
    SHARED,
)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

Count = Callable[[str, str, int, float], None]
"""Counts an answer: route (a pattern), method, status, and the seconds from the request to its headers."""


class Snapshot(Collector):
    """The gauges of one name, all measured at once: each measurement replaces all series of the one before.

    So a scrape in another thread never sees a part of it.
    """

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self.labels = tuple(labels)
        self._name = name
        self._text = text
        self._rows: Sequence[tuple[Sequence[str], float]] = ()
        registry.register(self)

    def replace(self, rows: Iterable[tuple[Sequence[str], float]]) -> None:
        """Replace all series: the values of the labels, and the value."""
        self._rows = tuple(rows)

    def set(self, value: float | None) -> None:
        """Set the value of a gauge without labels; None: there is none."""
        self.replace([((), value)] if value is not None else [])

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(self._name, self._text, labels=self.labels)]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._text, labels=self.labels)
        for labels, value in self._rows:
            family.add_metric(labels, value)
        return [family]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The metrics of one process; `metric_names` describes each."""

    registry: CollectorRegistry
    build_info: Gauge
    rounds: Counter
    articles: Counter
    round_seconds: Histogram
    lateness_seconds: Histogram
    deliveries: Counter
    delivery_seconds: Histogram
    delivery_latency_seconds: Histogram
    renders: Counter
    http_requests: Counter
    http_request_seconds: Histogram
    revisions: Counter
    withdrawals: Counter
    searches: Counter
    search_seconds: Histogram
    search_articles: Gauge
    search_lag_seconds: Gauge
    hub_requests: Counter
    hub_request_seconds: Histogram
    configuration_version: Gauge
    configuration_faults: Gauge
    configuration_restart_keys: Gauge
    redis_up: Gauge
    redis_writable: Gauge
    redis_ping_seconds: Gauge
    sources: Snapshot
    source_standing: Snapshot
    source_last_success_timestamp_seconds: Snapshot
    source_last_failure_timestamp_seconds: Snapshot
    source_failed_rounds: Snapshot
    fresh_ratio: Snapshot
    fresh_budget_ratio: Snapshot
    source_oldest_due_seconds: Snapshot
    articles_unassigned: Snapshot
    feed_changed_timestamp_seconds: Snapshot
    outbox_events: Snapshot
    endpoint_standing: Snapshot
    endpoint_last_success_timestamp_seconds: Snapshot
    deliveries_pending: Snapshot
    delivery_oldest_due_seconds: Snapshot
    hub_subscriptions: Snapshot
    hub_pending: Snapshot
    hub_oldest_seconds: Snapshot
    redis_memory_bytes: Snapshot
    redis_memory_limit_bytes: Snapshot
    cold_store_up: Snapshot
    cold_texts: Snapshot
    data_lost_timestamp_seconds: Snapshot
    sources_to_regather: Snapshot
    processes: Snapshot
    token_expires_timestamp_seconds: Snapshot

    def gathered(self, source: str, group: str, status: str, duration_s: float, late_s: float) -> None:
        """Count and measure a round."""
        _child(self.rounds, source, status).inc()
        _child(self.round_seconds, group).observe(duration_s)
        _child(self.lateness_seconds, group).observe(late_s)

    def delivered(self, endpoint: str, result: str, duration_s: float, latency_s: float | None) -> None:
        """Count and measure an attempt to deliver; `latency_s`: from event to receipt, where it arrived."""
        _child(self.deliveries, endpoint, result).inc()
        _child(self.delivery_seconds, endpoint).observe(duration_s)
        if latency_s is not None:
            _child(self.delivery_latency_seconds, endpoint).observe(latency_s)

    def counting(self, listener: str) -> Count:
        """Return what counts the answers of a listener: finding a series costs more than counting."""
        found: dict[tuple[str, bool, int], tuple[Counter, Histogram]] = {}

        def count(route: str, method: str, status: int, seconds: float) -> None:
            key = (route, method in _READS, status)  # clients choose the method: it is no key
            if (series := found.get(key)) is None:
                kind = "read" if key[1] else "write"
                series = found[key] = (
                    self.http_requests.labels(listener, route, str(status)),
                    self.http_request_seconds.labels(listener, route, kind),
                )
            series[0].inc()
            series[1].observe(seconds)

        return count

    def render(self) -> bytes:
        """Return all of them as text of `CONTENT_TYPE`."""
        return generate_latest(self.registry)


_M = TypeVar("_M", Counter, Histogram)


@lru_cache(maxsize=20_000)
def _child(metric: _M, *labels: str) -> _M:
    """Return the series of these labels: looking it up anew costs ten times as much as counting."""
    return metric.labels(*labels)


def open_metrics() -> Metrics:
    """Make the metrics of this process, on a registry of their own."""
    # They are a second series for each, which Prometheus does not use.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    buckets = {
        "lateness_seconds": LATENESS_SECONDS,
        "delivery_latency_seconds": LATENCY_SECONDS,
        "http_request_seconds": HTTP_SECONDS,
    }

    def made(name: str, kind: Any) -> Any:
        text, *labels = (SHARED if kind is Snapshot else OF_PROCESS)[name]
        more = {"buckets": buckets.get(name, ROUND_SECONDS)} if kind is Histogram else {}
        return kind(f"syndicator_{name}", text, labels, registry=registry, **more)

    named = [field for field in fields(Metrics) if field.name != "registry"]
    metrics = Metrics(registry=registry, **{field.name: made(field.name, field.type) for field in named})
    metrics.build_info.labels(__version__, platform.python_version()).set(1)
    return metrics
