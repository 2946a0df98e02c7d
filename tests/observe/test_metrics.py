"""Metrics, read back as a monitoring system reads them."""

import prometheus_client
from prometheus_client.parser import text_string_to_metric_families

from syndicator.observe.metrics import CONTENT_TYPE, Metrics, open_metrics


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def test_what_is_counted_can_be_read_back() -> None:
    metrics = open_metrics()
    metrics.rounds.labels(source="a", result="ok").inc()
    metrics.articles.labels(verdict="new").inc(3)
    metrics.deliveries.labels(endpoint="p", result="retry").inc()
    metrics.renders.labels(format="rss").inc()
    metrics.requests.labels(route="/feeds/{feed}.rss", status="304").inc(2)
    read = samples(metrics)
    assert read["syndicator_rounds_total", frozenset({("source", "a"), ("result", "ok")})] == 1
    assert read["syndicator_articles_total", frozenset({("verdict", "new")})] == 3
    assert read["syndicator_deliveries_total", frozenset({("endpoint", "p"), ("result", "retry")})] == 1
    assert read["syndicator_renders_total", frozenset({("format", "rss")})] == 1
    labels = frozenset({("route", "/feeds/{feed}.rss"), ("status", "304")})
    assert read["syndicator_http_requests_total", labels] == 2


def test_what_is_measured_falls_into_buckets() -> None:
    metrics = open_metrics()
    metrics.round_seconds.labels(source="a").observe(0.3)
    metrics.lateness_seconds.labels(source="a").observe(45)
    read = samples(metrics)
    source = ("source", "a")
    assert read["syndicator_round_seconds_bucket", frozenset({source, ("le", "0.25")})] == 0
    assert read["syndicator_round_seconds_bucket", frozenset({source, ("le", "0.5")})] == 1
    assert read["syndicator_lateness_seconds_sum", frozenset({source})] == 45


def test_no_series_tells_when_another_was_made() -> None:
    metrics = open_metrics()
    metrics.rounds.labels(source="a", result="ok").inc()
    metrics.round_seconds.labels(source="a").observe(0.3)
    assert not [name for name, _ in samples(metrics) if name.endswith("_created")]


def test_each_process_has_its_own_and_the_global_registry_stays_clean() -> None:
    one, other = open_metrics(), open_metrics()
    one.articles.labels(verdict="new").inc()
    assert b'verdict="new"' not in other.render()
    assert b"syndicator_" not in prometheus_client.generate_latest()


def test_the_process_itself_is_seen_and_every_metric_says_what_it_is() -> None:
    text = open_metrics().render().decode()
    assert "process_resident_memory_bytes" in text
    families = [
        family for family in text_string_to_metric_families(text) if family.name.startswith("syndicator_")
    ]
    assert len(families) >= 10
    assert all(family.documentation for family in families)


def test_the_content_type_is_the_one_of_the_text_format() -> None:
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")
