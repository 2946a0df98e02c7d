"""Whole rounds of portals that rename what they list: each article is announced once."""

from collections.abc import Sequence

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from pipeline.rounds.test_first_gatherings import config
from support import ManualClock, count_identities

from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.service import Service

CITY = SourceId("city")
Item = tuple[str, str, str]
TITLES = ("Banjir surut di utara", "Harga beras naik lagi", "Laga usai tanpa gol", "Jalan layang dibuka")


def feed(items: Sequence[Item]) -> str:
    entries = "".join(
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid>"
        f"<pubDate>Thu, 05 Nov 2026 11:{10 + 7 * TITLES.index(title)}:09 +0000</pubDate>"
        f"<description>{title}: isi berita.</description></item>"
        for guid, link, title in items
    )
    return f'<rss version="2.0"><channel><title>Kota</title><link>https://kota.example/</link>{entries}</channel></rss>'


def items(guid: str = "g{}", link: str = "https://kota.example/read/{}/judul") -> list[Item]:
    return [(guid.format(number), link.format(number), title) for number, title in enumerate(TITLES)]


async def rounds(
    service: Service, portal: Portal, clock: ManualClock, *documents: Sequence[Item]
) -> list[int]:
    new = []
    for document in documents:
        portal.documents["/rss"] = feed(document)
        (report,) = await gather(service)
        assert report.status == "ok"
        new.append(report.round.new)
        clock.advance(300)
    return new


async def titles(service: Service) -> list[str]:
    entries = await service.store.outbox.after("", 100)
    found = await service.store.articles.get_many([ArticleId(entry.event.subject) for entry in entries])
    return [one.title if one else "" for one in found]


@pytest.mark.parametrize(
    "renamed",
    [
        items(guid="baru-{}"),
        items(link="http://kota.example/read/{}/judul"),
        items(link="https://www.kota-baru.example/read/{}/judul"),
        items(link="https://kota.example/read/{}/judul-yang-lain"),
        items(link="https://m.kota.example/read/{}/judul/amp?utm_source=rss"),
        items(guid="https://kota-baru.example/read/{}/judul", link="https://kota-baru.example/read/{}/judul"),
        items(guid="https://kota.example/?p={}", link="http://m.kota.example/read/{}/judul"),
    ],
    ids=["guids", "http", "host", "slug", "amp", "host and guid", "guid and scheme"],
)
async def test_what_is_renamed_is_announced_once(portal: Portal, renamed: list[Item]) -> None:
    async with portal.service_of(config(portal)) as service:
        assert await rounds(service, portal, portal.clock, items(), renamed, items()) == [4, 0, 0]
        assert sorted(await titles(service)) == sorted(TITLES)


