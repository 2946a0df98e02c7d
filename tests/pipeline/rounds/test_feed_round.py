"""Rounds of a feed: what is new, what is not, and what goes wrong."""

from datetime import timedelta

from pipeline.conftest import OpenService, Portal
from support import NOON, ManualClock

from syndicator.model.ids import FeedId, SourceId
from syndicator.pipeline.sources.gather_step import SourceReport
from syndicator.pipeline.steps import JobReport
from syndicator.schedule.runner import Runner
from syndicator.service import Service

CITY = SourceId("city")


def rss(*numbers: int, edited: int | None = None) -> str:
    items = "".join(
        f"<item><title>Berita {number}{' (ralat)' if number == edited else ''}</title>"
        f"<link>https://city.example/{number}?utm_source=rss</link><guid>g{number}</guid>"
        f"<pubDate>Thu, 05 Nov 2026 1{number % 2}:0{number % 10}:00 +0000</pubDate>"
        f"<description>Isi berita {number}.</description></item>"
        for number in numbers
    )
    return f'<rss version="2.0"><channel><title>Kota</title><link>https://city.example/</link>{items}</channel></rss>'


def config(portal: Portal, path: str = "/rss") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}{path}"\n'
        'schedule = { every = "5m" }\n[feed.latest]\ntitle = "Terbaru"\n'
    )


async def gather(service: Service) -> list[SourceReport]:
    """Gather what is due, by the loop that the service runs."""
    reports: list[JobReport] = []
    runner = Runner(service.gather_step, capacity=8, clock=service.clock, on_report=reports.append)
    await runner.run(until_empty=True)
    return [report for report in reports if isinstance(report, SourceReport)]


async def test_rounds_tell_new_from_known(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1, 2)
    async with portal.service_of(config(portal)) as service:
        (first,) = await gather(service)
        assert (first.status, first.round.new) == ("ok", 2)
        assert await gather(service) == []
        portal.clock.advance(300)
        portal.documents["/rss"] = rss(1, 2, 3, edited=1)
        (second,) = await gather(service)
        assert (second.round.new, second.round.changed, second.round.unchanged) == (1, 1, 1)
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        assert sorted(entry.article.title for entry in snapshot.entries) == [
            "Berita 1 (ralat)",
            "Berita 2",
            "Berita 3",
        ]


async def test_an_unchanged_feed_is_not_read_again(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1)
    portal.etags["/rss"] = '"one"'
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(300)
        (by_validator,) = await gather(service)
        assert by_validator.status == "unchanged"
        del portal.etags["/rss"]
        portal.clock.advance(300)
        (by_body,) = await gather(service)
        assert by_body.status == "unchanged"
        state = await service.store.sources.state(CITY)
        assert (state.failures, state.last_success_at) == (0, portal.clock.now)


async def test_a_failing_source_says_why_slows_down_and_comes_back(portal: Portal) -> None:
    async with portal.service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert (report.status, report.reason) == ("failed", "http_404")
        for _ in range(3):
            portal.clock.advance(7 * 3600)
            await gather(service)
        state = await service.store.sources.state(CITY)
        assert state.failures == 4
        assert state.failure is not None
        assert state.failure.reason == "http_404"
        assert "4 failed rounds" in state.due_because
        portal.documents["/rss"] = rss(1)
        portal.clock.advance(7 * 3600)
        (healed,) = await gather(service)
        assert (healed.status, healed.round.new) == ("ok", 1)
        assert (healed.event, dict(healed.fields)["failed_rounds"]) == ("source_recovered", 4)
        portal.clock.advance(300)
        (usual,) = await gather(service)
        assert (usual.event, usual.quiet) == ("source_gathered", True)
        assert (await service.store.sources.state(CITY)).failure is None


