"""Weeks and months in simulated days: what is kept stays bounded, and what left is gone."""

import re
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint_config
from support import ManualClock, candidate, count_identities

from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, EndpointId, FeedId, SourceId
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.ops.retention import Retention, SweepStep
from syndicator.rules.sources.origins import origins
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.popularity.portal_counters import CounterReading

__all__ = ["partner"]  # a fixture

ROOT = Path(__file__).parents[3]
DAY_S = 86400.0
KEPT = '[retention]\narticles = "10d"\nbodies = "5d"\nidentities = "15d"\n'
FEEDS = '[feed.latest]\ntitle = "Terbaru"\n[feed.top]\ntitle = "Populer"\norder = "popular"\nwindow = "7d"\n'


async def sweep(service: Service) -> None:
    await Runner(service.sweep_step, capacity=1, clock=service.clock, on_report=lambda _: None).run(
        until_empty=True
    )


def source(name: str) -> str:
    return (
        f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "http://127.0.0.1:9/{name}"\n'
        'schedule = { every = "30d" }\n'
    )


async def live(service: Service, clock: ManualClock, days: int, sources: tuple[str, ...]) -> None:
    """Let days pass: each brings new articles, a change, readers, deliveries and sweeps."""
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), clock)
    for _ in range(days):
        clock.advance(DAY_S)
        day = clock().toordinal()
        for name in sources:
            news = [
                candidate(number, source=name, published_at=clock(), title=title, url=f"https://{name}.example/{number}")
                for number, title in ((day, None), (day + 10**6, None), (day, "Diralat"), (day - 1, "Lagi"))
            ]  # fmt: skip
            for article in news:
                await admitter.admit([article])
        places, _ = await service.store.articles.timeline(["all"], 4)
        readings = [
            CounterReading(
                article_id=ArticleId(place.article_id),
                source=SourceId(sources[0]),
                count=day,
                published_at=clock(),
            )
            for place in places
        ]
        await service.store.popularity.record(readings, clock())
        for step in (service.rank_step, service.publish_step):
            await Runner(step, capacity=1, clock=clock, on_report=lambda _: None).run(until_empty=True)
        await deliver(service)
        await sweep(service)


async def namespace_keys(service: Service) -> list[str]:
    prefix = f"syn:{{{service.settings.store.namespace}}}:"
    found = await service.store.connection.call("KEYS", "*")
    return sorted(name.decode().removeprefix(prefix) for name in found if name.decode().startswith(prefix))


async def empty_redis(service: Service) -> None:
    prefix = f"syn:{{{service.settings.store.namespace}}}:"
    names = [prefix + name for name in await namespace_keys(service)]
    assert names
    # A turn that is given back some milliseconds after its request may take its key along.
    await service.store.connection.call("DEL", *names)
    assert not set(await namespace_keys(service)) & {"meta", "sources:due"}


def documented() -> re.Pattern[str]:
    """Match every key of the table in the documentation; what is in capitals stands for anything."""
    table = (ROOT / "docs" / "redis-keys.md").read_text("utf-8")
    keys = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    return re.compile("|".join(re.sub(r"[A-Z_]+", "[^:]+(:.+)?", key) for key in keys))


def without_identities(keys: Collection[str]) -> list[str]:
    """Leave out hashes of identities: how many there are depends on which share one."""
    return [key for key in keys if not key.startswith("identities:")]


async def test_months_leave_no_more_than_weeks(partner: Partner) -> None:
    good, bad = endpoint_config(partner), endpoint_config(partner, "/missing", "b")
    stays = KEPT + FEEDS + source("city") + good + endpoint_config(partner, "/missing", "c")
    async with partner.service_of(stays + source("extra") + '[feed.gone]\ntitle = "Lama"\n' + bad) as service:
        await live(service, partner.clock, 20, ("city", "extra"))
        everything = await namespace_keys(service)
        for name in (
            "standing:b",
            "attempts:b",
            "attempt_index:b",
            "queue:b",
            "carried:extra",
            "rendition:gone:",
        ):
            assert any(key.startswith(name) for key in everything), name
    async with partner.service_of(stays) as service:
        await live(service, partner.clock, 30, ("city",))
        after_weeks = await namespace_keys(service)
        await live(service, partner.clock, 30, ("city",))
        after_months = await namespace_keys(service)
        in_hashes = await service.store.connection.batch(
            [("HLEN", f"syn:{{{service.settings.store.namespace}}}:{name}")
             for name in ("feeds:version", "delivered", "configured", "counters:views", "readings:views")]
        )  # fmt: skip
        identities = await count_identities(service.store)
    assert len(without_identities(after_months)) <= len(without_identities(after_weeks))
    known = documented()
    assert [key for key in after_months if not known.fullmatch(key)] == []
    left = re.compile(r".*:(b|extra|gone)(:.*)?")
    assert [key for key in after_months if left.fullmatch(key)] == []
    versions, delivered, configured, *counted = in_hashes
    assert max(counted) <= 3 * 12
    assert 0 < identities <= 2 * 2 * 17
    assert (versions, delivered, configured) == (2, 1, 5)


