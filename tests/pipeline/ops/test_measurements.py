"""What is measured at a scrape: how sources, endpoints, feeds and Redis stand, the same from every process."""

import os
import signal
from datetime import timedelta

from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from prometheus_client.parser import text_string_to_metric_families
from support import ManualClock

from syndicator.model.ids import SourceId, TokenId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.model.schedule import Every
from syndicator.model.source import Failure, Source, SourceKind, SourceState
from syndicator.model.token import Token, TokenScope
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.ops import measurements
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.ops.measurements import Measurements
from syndicator.pipeline.ops.source_standings import Standings
from syndicator.pipeline.sources.source_control import Choice
from syndicator.service import Service
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.store import Store, StoreOptions, open_store

__all__ = ["partner"]  # a fixture

Series = dict[tuple[str, ...], float]


def series(metrics: Metrics, name: str) -> Series:
    """Return the series of a metric: the values of its labels, in the order of their names, and the value."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in families
        for sample in family.samples
        if sample.name == f"syndicator_{name}"
    }


async def measured(service: Service, name: str) -> Series:
    await service.measurements.measure()
    return series(service.metrics, name)


async def test_a_source_shows_its_last_success_and_while_it_fails_why(portal: Portal) -> None:
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        failed_at = portal.clock().timestamp()
        assert await measured(service, "source_failed_rounds") == {("http_404", "city"): 1}
        assert await measured(service, "source_standing") == {("city", "failing"): 1}
        assert await measured(service, "source_last_success_timestamp_seconds") == {}
        portal.documents["/rss"] = rss(1)
        portal.clock.advance(7 * 3600)
        await gather(service)
        assert await measured(service, "source_failed_rounds") == {}
        assert await measured(service, "source_standing") == {}
        assert await measured(service, "source_last_failure_timestamp_seconds") == {("city",): failed_at}
        worked = {("city",): portal.clock().timestamp()}
        assert await measured(service, "source_last_success_timestamp_seconds") == worked
        assert (await measured(service, "sources"))[("ok",)] == 1


async def test_the_oldest_due_source_shows_how_late_workers_are(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        assert await measured(service, "source_oldest_due_seconds") == {(): 0}
        portal.clock.advance(7 * 3600)
        late = (await measured(service, "source_oldest_due_seconds"))[()]
        assert 0 < late < 7 * 3600
        portal.clock.advance(60)
        assert await measured(service, "source_oldest_due_seconds") == {(): late + 60}
        await gather(service)
        assert await measured(service, "source_oldest_due_seconds") == {(): 0}


async def test_another_process_shows_the_same(portal: Portal) -> None:
    async with portal.service_of(feed_config(portal)) as worker, portal.service_of("") as other:
        assert await measured(other, "source_failed_rounds") == {}
        await gather(worker)
        async with portal.service_of(feed_config(portal)) as server:
            assert await measured(server, "source_failed_rounds") == {("http_404", "city"): 1}
            portal.documents["/rss"] = rss(1)
            portal.clock.advance(7 * 3600)
            await gather(worker)
            assert await measured(server, "source_failed_rounds") == {}


async def test_a_paused_source_does_not_count_as_failing(portal: Portal) -> None:
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        await service.source_control.pause(Choice(sources=(SourceId("city"),)))
        assert await measured(service, "source_failed_rounds") == {}
        assert await measured(service, "source_standing") == {("city", "paused"): 1}


async def test_an_endpoint_shows_its_standing_and_a_feed_when_it_changed(
    partner: Partner, portal: Portal
) -> None:
    portal.documents["/rss"] = rss(1)
    async with portal.service_of(feed_config(portal) + endpoint(partner)) as service:
        assert await measured(service, "endpoint_standing") == {("a", "active"): 1}
        assert await measured(service, "endpoint_last_success_timestamp_seconds") == {}
        await gather(service)
        assert await measured(service, "feed_changed_timestamp_seconds") == {
            ("latest",): portal.clock().timestamp()
        }
        assert await measured(service, "outbox_events") == {(): 1}
        partner.statuses = [410]
        await deliver(service)
        assert await measured(service, "endpoint_standing") == {("a", "disabled"): 1}
        assert await measured(service, "outbox_events") == {(): 0}


async def test_tokens_that_expire_say_when(service_of: OpenService, clock: ManualClock) -> None:
    ends = clock() + timedelta(days=9)
    async with service_of("") as service:
        for name, expires in (("monitoring", ends), ("for-ever", None)):
            wanted = Token(id=TokenId(name), scopes=(TokenScope.READ,), expires=expires)
            await service.access.keep(new_token(wanted, clock()))
        assert await measured(service, "token_expires_timestamp_seconds") == {
            ("monitoring",): ends.timestamp()
        }


async def test_a_refused_configuration_is_seen(service_of: OpenService, clock: ManualClock) -> None:
    async with service_of("") as service:
        note = ProcessNote(
            process="here:1", version=3, refused=("one", "two"), restart_for=("server.port",), at=clock()
        )
        await service.measurements.measure(note)
        found = {
            name: series(service.metrics, f"configuration_{name}")[()]
            for name in ("version", "faults", "restart_keys")
        }
    assert found == {"version": 3, "faults": 2, "restart_keys": 1}


async def test_a_loss_of_data_is_dated(store: Store, clock: ManualClock) -> None:
    metrics = open_metrics()
    standings = Standings(store.sources, [], clock)
    measuring = Measurements(store, Directory(store.endpoints, {}), standings, metrics, clock)
    await measuring.measure()
    assert series(metrics, "data_lost_timestamp_seconds") == {}
    await store.marks.begin(clock(), lost_at=clock() - timedelta(hours=1))
    await measuring.measure()
    lost_at = (clock() - timedelta(hours=1)).timestamp()
    assert series(metrics, "data_lost_timestamp_seconds") == {(): lost_at}
    assert series(metrics, "sources_to_regather") == {(): 0}


def portals(count: int) -> list[Source]:
    return [
        Source(
            id=SourceId(f"portal-{number}"),
            title="Portal",
            kind=SourceKind.FEED,
            url="https://portal.example/rss",
            schedule=Every(interval_s=300),
        )
        for number in range(count)
    ]


async def test_series_of_sources_are_bounded_and_trouble_comes_first(
    store: Store, clock: ManualClock
) -> None:
    sources, now = portals(30), clock()
    await store.sources.enlist([one.id for one in sources], [], now)
    await store.sources.claim("me", now, timedelta(seconds=15), 30)
    failure = Failure(reason="dns", detail="", at=now)
    for number, source in enumerate(sources):
        state = SourceState(last_success_at=now, last_failure_at=now, next_due_at=now + timedelta(days=1))
        if number == 27:
            state = SourceState(failures=4, failure=failure, last_success_at=now, last_failure_at=now)
        assert await store.sources.settle(source.id, "me", state)
    counts, found = await Standings(store.sources, sources, clock).measures(10)
    assert (sum(counts.values()), len(found)) == (30, 10)
    assert (found[0].source, found[0].failed_rounds, found[0].reason) == ("portal-27", 4, "dns")
    assert [one.failed_rounds for one in found[1:]] == [0] * 9


def test_ten_thousand_sources_cost_what_the_documentation_says(clock: ManualClock) -> None:
    metrics = open_metrics()
    for number in range(measurements.MOST_SOURCES):
        for result in ("ok", "unchanged", "failed"):
            metrics.rounds.labels("(others)" if number >= 1000 else f"portal-{number}", result).inc()
    metrics.source_last_success_timestamp_seconds.replace(
        ((f"portal-{number}",), clock().timestamp()) for number in range(measurements.MOST_SOURCES)
    )
    metrics.source_last_failure_timestamp_seconds.replace(
        ((f"portal-{number}",), clock().timestamp()) for number in range(measurements.MOST_SOURCES)
    )
    text = metrics.render()
    assert sum(not line.startswith(b"#") for line in text.splitlines()) < 25_000
    assert len(text) < 2_500_000


async def test_a_scrape_while_redis_hangs_says_so_and_keeps_the_rest(
    server: EmbeddedServer, clock: ManualClock
) -> None:
    options = StoreOptions(url=f"unix://{server.socket}", namespace="hangs", data_dir=server.data_dir)
    async with open_store(options) as store:
        metrics = open_metrics()
        standings = Standings(store.sources, portals(2), clock)
        measuring = Measurements(store, Directory(store.endpoints, {}), standings, metrics, clock)
        await measuring.measure()
        assert series(metrics, "redis_up") == series(metrics, "redis_writable") == {(): 1}
        assert series(metrics, "redis_memory_bytes")[()] > 100_000
        assert series(metrics, "redis_memory_limit_bytes") == {}, "the embedded server has no limit"
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGSTOP)
        try:
            await measuring.measure()
        finally:
            os.kill(server._process.pid, signal.SIGCONT)
        assert series(metrics, "redis_up") == series(metrics, "redis_writable") == {(): 0}
        assert series(metrics, "sources")[("new",)] == 2, "as it was last"
        await store.connection.call("CONFIG", "SET", "maxmemory", 200_000_000)
        await measuring.measure()
        assert series(metrics, "redis_up") == {(): 1}
        assert series(metrics, "redis_memory_limit_bytes") == {(): 200_000_000}