async def test_what_is_no_feed_is_a_clear_failure(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/rss"] = "<!doctype html><html><body>Maaf</body></html>"
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert report.reason == "not_a_feed"


async def test_one_failing_source_costs_the_others_nothing(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/rss"] = rss(1)
    broken = '[source.broken]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "5m" }\n'
    async with service_of(config(portal) + broken) as service:
        reports = {report.source: report for report in await gather(service)}
        assert reports[CITY].status == "ok"
        assert reports[SourceId("broken")].reason == "connect"


async def test_the_first_round_is_listed_by_its_own_dates_and_a_late_find_is_not_buried(
    portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    portal.documents["/rss"] = rss(2, 3, 4)
    async with service_of(config(portal)) as service:
        await gather(service)
        clock.advance(6 * 3600)
        portal.documents["/rss"] = rss(2, 3, 4, 5, 6)
        await gather(service)
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        assert [entry.article.title for entry in snapshot.entries][:2] != ["Berita 3", "Berita 4"]
        assert {entry.article.title for entry in snapshot.entries[:2]} == {"Berita 5", "Berita 6"}
        for entry in snapshot.entries[:2]:
            assert entry.article.published_at < NOON


async def test_a_changed_description_is_due_at_once_and_drops_its_validators(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1)
    portal.documents["/new"] = rss(1, 2)
    portal.etags = {"/rss": '"same"', "/new": '"same"'}
    async with portal.service_of(config(portal)) as service:
        await gather(service)
    async with portal.service_of(config(portal, "/new")) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 1)


def undated(*numbers: int, link: str = "https://city.example/{}", guid: bool = False) -> str:
    items = "".join(
        f"<item><title>Berita {n}</title><link>{link.format(n)}</link>{f'<guid>v{n}</guid>' if guid else ''}</item>"
        for n in numbers
    )
    return f'<rss version="2.0"><channel><title>x</title><link>https://city.example/</link>{items}</channel></rss>'


async def test_entries_that_share_a_link_are_articles_of_their_own(portal: Portal) -> None:
    portal.documents["/rss"] = undated(3, 2, 1, link="https://city.example/log", guid=True)
    async with portal.service_of(config(portal)) as service:
        (first,) = await gather(service)
        assert first.round.new == 3
        portal.clock.advance(300)
        portal.documents["/rss"] = undated(4, 3, 2, 1, link="https://city.example/log", guid=True)
        (second,) = await gather(service)
        assert (second.round.new, second.round.changed, second.round.unchanged) == (1, 0, 3)


async def test_articles_without_a_date_keep_the_order_of_their_feed(portal: Portal) -> None:
    portal.documents["/rss"] = undated(*range(9, 0, -1))
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        assert [entry.article.title for entry in snapshot.entries] == [f"Berita {n}" for n in range(9, 0, -1)]


async def test_what_is_still_listed_stays_known_however_long_nothing_changes(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1, 2)
    portal.etags["/rss"] = '"same"'
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        for _ in range(10):
            portal.clock.advance(20 * 86400)
            await gather(service)
            await service.store.articles.sweep(portal.clock(), timedelta(days=90), 100)
            await service.store.articles.identities.sweep(portal.clock(), timedelta(days=180))
        portal.documents["/rss"] = rss(1, 2, 3)
        portal.etags["/rss"] = '"other"'
        portal.clock.advance(300)
        (report,) = await gather(service)
        assert report.round.new == 1


async def test_old_articles_of_a_first_round_are_kept_as_long_as_any(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1).replace("2026", "2024")
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        keep = timedelta(days=90)
        assert await service.store.articles.sweep(portal.clock(), keep, 100) == []
        portal.clock.advance(91 * 86400)
        assert len(await service.store.articles.sweep(portal.clock(), keep, 100)) == 1


async def test_what_was_odd_stays_told_while_nothing_changes(portal: Portal) -> None:
    portal.documents["/rss"] = rss(1).replace("</channel>", "<item></item></channel>")
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        told = (await service.store.sources.state(CITY)).warnings
        assert "entry 2 skipped: it has neither link nor guid nor title nor text" in told
        portal.clock.advance(300)
        (report,) = await gather(service)
        assert report.status == "unchanged"
        assert (await service.store.sources.state(CITY)).warnings == told
