"""Metrics, read back as a monitoring system reads them."""

import platform

import prometheus_client
from prometheus_client.parser import text_string_to_metric_families

from syndicator import __version__
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
    metrics.http_requests.labels(listener="public", route="/feeds/{feed}.rss", status="304").inc(2)
    read = samples(metrics)
    assert read["syndicator_rounds_total", frozenset({("source", "a"), ("result", "ok")})] == 1
    assert read["syndicator_articles_total", frozenset({("verdict", "new")})] == 3
    assert read["syndicator_deliveries_total", frozenset({("endpoint", "p"), ("result", "retry")})] == 1
    assert read["syndicator_renders_total", frozenset({("format", "rss")})] == 1
    labels = frozenset({("listener", "public"), ("route", "/feeds/{feed}.rss"), ("status", "304")})
    assert read["syndicator_http_requests_total", labels] == 2


def test_what_is_measured_falls_into_buckets() -> None:
    metrics = open_metrics()
    metrics.round_seconds.labels(group="a").observe(0.3)
    metrics.lateness_seconds.labels(group="a").observe(45)
    read = samples(metrics)
    group = ("group", "a")
    assert read["syndicator_round_seconds_bucket", frozenset({group, ("le", "0.25")})] == 0
    assert read["syndicator_round_seconds_bucket", frozenset({group, ("le", "0.5")})] == 1
    assert read["syndicator_lateness_seconds_sum", frozenset({group})] == 45


def test_no_series_tells_when_another_was_made() -> None:
    metrics = open_metrics()
    metrics.rounds.labels(source="a", result="ok").inc()
    metrics.round_seconds.labels(group="a").observe(0.3)
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


def test_answers_are_counted_and_timed_by_listener_route_and_kind_of_method() -> None:
    metrics = open_metrics()
    count = metrics.counting("public")
    count("/feeds/{feed}.{form}", "GET", 200, 0.01)
    count("/feeds/{feed}.{form}", "HEAD", 304, 0.2)
    for number in range(200):
        count("/api/v1/signals", f"METHOD-{number}", 405, 3.0)
    read = samples(metrics)
    feed = {("listener", "public"), ("route", "/feeds/{feed}.{form}")}
    signals = {("listener", "public"), ("route", "/api/v1/signals"), ("method", "write")}
    assert read["syndicator_http_requests_total", frozenset(feed | {("status", "304")})] == 1
    seconds = "syndicator_http_request_seconds"
    assert read[f"{seconds}_bucket", frozenset(feed | {("method", "read"), ("le", "0.025")})] == 1
    assert read[f"{seconds}_count", frozenset(feed | {("method", "read")})] == 2
    assert read[f"{seconds}_bucket", frozenset(signals | {("le", "2.5")})] == 0
    assert read[f"{seconds}_count", frozenset(signals)] == 200
    of_routes = [labels for name, labels in read if name.startswith(f"{seconds}_")]
    assert len(of_routes) == 2 * 8, "clients cannot make series"


def test_the_build_is_named() -> None:
    build = frozenset({("version", __version__), ("python", platform.python_version())})
    assert samples(open_metrics())["syndicator_build_info", build] == 1


def test_a_measurement_replaces_the_one_before() -> None:
    metrics = open_metrics()
    metrics.source_failed_rounds.replace([(("a", "http_404"), 2), (("b", "dns"), 1)])
    metrics.source_failed_rounds.replace([(("a", "timeout"), 3)])
    found = {
        labels: value for (name, labels), value in samples(metrics).items() if name.endswith("_failed_rounds")
    }
    assert found == {frozenset({("source", "a"), ("reason", "timeout")}): 3}
    metrics.redis_memory_limit_bytes.set(None)
    assert "\nsyndicator_redis_memory_limit_bytes " not in metrics.render().decode()
