"""A stored search is a feed with a query, and the same query decides what a partner is told."""

from pipeline.conftest import OpenService
from pipeline.popularity.test_ranking import listed, rank, read, step
from pipeline.webhooks.test_delivery import A, Partner, config, counts, deliver, partner
from support import ManualClock, candidate

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import FeedSpec, Filter, Format, Order
from syndicator.model.ids import FeedId
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.service import Service
from syndicator.store.store import Store

__all__ = ["partner"]

FLOODS = FeedId("floods")
CONFIG = """
[feed.floods]
title = "Banjir"
filter = { query = "kebanjiran NOT bandung", section = ["transportasi"] }
"""
BODIES = {1: "Warga kebanjiran.", 2: "Banjir di Bandung.", 3: "Harga naik tajam.", 4: "Banjir surut."}


async def admit(service: Service, *numbers: int, section: str = "Transportasi", **bodies: str) -> None:
    admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
    await admitter.admit(
        [
            candidate(number, section=section, body_html=f"<p>{bodies.get(f'b{number}', BODIES[number])}</p>")
            for number in numbers
        ]
    )  # fmt: skip


async def shown(service: Service) -> set[str]:
    snapshot = await service.publisher.snapshot(FLOODS)
    return {entry.article.title for entry in snapshot.entries}


async def test_a_feed_shows_what_its_query_finds_in_bodies(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1, 2, 3)
        assert await shown(service) == {"Berita nomor 1"}
        before = (await service.publisher.rendition(FLOODS, Format.RSS)).version
        await admit(service, 4)
        assert await shown(service) == {"Berita nomor 1", "Berita nomor 4"}
        assert (await service.publisher.rendition(FLOODS, Format.RSS)).version > before


async def test_an_article_that_does_not_concern_the_query_renews_nothing(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        before = await service.store.feeds.version(FLOODS)
        await admit(service, 2, 3)
        assert await service.store.feeds.version(FLOODS) == before


async def test_a_change_brings_an_article_in_and_out(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        assert await shown(service) == {"Berita nomor 1"}
        await admit(service, 1, b1="Warga mengungsi.")
        assert await shown(service) == set()
        await admit(service, 1, b1="Warga kebanjiran lagi.")
        assert await shown(service) == {"Berita nomor 1"}


async def test_the_query_and_the_other_keys_must_agree(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1, section="Olahraga")
        assert await shown(service) == set()


async def test_what_is_withdrawn_is_told_in_the_feed_that_showed_it(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1, 2)
        for article in (await service.store.articles.timeline(["all"], 9))[0]:
            await service.withdrawer.withdraw(article.article_id, WithdrawnBy.OPERATOR, "x")
        snapshot = await service.publisher.snapshot(FLOODS)
        assert [one.article.title for one in snapshot.withdrawn] == ["Berita nomor 1"]
        assert snapshot.entries == ()


async def test_a_partner_is_told_what_its_query_finds(partner: Partner, service_of: OpenService) -> None:
    async with service_of(config(partner, more='filter = { query = "banjir" }')) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        assert await counts(service, A) == QueueCounts(delivered=2)
        found = {one.article_id for one in (await service.store.articles.timeline(["all"], 9))[0]}
        for article_id in found:
            await service.withdrawer.withdraw(article_id, WithdrawnBy.OPERATOR, "x")
        await deliver(service)
        assert await counts(service, A) == QueueCounts(delivered=4)


async def test_a_popular_feed_ranks_what_its_query_finds_alone(store: Store, clock: ManualClock) -> None:
    admitted = await Admitter(store.articles, (), clock).admit(
        [candidate(number, source=f"s{number}", body_html=f"<p>{BODIES[number]}</p>") for number in BODIES]
    )
    ids = [one.article_id for one in admitted]
    await read(store, clock, dict(zip(ids, (5, 9, 50, 7), strict=True)))
    wanted = FeedSpec(
        id=FeedId("busy"), title="x", order=Order.POPULAR, filter=Filter(query="banjir NOT bandung")
    )
    await rank(step(store, clock, wanted), clock)
    assert await listed(store, "busy") == [ids[3], ids[0]]


async def test_the_pages_of_a_stored_search_reach_all_that_is_retained(
    store: Store, clock: ManualClock
) -> None:
    """However rare what is searched for: where one page has looked far enough, the next goes on."""
    numbers = range(70)
    titles = {number: "Gempa" if number in {3, 40} else "Banjir" for number in numbers}
    admitter = Admitter(store.articles, (), clock)
    for number in numbers:
        clock.advance(1)
        await admitter.admit([candidate(number, title=f"{titles[number]} {number}", published_at=clock())])
    wanted, found, place = Filter(query="gempa"), [], None
    filtering = Filtering(store)
    while True:
        page = await select(store, filtering, wanted, 2, before=place, deepest=10)
        found += [entry.article.title for entry in page.entries]
        place = page.rest
        if place is None:
            break
    assert found == ["Gempa 40", "Gempa 3"]
