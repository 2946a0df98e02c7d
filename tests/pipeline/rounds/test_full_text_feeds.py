"""Feeds whose articles are read from their pages: identity, failing pages, corrections, and what is told."""

from datetime import timedelta

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, Portal
from pipeline.full_text_world import RULE, articles, config, entry, feed, page, put_pages
from pipeline.rounds.test_feed_round import CITY, gather
from support import NOON, ManualClock, answering

from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Enclosure, ListedItem
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source


async def test_a_guid_that_all_entries_share_identifies_none(portal: Portal) -> None:
    put_pages(portal, 1, 2, 3, 4)
    async with portal.service_of(config(portal)) as service:
        for newest in (2, 3, 4):
            entries = [entry(portal, number, guid="kota.example") for number in range(newest, 0, -1)]
            portal.documents["/rss"] = feed(*entries)
            await gather(service)
            portal.clock.advance(300)
        assert [one.title for one in await articles(service)] == [f"Berita {n}" for n in (1, 2, 3, 4)]


async def test_entries_of_a_live_ticker_stay_apart(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/live"] = page(9)
    portal.documents["/rss"] = feed(
        *(entry(portal, number, guid=f"g{number}", link="/live") for number in (3, 2, 1))
    )
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert report.round.new == 3
        assert [one.title for one in await articles(service)] == ["Berita 1", "Berita 2", "Berita 3"]


@pytest.mark.parametrize("status", [503, 404])
async def test_an_embargo_of_a_page_outlives_its_failure(portal: Portal, status: int) -> None:
    until = NOON + timedelta(hours=5)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    portal.documents["/read/1"] = page(1, extra=f"<time class='emb' datetime='{until.isoformat()}'></time>")
    rule = 'article = { title = "h1", body = ".isi", embargo = ".emb@datetime" }'
    async with portal.service_of(config(portal, rule)) as service:
        await gather(service)
        assert await service.store.held.count() == 1
        portal.status["/read/1"] = status
        for _ in range(3):
            portal.clock.advance(3700)
            portal.documents["/rss"] += " "
            await gather(service)
            assert await articles(service) == []
        (held,) = (await service.store.held.claim("t", until, timedelta(seconds=1), 1)).items
        kept = await service.store.held.get(held)
        assert kept is not None
        assert "Isi lengkap" in kept.candidate.body_html
        assert kept.until == until


async def test_an_embargo_is_lifted_by_its_page(portal: Portal) -> None:
    until = NOON + timedelta(hours=5)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    portal.documents["/read/1"] = page(1, extra=f"<time class='emb' datetime='{until.isoformat()}'></time>")
    rule = 'article = { title = "h1", body = ".isi", embargo = ".emb@datetime" }'
    async with portal.service_of(config(portal, rule)) as service:
        await gather(service)
        portal.documents["/read/1"] = page(1)
        portal.clock.advance(3700)
        portal.documents["/rss"] += " "
        (report,) = await gather(service)
        assert report.round.new == 1


async def test_nobody_holds_back_the_articles_of_others(portal: Portal, service_of: OpenService) -> None:
    """Else any source could: it would only have to list them with an embargo."""
    until = (NOON + timedelta(hours=5)).isoformat()
    embargo = "<dcterms:available xmlns:dcterms='http://purl.org/dc/terms/'>start="
    embargo += f"{until}</dcterms:available>"
    portal.documents["/hostile"] = feed(entry(portal, 1, guid="h1", extra=embargo))
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    put_pages(portal, 1)
    hostile = (
        f'[source.hostile]\ntitle = "x"\nkind = "feed"\nurl = "{portal.url}/hostile"\n'
        'schedule = { every = "1h" }\n'
    )
    async with service_of(hostile) as service:
        await gather(service)
        assert await service.store.held.count() == 1
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert report.round.new == 1


async def test_what_the_feed_corrects_arrives_where_the_page_is_walled(portal: Portal) -> None:
    portal.status["/read/1"] = 403
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1", lead="Salah."))
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.documents["/rss"] = feed(entry(portal, 1, guid="g1", lead="RALAT: benar."))
        portal.clock.advance(300)
        (report,) = await gather(service)
        assert (report.round.changed, report.round.unchanged) == (1, 0)
        (article,) = await articles(service)
        assert article.lead == "RALAT: benar."


async def test_what_a_page_told_is_not_replaced_by_the_feed(portal: Portal) -> None:
    put_pages(portal, 1)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.documents["/rss"] = feed(entry(portal, 1, guid="g1", lead="Ringkasan lain."))
        portal.clock.advance(300)
        (report,) = await gather(service)
        (article,) = await articles(service)
        assert (report.round.changed, article.revision) == (0, 1)


async def test_a_text_that_only_the_feed_has_stays_when_its_page_is_read_again(portal: Portal) -> None:
    text = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
    text += "<![CDATA[<p>Seluruh berita.</p>]]></content:encoded>"
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1", extra=text))
    portal.documents["/read/1"] = (
        "<html><head><meta property='og:title' content='Berita 1'>"
        "<meta property='og:type' content='article'>"
        "<meta property='og:description' content='Ringkas 1.'></head><body><h1>Berita 1</h1></body></html>"
    )
    async with portal.service_of(config(portal, "")) as service:
        await gather(service)
        portal.clock.advance(7200)
        portal.documents["/rss"] += " "
        await gather(service)
        assert portal.asked.count("/read/1") == 2
        (article,) = await articles(service)
        assert (article.revision, article.body_html) == (1, "<p>Seluruh berita.</p>")


async def test_young_pages_are_read_again_while_their_feed_is_unchanged(portal: Portal) -> None:
    put_pages(portal, 1)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    portal.etags["/rss"] = '"one"'
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.documents["/read/1"] = page(1, "Isi yang dikoreksi oleh redaksi, cukup panjang.")
        portal.clock.advance(7200)
        (report,) = await gather(service)
        assert (report.status, report.round.changed) == ("unchanged", 1)
        (article,) = await articles(service)
        assert "dikoreksi" in article.body_html


async def test_a_page_that_changed_makes_no_liar_of_its_feed(portal: Portal) -> None:
    put_pages(portal, 1)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    portal.etags["/rss"] = '"one"'
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.documents["/read/1"] = page(1, "Isi yang dikoreksi oleh redaksi, cukup panjang.")
        portal.clock.advance(86400 + 300)
        (report,) = await gather(service)
        assert report.round.changed == 1
        assert (await service.store.sources.state(CITY)).honesty.lies == 0


async def test_pages_that_are_read_again_hide_no_gap(portal: Portal) -> None:
    put_pages(portal, *range(1, 30))
    async with portal.service_of(config(portal)) as service:
        for first in (1, 11):
            numbers = range(first, first + 8)
            portal.documents["/rss"] = feed(*(entry(portal, n, guid=f"g{n}") for n in numbers))
            await gather(service)
            portal.clock.advance(7200)
        state = await service.store.sources.state(CITY)
        assert portal.asked.count("/read/1") == 2  # read again, as it is young
        assert state.gaps == 1
        assert any("probably missed" in warning for warning in state.warnings)


class MovedPortal(Portal):
    """One whose feed is parked elsewhere, sooner or later."""

    def __init__(self) -> None:
        super().__init__()
        self.is_parked = False

    async def answer(self, request: web.Request) -> web.Response:
        if self.is_parked and request.path == "/rss":
            return web.Response(status=301, headers={"Location": "/parked"})
        return await super().answer(request)


async def test_pages_that_are_read_again_make_no_home_of_a_foreign_address(
    service_of: OpenService, clock: ManualClock
) -> None:
    portal = MovedPortal()
    async with answering(portal.answer) as portal.url:
        put_pages(portal, *range(1, 30))
        portal.documents["/rss"] = feed(*(entry(portal, n, guid=f"g{n}") for n in range(1, 9)))
        portal.documents["/parked"] = feed(*(entry(portal, n, guid=f"p{n}") for n in range(11, 15)))
        async with service_of(config(portal)) as service:
            await gather(service)
            portal.is_parked = True
            clock.advance(7200)
            (report,) = await gather(service)
            assert (report.round.new, report.round.unchanged) == (4, 8)
            move = (await service.store.sources.state(CITY)).move
            assert move is None or move.sightings == 0


async def test_one_poison_page_costs_only_itself(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Gatherer.read_article

    async def poisoned(
        self: Gatherer, source: Source, fetched: Fetched, listed: ListedItem | None = None
    ) -> object:
        if fetched.url.endswith("/read/2"):
            raise ValueError("odd data")
        return await real(self, source, fetched, listed)

    monkeypatch.setattr(Gatherer, "read_article", poisoned)
    put_pages(portal, 1, 2, 3)
    portal.documents["/rss"] = feed(*(entry(portal, n, guid=f"g{n}") for n in (3, 2, 1)))
    async with portal.service_of(config(portal, RULE)) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 3)
        state = await service.store.sources.state(CITY)
        (warning,) = (one for one in state.warnings if "broke our reader" in one)
        assert "ValueError" in warning
        assert [bool(one.body_html) for one in await articles(service)] == [True, False, True]


async def test_unchanged_though_nobody_asked_is_a_failure(portal: Portal, service_of: OpenService) -> None:
    portal.status["/rss"] = 304
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert (report.status, report.reason) == ("failed", "malformed")


async def test_a_poison_box_of_popular_articles_costs_only_itself(
    portal: Portal, service_of: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def poisoned(self: Gatherer, source: Source, fetched: Fetched) -> object:
        raise ValueError("odd data")

    monkeypatch.setattr(Gatherer, "read_popular", poisoned)
    put_pages(portal, 1)
    portal.documents["/rss"] = feed(entry(portal, 1, guid="g1"))
    portal.documents["/top"] = "<ol><li><a href='/read/1'>Berita 1</a></li></ol>"
    box = f'popular = {{ url = "{portal.url}/top", item = "li", title = "a", link = "a" }}'
    async with service_of(config(portal, f"{RULE}\n{box}")) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 1)
        warnings = (await service.store.sources.state(CITY)).warnings
        assert any("popular articles could not be read: it broke our reader" in one for one in warnings)


async def test_the_date_of_the_feed_is_told_with_what_the_feed_says_of_it(portal: Portal) -> None:
    portal.documents["/read/1"] = page(1, extra="<time datetime='2026-11-05T09:00:00+07:00'>pagi</time>")
    portal.documents["/rss"] = feed(entry(portal, 1))
    rule = 'article = { title = "h1", body = ".isi", date = "time@datetime" }'
    async with portal.service_of(config(portal, rule)) as service:
        await gather(service)
        (article,) = await articles(service)
    came = article.provenance
    assert article.published_at == NOON - timedelta(minutes=59)
    assert (came.claimed_date, came.claimed_at) == (
        "Thu, 05 Nov 2026 11:01:00 +0000",
        "2026-11-05T11:01:00+00:00",
    )
    assert (came.date_rule, came.read_from["published_at"]) == ("as claimed", "feed")


async def test_a_recording_that_only_the_feed_names_stays_with_its_article(portal: Portal) -> None:
    audio = f'<enclosure url="{portal.url}/1.mp3" type="audio/mpeg" length="99"/>'
    portal.documents["/rss"] = feed(entry(portal, 1, extra=audio))
    put_pages(portal, 1)
    async with portal.service_of(config(portal)) as service:
        for _ in range(2):  # its page is read again, too
            await gather(service)
            portal.clock.advance(3600)
            (article,) = await articles(service)
            assert article.enclosures == (
                Enclosure(url=f"{portal.url}/1.mp3", media_type="audio/mpeg", length_bytes=99),
            )
            assert "Isi lengkap" in article.body_html
            assert article.revision == 1
