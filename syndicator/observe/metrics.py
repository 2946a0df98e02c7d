"""What is counted and measured, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/.

One registry per process, made at start and handed on; labels take only names from the configuration and
words of ours, never anything from outside, so that the number of series stays bounded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LATENCY_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600, 3600, 86400)
_LATENESS_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)

_DESCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "rounds": ("Rounds of gathering; result is ok, unchanged or failed", "source", "result"),
    "articles": ("Candidates judged; verdict is new, changed, duplicate or unchanged", "verdict"),
    "round_seconds": ("Time that one round took", "source"),
    "deliveries": ("Attempts to deliver; result is delivered, retry or dead", "endpoint", "result"),
    "delivery_seconds": ("Time that one attempt took", "endpoint"),
    "deliveries_pending": (
        "Deliveries that are not done; standing is ready, delayed, in_flight or dead",
        "endpoint",
        "standing",
    ),
    "delivery_oldest_due_seconds": ("For how long the delivery that is due first has been due", "endpoint"),
    "delivery_latency_seconds": (
        "Time from an event (an admission) to its receipt, of what was delivered",
        "endpoint",
    ),
    "renders": ("Feeds rendered", "format"),
    "http_requests": ("Requests answered, by route (its pattern)", "route", "status"),
    "fresh_ratio": (
        "Part of a source's articles of 30 days that were shown within its freshness objective",
        "source",
    ),
    "fresh_budget_ratio": (
        "Part of a source's error budget (articles that may be late) that is left; below 0: breached",
        "source",
    ),
    "lateness_seconds": ("By how much a round began after it was due", "source"),
    "revisions": (
        "Articles that changed, by the size of the change (minor, major); whether the portal says so",
        "size",
        "correction",
    ),
    "withdrawals": ("Articles withdrawn, by operator, page, feed or status", "by"),
    "searches": (
        "Searches; result is whole, partial (the index is not built yet), refused (many wait) or failed",
        "result",
    ),
    "search_seconds": ("Time that a search took, with its wait for others",),
    "search_articles": ("Articles in this process' index for search, each minute",),
    "search_lag_seconds": ("How long the oldest change that is not in the index waits; 0 for none",),
    "hub_requests": (
        (
            "Requests of our hub to callbacks; result is sent, retry, given_up, left, confirmed, refused,"
            " unreached or denied"
        ),
        "protocol",
        "result",
    ),
    "hub_request_seconds": ("Time that one of them took", "protocol"),
    "hub_subscriptions": ("Subscribers of our hub",),
    "hub_pending": ("Subscribers that something is to be said to",),
    "hub_oldest_seconds": ("How long the longest of them waits that has confirmed",),
    "articles_unassigned": ("Admitted articles that wait to be assigned to a story, and shown",),
}
"""Each metric: what it says, and the names of its labels."""


class DeliveryCounts(Protocol):
    """How many deliveries stand how."""

    @property
    def ready(self) -> int: ...
    @property
    def delayed(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def dead(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The metrics of one process; `_DESCRIPTIONS` describes each."""

    registry: CollectorRegistry
    rounds: Counter
    articles: Counter
    round_seconds: Histogram
    deliveries: Counter
    delivery_seconds: Histogram
    delivery_latency_seconds: Histogram
    deliveries_pending: Gauge
    delivery_oldest_due_seconds: Gauge
    renders: Counter
    requests: Counter
    lateness_seconds: Histogram
    fresh_ratio: Gauge
    fresh_budget_ratio: Gauge
    revisions: Counter
    withdrawals: Counter
    searches: Counter
    search_seconds: Histogram
    search_articles: Gauge
    search_lag_seconds: Gauge
    hub_requests: Counter
    hub_request_seconds: Histogram
    hub_subscriptions: Gauge
    hub_pending: Gauge
    hub_oldest_seconds: Gauge
    articles_unassigned: Gauge

    def gathered(self, source: str, status: str, duration_s: float, late_s: float) -> None:
        """Count and measure a round."""
        _child(self.rounds, source, status).inc()
        _child(self.round_seconds, source).observe(duration_s)
        _child(self.lateness_seconds, source).observe(late_s)

    def delivered(self, endpoint: str, result: str, duration_s: float, latency_s: float | None) -> None:
        """Count and measure an attempt to deliver; `latency_s`: from event to receipt, where it arrived."""
        _child(self.deliveries, endpoint, result).inc()
        _child(self.delivery_seconds, endpoint).observe(duration_s)
        if latency_s is not None:
            _child(self.delivery_latency_seconds, endpoint).observe(latency_s)

    def queues(self, found: Mapping[str, tuple[DeliveryCounts, float]]) -> None:
        """Note how the deliveries of each endpoint stand, and for how long the first has been due, s."""
        self.deliveries_pending.clear()
        self.delivery_oldest_due_seconds.clear()
        for endpoint, (counts, oldest_s) in found.items():
            for standing in ("ready", "delayed", "in_flight", "dead"):
                self.deliveries_pending.labels(endpoint, standing).set(getattr(counts, standing))
            self.delivery_oldest_due_seconds.labels(endpoint).set(oldest_s)

    def hub(self, subscriptions: int, pending: int, oldest_s: float) -> None:
        """Note how our hub stands."""
        self.hub_subscriptions.set(subscriptions)
        self.hub_pending.set(pending)
        self.hub_oldest_seconds.set(oldest_s)

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

    def counter(name: str) -> Counter:
        text, *labels = _DESCRIPTIONS[name]
        return Counter(f"syndicator_{name}", text, labels, registry=registry)

    def histogram(name: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
        text, *labels = _DESCRIPTIONS[name]
        return Histogram(f"syndicator_{name}", text, labels, registry=registry, buckets=buckets)

    def gauge(name: str) -> Gauge:
        text, *labels = _DESCRIPTIONS[name]
        return Gauge(f"syndicator_{name}", text, labels, registry=registry)

    return Metrics(
        registry=registry,
        rounds=counter("rounds"),
        articles=counter("articles"),
        round_seconds=histogram("round_seconds"),
        deliveries=counter("deliveries"),
        delivery_seconds=histogram("delivery_seconds"),
        deliveries_pending=gauge("deliveries_pending"),
        delivery_oldest_due_seconds=gauge("delivery_oldest_due_seconds"),
        delivery_latency_seconds=histogram("delivery_latency_seconds", buckets=_LATENCY_SECONDS),
        renders=counter("renders"),
        requests=counter("http_requests"),
        fresh_ratio=gauge("fresh_ratio"),
        fresh_budget_ratio=gauge("fresh_budget_ratio"),
        lateness_seconds=histogram("lateness_seconds", buckets=_LATENESS_SECONDS),
        revisions=counter("revisions"),
        withdrawals=counter("withdrawals"),
        searches=counter("searches"),
        search_seconds=histogram("search_seconds"),
        search_articles=gauge("search_articles"),
        search_lag_seconds=gauge("search_lag_seconds"),
        hub_requests=counter("hub_requests"),
        hub_request_seconds=histogram("hub_request_seconds"),
        hub_subscriptions=gauge("hub_subscriptions"),
        hub_pending=gauge("hub_pending"),
        articles_unassigned=gauge("articles_unassigned"),
        hub_oldest_seconds=gauge("hub_oldest_seconds"),
    )


def counting(requests: Counter) -> Callable[[str, int], None]:
    """Return what counts an answer by route (a pattern) and status: finding the counter costs more."""
    found: dict[tuple[str, int], Counter] = {}

    def count(route: str, status: int) -> None:
        counter = found.get((route, status))
        if counter is None:
            counter = found[route, status] = requests.labels(route, str(status))
        counter.inc()

    return count