async def test_a_name_that_comes_back_within_a_week_finds_everything(partner: Partner) -> None:
    without = KEPT + FEEDS + source("city")
    async with partner.service_of(without + endpoint_config(partner, "/missing", "b")) as service:
        await live(service, partner.clock, 1, ("city",))
        before = await service.store.deliveries.counts(EndpointId("b"), partner.clock())
        assert before.delayed == 3, "the change goes in place of what it changed"
    async with partner.service_of(without) as service:
        for _ in range(6):
            partner.clock.advance(DAY_S)
            await sweep(service)
        assert await service.store.deliveries.counts(EndpointId("b"), partner.clock()) == QueueCounts(ready=3)
        for _ in range(2):
            partner.clock.advance(DAY_S)
            await sweep(service)
        assert await service.store.deliveries.counts(EndpointId("b"), partner.clock()) == QueueCounts()


async def test_a_long_stop_removes_nothing_that_is_configured(partner: Partner) -> None:
    text = FEEDS + source("city") + endpoint_config(partner, "/missing", "b")
    async with partner.service_of(text) as service:
        await live(service, partner.clock, 1, ("city",))
    partner.clock.advance(30 * DAY_S)
    async with partner.service_of(text) as service:
        await sweep(service)
        assert (await service.store.deliveries.counts(EndpointId("b"), partner.clock())).ready == 3
        assert await service.store.feeds.rendition(FeedId("latest"), Format.RSS) is not None


async def test_a_process_is_told_of_names_that_only_others_know(
    partner: Partner, service_of: OpenService, clock: ManualClock, capfd: pytest.CaptureFixture[str]
) -> None:
    text = FEEDS + source("city")
    async with service_of(text) as one, service_of(text + endpoint_config(partner)) as other:
        await sweep(one)
        for _ in range(2):
            clock.advance(61)
            await sweep(other)
            clock.advance(61)
            await sweep(one)
        told = capfd.readouterr()
    lines = [line for line in (told.out + told.err).splitlines() if "configurations_differ" in line]
    assert len(lines) == 1
    assert "endpoint:a" in lines[0]


async def test_the_outbox_is_bounded_where_nothing_is_delivered(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(FEEDS + source("city")) as service:
        await Admitter(service.store.articles, (), clock).admit([candidate(number) for number in range(250)])
        assert await service.store.outbox.waiting() == 250
        await sweep(service)
        assert await service.store.outbox.waiting() == 0


async def test_redis_emptied_under_us_is_gathered_anew(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1, 2)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        await sweep(service)
        before = await service.store.articles.carried_by(SourceId("city"))
        assert len(before) == 2
        await empty_redis(service)
        portal.clock.advance(timedelta(minutes=6).total_seconds())
        assert await gather(service) == [], "nothing is due in an empty Redis"
        await service.data_loss.check()
        assert len(await gather(service)) == 1
        assert sorted(await service.store.articles.carried_by(SourceId("city"))) == sorted(before)


async def test_what_may_be_secret_in_a_sources_address_is_not_published(portal: Portal) -> None:
    private = feed_config(portal, "/rss?token=rahasia")
    plain = feed_config(portal).split("[feed.")[0].replace("source.city", "source.other")
    portal.documents["/rss?token=rahasia"] = rss(1)
    portal.documents["/rss"] = rss(3).replace("city.example", "other.example").replace("<guid>g", "<guid>h")
    async with portal.service_of(private + plain) as service:
        await gather(service)
        for form in Format:
            body = (await service.publisher.rendition(FeedId("latest"), form)).body
            assert b"Berita 1" in body
            assert b"Berita 3" in body
            assert b"rahasia" not in body
            if form is not Format.NINJS:  # it names no source's feed
                assert f"{portal.url}/rss".encode() in body.replace(b"\\/", b"/")
        other = service.settings.sources[SourceId("other")]
        named = replace(other, url=other.url.replace("http://", "http://user:geheim@"), home_url=None)
        origin = origins({named.id: named})[named.id]
        assert (origin.home_url, origin.feed_url) == (f"{portal.url}/", f"{portal.url}/rss")


async def test_nothing_is_removed_while_the_time_is_doubtful(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1, 2)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        portal.clock.advance(200 * DAY_S)
        is_confirmed = False
        step = SweepStep(
            store=service.store,
            retention=Retention(),
            specs=service.settings.feeds.values(),
            names=ConfiguredNames(sources=(SourceId("city"),)),
            directory=service.endpoints,
            rename=service.configuration_sync.rename_again,
            fan_out=service.deliver_step.event_fan_out.run,
            clock=portal.clock,
            is_time_confirmed=lambda: is_confirmed,
        )
        for expected in (2, 0):
            for job in (await step.take(1)).jobs:
                await job()
            assert await service.store.articles.count() == expected
            is_confirmed = True
            portal.clock.advance(61)
