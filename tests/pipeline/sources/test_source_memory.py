"""What a source's rounds learn of it: moves, lies, gaps, redesigns, its end, and what it asks of us."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import CITY, config, gather, rss
from support import NOON, ManualClock, answering

from syndicator.model.article import Article
from syndicator.model.ids import FeedId
from syndicator.model.ops.states import SourceStanding
from syndicator.model.source import SourceState
from syndicator.pipeline.articles.explanation import explain
from syndicator.pipeline.sources.gather_step import SourceReport
from syndicator.pipeline.sources.source_control import Choice
from syndicator.rules.sources import validator_trust
from syndicator.rules.sources.cadence import GONE
from syndicator.service import Service


async def state_of(service: Service) -> SourceState:
    return await service.store.sources.state(CITY)


async def articles(service: Service) -> Sequence[Article]:
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    return [entry.article for entry in snapshot.entries]


def adaptive(portal: Portal) -> str:
    return config(portal).replace('every = "5m"', 'adaptive = true, min = "1m", max = "1h"')


def hinted(portal: Portal) -> str:
    return config(portal).replace("schedule = ", "hints = true\nschedule = ")


async def test_a_source_that_is_gone_is_asked_no_more_until_it_is_resumed(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.status["/rss"] = 410
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert report.reason == "http_410"
        clock.advance(30 * 86400)
        await service.sync_configuration()  # as every start does
        assert await gather(service) == []
        shown = await service.queries.source(CITY)
        assert (shown.health.kind, shown.health.why) == (SourceStanding.STOPPED, GONE)
        assert shown.state.due_because == f"stopped: {GONE}"
        del portal.status["/rss"]
        portal.documents["/rss"] = rss(1)
        assert await service.source_control.resume(Choice(sources=(CITY,)))
        (report,) = await gather(service)
        assert (report.round.new, (await state_of(service)).stopped) == (1, None)


async def test_a_changed_description_starts_a_stopped_source_again(
    portal: Portal, service_of: OpenService
) -> None:
    portal.status["/rss"] = 410
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
    portal.documents["/new"] = rss(1)
    async with service_of(config(portal, "/new")) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert report.round.new == 1


async def test_a_paused_source_rests(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    portal.documents["/rss"] = rss(1)
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        assert await service.source_control.pause(Choice(sources=(CITY,)))
        clock.advance(86400)
        assert await gather(service) == []
        assert portal.asked == []


async def test_what_the_server_asks_is_kept_and_told(
    service_of: OpenService, portal: Portal, clock: ManualClock
) -> None:
    async def feed(request: web.Request) -> web.Response:
        return web.Response(text=rss(1), headers={"Cache-Control": "max-age=1800"})

    async with answering(feed, "/rss") as portal.url, service_of(hinted(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        state = await state_of(service)
        assert state.next_due_at is not None
        assert state.next_due_at >= clock.now + timedelta(minutes=30)
        assert "max-age=1800" in state.due_because
        assert state.due_because.startswith("every 5m, but")


async def test_an_adaptive_source_learns_and_says_when_it_missed_something(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1, 2, 3)
    async with service_of(adaptive(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        before = (await state_of(service)).interval_s
        clock.advance(3600)
        portal.documents["/rss"] = rss(11, 12, 13)
        (report,) = await gather(service)
        state = await state_of(service)
        assert (report.round.new, report.round.unchanged, state.gaps) == (3, 0, 1)
        assert before is not None
        assert state.interval_s is not None
        assert state.interval_s < before or state.interval_s == 60
        assert any("probably missed" in warning for warning in state.warnings)
        assert state.due_because.startswith("adaptive: ")


async def until_checked(service: Service, clock: ManualClock) -> SourceReport:
    """Go on until an unchanged answer was checked: one in five is, by chance.

    Of one in a hundred, none would be checked in a day now and then, and after a day all is read anyway.
    """
    before = (await state_of(service)).honesty.checks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validator_trust, "ONE_IN", validator_trust.ONE_IN_AT_FIRST)
        for _ in range(200):
            clock.advance(300)
            (report,) = await gather(service)
            if (await state_of(service)).honesty.checks > before:
                return report
    raise AssertionError("200 unchanged answers were believed")


async def test_validators_that_lie_are_found_out(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"never changes"'
    async with service_of(config(portal)) as service:
        await service.sync_configuration()
        await gather(service)
        assert (await until_checked(service, clock)).status == "unchanged"
        portal.documents["/rss"] = rss(1, 2)
        await until_checked(service, clock)
        state = await state_of(service)
        assert (state.honesty.checks, state.honesty.lies) == (2, 1)
        assert state.honesty.distrusted_until is not None
        portal.documents["/rss"] = rss(1, 2, 3)
        clock.advance(300)
        (distrusted,) = await gather(service)
        assert distrusted.round.new == 1
        assert any("nothing had changed" in one for one in (await state_of(service)).warnings)


LIST = '<ul><li><a href="/read/{number}">Berita {number}</a></li></ul>'
PAGES = """
[source.city]
title = "Kota"
kind = "page"
url = "{url}/list"
schedule = {{ every = "5m" }}
list = {{ item = "li" }}
article = {{ title = "h1", body = ".isi", quote = "blockquote" }}
[feed.latest]
title = "Terbaru"
"""


async def test_a_redesign_is_noticed_after_three_rounds(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    old = "<h1>Berita</h1><div class=isi><p>Isi yang panjang.</p></div>"
    new = "<h1>Berita</h1><main><p>Isi yang sama panjangnya, di tempat lain sekarang.</p></main>"
    async with service_of(PAGES.format(url=portal.url)) as service:
        await service.sync_configuration()
        told: list[bool] = []
        for number in range(5):
            portal.documents["/list"] = LIST.format(number=number)
            portal.documents[f"/read/{number}"] = (old if number == 0 else new).replace("h1>", "h1>", 1)
            portal.documents = {
                path: text for path, text in portal.documents.items() if path in {"/list", f"/read/{number}"}
            }
            await gather(service)
            warnings = (await state_of(service)).warnings
            told.append(any("find nothing any more: article.body" in one for one in warnings))
            clock.advance(300)
    assert told == [False, False, False, True, True]


async def test_a_redesign_does_not_overwrite_what_was_read_well(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/list"] = LIST.format(number=1)
    portal.documents["/read/1"] = "<h1>Berita</h1><div class=isi><p>Isi yang panjang.</p></div>"
    async with service_of(PAGES.format(url=portal.url)) as service:
        await service.sync_configuration()
        await gather(service)
        elsewhere = "".join(
            f"<p>Paragraf {number} berisi kalimat yang cukup panjang tentang banjir di kota ini.</p>"
            for number in range(6)
        )
        portal.documents["/read/1"] = f"<h1>Berita</h1><main>{elsewhere}</main>"
        clock.advance(3600)
        (report,) = await gather(service)
        (article,) = await articles(service)
        assert (report.round.changed, article.revision) == (0, 1)
        assert article.body_html == "<p>Isi yang panjang.</p>"
        assert any("stays as it was" in one for one in (await state_of(service)).warnings)


async def test_a_listed_page_that_is_dead_is_not_asked_for_in_every_round(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/list"] = LIST.format(number=1)
    async with service_of(PAGES.format(url=portal.url)) as service:
        await service.sync_configuration()
        for _ in range(6):
            await gather(service)
            clock.advance(300)
    assert portal.asked.count("/list") == 6
    assert portal.asked.count("/read/1") == 3  # at once, after 5 and after 15 minutes


async def test_an_article_tells_where_it_comes_from(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"one"'
    second = config(portal).replace("source.city", "source.copy").split("[feed.")[0]
    async with service_of(config(portal) + second) as service:
        await service.sync_configuration()
        await gather(service)
        (article,) = await articles(service)
        told = await explain(service.store, article.id, list(service.settings.sources))
    assert told is not None
    came = told.article.provenance
    assert (came.requested_url, came.status, came.etag) == (f"{portal.url}/rss", 200, '"one"')
    assert came.fetched_at == clock.now
    assert came.claimed_date == "Thu, 05 Nov 2026 11:01:00 +0000"
    assert came.claimed_at == "2026-11-05T11:01:00+00:00"
    assert came.date_rule.startswith("as claimed")
    assert came.rules
    assert set(told.carried) == {"city", "copy"}
    assert list(told.carried.values()) == [NOON, NOON]
    assert any("utm_source" in change.received for change in came.changes)


FULL_TEXT = '\nfull_text = true\narticle = { title = "h1", body = ".isi" }\n'


def full(portal: Portal) -> str:
    return config(portal).replace("\n[feed", FULL_TEXT + "[feed", 1)


def local_rss(portal: Portal, *numbers: int) -> str:
    return rss(*numbers).replace("https://city.example/", f"{portal.url}/")


async def test_a_feed_of_leads_gets_its_texts_from_the_pages(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = local_rss(portal, 1)
    portal.documents["/1?utm_source=rss"] = "<h1>Berita 1</h1><div class=isi><p>Seluruh isi berita.</p></div>"
    async with service_of(full(portal)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        (article,) = await articles(service)
        assert report.round.new == 1
        assert "Seluruh isi berita." in article.body_html
        assert (article.guid, article.title) == ("g1", "Berita 1")
        clock.advance(300)
        portal.documents["/rss"] = local_rss(portal, 1) + "<!-- changed -->"
        (second,) = await gather(service)
        assert (second.round.new, second.round.changed) == (0, 0)


async def test_where_the_page_cannot_be_read_the_feed_speaks(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/rss"] = local_rss(portal, 1)
    async with service_of(full(portal)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        (article,) = await articles(service)
        assert report.round.new == 1
        assert (article.title, article.lead) == ("Berita 1", "Isi berita 1.")
        assert any("http_404" in warning for warning in (await state_of(service)).warnings)


async def test_robots_txt_is_heeded_for_pages(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /read/\n"
    portal.documents["/list"] = LIST.format(number=1)
    portal.documents["/read/1"] = "<h1>Berita</h1><div class=isi><p>Isi.</p></div>"
    async with service_of(PAGES.format(url=portal.url)) as service:
        await service.sync_configuration()
        (report,) = await gather(service)
        assert report.round.new == 0
        assert any("robots" in warning for warning in (await state_of(service)).warnings)
    assert "/read/1" not in portal.asked


@pytest.mark.parametrize("future", [False, True])
async def test_a_date_ahead_is_believed_of_events_alone(
    portal: Portal, service_of: OpenService, clock: ManualClock, *, future: bool
) -> None:
    portal.documents["/rss"] = rss(1).replace("05 Nov 2026", "24 Dec 2026")
    meant = f"\nfuture_dates = {str(future).lower()}\n[feed"
    async with service_of(config(portal).replace("\n[feed", meant, 1)) as service:
        await service.sync_configuration()
        await gather(service)
        (article,) = await articles(service)
    assert article.published_at.day == (24 if future else clock.now.day)
    assert article.listed_at == clock.now