async def test_guids_that_change_in_each_round(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        churning = [items(guid=f"{number}-{{}}") for number in range(8)]
        assert await rounds(service, portal, portal.clock, *churning) == [4, 0, 0, 0, 0, 0, 0, 0]
        assert sorted(await titles(service)) == sorted(TITLES)


async def test_guids_that_are_used_again(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    async with service_of(config(portal)) as service:
        named = items()
        one_by_one = [[("headline", link, title)] for _, link, title in named]
        assert await rounds(service, portal, clock, *one_by_one) == [1, 1, 1, 1]
        together = [("headline", link, title) for _, link, title in named]
        assert await rounds(service, portal, clock, together) == [0]
        assert sorted(await titles(service)) == sorted(TITLES)
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        assert sorted(entry.article.title for entry in snapshot.entries) == sorted(TITLES)


async def test_what_is_listed_for_ever_is_announced_once(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        assert await rounds(service, portal, portal.clock, items()) == [4]
        for _ in range(10):
            portal.clock.advance(20 * 86400)
            assert await rounds(service, portal, portal.clock, items()) == [0]
            await service.store.articles.sweep(portal.clock(), service.settings.retention.articles, 100)
            await service.store.articles.identities.sweep(
                portal.clock(), service.settings.retention.identities
            )
        assert await service.store.articles.count() == 0
        assert len(await titles(service)) == 4


async def test_two_sources_that_list_one_page_have_one_article(portal: Portal) -> None:
    other = f'[source.metro]\ntitle = "Metro"\nkind = "feed"\nurl = "{portal.url}/metro"\nschedule = {{ every = "5m" }}\n'
    portal.documents["/rss"] = feed(items())
    portal.documents["/metro"] = feed(
        items(guid="metro-{}", link="http://m.kota.example/read/{}/judul?utm_medium=x")
    )
    async with portal.service_of(config(portal) + other) as service:
        reports = await gather(service)
        assert sum(report.round.new for report in reports) == 4
        assert sum(report.round.duplicate for report in reports) == 4
        assert sorted(await titles(service)) == sorted(TITLES)


async def test_auto_goes_down_its_ladder_by_itself_and_says_so(portal: Portal) -> None:
    churning = [items(guid=f"{number}-{{}}") for number in range(8)]
    async with portal.service_of(config(portal)) as service:
        await rounds(service, portal, portal.clock, *churning[:3])
        assert (await service.store.sources.state(CITY)).guids.distrusted_since is None
        await rounds(service, portal, portal.clock, churning[3])
        state = await service.store.sources.state(CITY)
        assert state.guids.distrusted_since is not None
        assert [one for one in state.warnings if "its guids are not relied on" in one]
        known = await count_identities(service.store)
        assert await rounds(service, portal, portal.clock, *churning[4:]) == [0, 0, 0, 0]
        # What changes for ever is not kept for ever.
        assert await count_identities(service.store) == known > 0
    # Whoever changes the table has it tried anew.
    async with portal.service_of(config(portal, 'identity = "auto"\nlanguage = "id"\n')) as service:
        await rounds(service, portal, portal.clock, items())
        assert (await service.store.sources.state(CITY)).guids.distrusted_since is None
        assert sorted(await titles(service)) == sorted(TITLES)


async def test_one_guid_in_a_document_for_different_articles_is_told(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        assert await rounds(service, portal, portal.clock, items(guid="sama")) == [4]
        state = await service.store.sources.state(CITY)
        assert "4 of 4 entries of one document" in state.guids.why
        assert await rounds(service, portal, portal.clock, items(guid="lain")) == [0]


async def test_a_template_that_names_one_page_on_all_is_ignored_and_told(portal: Portal) -> None:
    def page(number: int) -> str:
        text = f"{TITLES[number]}. " * 20
        return (
            f'<html><head><link rel="canonical" href="{portal.url}/read/0-contoh"></head><body>'
            f"<article><h1>{TITLES[number]}</h1><p>{text}</p></article></body></html>"
        )

    listed = [f'<li><a href="/read/{number}-berita">{TITLES[number]}</a></li>' for number in range(4)]
    for number in range(4):
        portal.documents[f"/read/{number}-berita"] = page(number)
    own = (
        f'[source.city]\ntitle = "Kota"\nkind = "page"\nurl = "{portal.url}/indeks"\nschedule = {{ every = "5m" }}\n'
        'list = { item = "li" }\narticle = { title = "h1", body = "article p" }\npoliteness = { robots = false }\n'
        '[feed.latest]\ntitle = "Terbaru"\n'
    )
    async with portal.service_of(own) as service:
        for count, expected in ((1, 1), (2, 1), (4, 2)):
            portal.documents["/indeks"] = f"<html><body><ul>{''.join(listed[:count])}</ul></body></html>"
            (report,) = await gather(service)
            assert report.round.new == expected, report
            portal.clock.advance(300)
        assert sorted(await titles(service)) == sorted(TITLES)
        state = await service.store.sources.state(CITY)
        assert any("several give themselves the canonical address" in one for one in state.warnings)
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        links = {entry.article.title: entry.article.url for entry in snapshot.entries}
        assert [links[title] for title in TITLES[1:]] == [f"{portal.url}/read/{n}-berita" for n in (1, 2, 3)]
