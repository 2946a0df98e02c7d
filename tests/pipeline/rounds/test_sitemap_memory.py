"""What rounds of sitemaps remember: leftovers, the archive, validators, and dates that cannot be believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from pipeline.rounds.test_sitemap_round import SELECTORS, articles, config, plain_map
from support import NOON, ManualClock, answering

from syndicator.model.ids import SourceId
from syndicator.pipeline.rounds import sitemap_listing, sitemap_round
from syndicator.pipeline.rounds.sitemap_round import SitemapRound
from syndicator.pipeline.sources.round_result import ListedCount, Outcome
from syndicator.rules.sources import validator_trust
from syndicator.service import Service

CITY = SourceId("city")


def undated(url: str, numbers: Sequence[int]) -> str:
    rows = "".join(f"<url><loc>{url}/read/{number}</loc></url>" for number in numbers)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'


def undated_index(url: str, *paths: str) -> str:
    rows = "".join(f"<sitemap><loc>{url}{path}</loc></sitemap>" for path in paths)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'


def put_article(portal: Portal, number: int, *, at: datetime | None = None, text: str = "") -> None:
    dated = f'<meta property="article:published_time" content="{at.isoformat()}">' if at else ""
    portal.documents[f"/read/{number}"] = (
        f"<html><head>{dated}</head><body><h1>Berita {number}</h1><div class=isi>"
        f"<p>{text or f'Isi lengkap nomor {number} yang cukup panjang.'}</p></div></body></html>"
    )


async def rounds(service: Service, clock: ManualClock, count: int, every_s: float = 300) -> list[int]:
    """Gather some rounds; give how many new articles each brought."""
    brought = []
    for _ in range(count):
        (report,) = await gather(service)
        assert report.status != "failed"
        brought.append(report.round.new)
        clock.advance(every_s)
    return brought


async def test_what_is_left_does_not_wait_behind_validators(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = undated(portal.url, range(1, 7))
    portal.etags["/sitemap.xml"] = '"one"'
    for number in range(1, 7):
        put_article(portal, number)
    async with portal.service_of(config(portal, f"max_articles = 2\n{SELECTORS}")) as service:
        assert await rounds(service, portal.clock, 4) == [2, 2, 2, 0]
        state = await service.store.sources.state(CITY)
        assert state.etag == '"one"'


async def test_a_page_that_is_soon_tried_again_is_waited_for(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = undated(portal.url, (1, 2))
    portal.etags["/sitemap.xml"] = '"one"'
    put_article(portal, 1)
    portal.status["/read/2"] = 503
    async with portal.service_of(config(portal, SELECTORS)) as service:
        assert await rounds(service, portal.clock, 2) == [1, 0]
        portal.status.clear()
        put_article(portal, 2)
        assert await rounds(service, portal.clock, 2) == [0, 1]  # it failed twice: its pause is ten minutes


async def test_a_page_that_is_gone_is_not_waited_for(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = undated(portal.url, (1, 2))
    portal.etags["/sitemap.xml"] = '"one"'
    put_article(portal, 1)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        await rounds(service, portal.clock, 12, every_s=3600)
        state = await service.store.sources.state(CITY)
        assert state.etag == '"one"'


async def test_what_the_first_round_could_not_read_is_no_archive(portal: Portal) -> None:
    entries = [(number, NOON - timedelta(days=age)) for number, age in ((1, 1), (2, 4), (3, 6))]
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *entries)
    put_article(portal, 1)
    portal.status |= {"/read/2": 503, "/read/3": 503}
    async with portal.service_of(config(portal, SELECTORS)) as service:
        assert await rounds(service, portal.clock, 1, every_s=86500) == [1]
        portal.status.clear()
        put_article(portal, 2)
        put_article(portal, 3)
        assert await rounds(service, portal.clock, 1) == [2]
        state = await service.store.sources.state(CITY)
        assert state.archive_before == NOON - timedelta(days=6)


async def test_an_archive_that_is_dated_anew_takes_its_own_place(portal: Portal) -> None:
    def dated_anew() -> str:
        return plain_map(portal.url, *((number, portal.clock.now) for number in range(1, 6)))

    put_article(portal, 1, at=NOON - timedelta(hours=2))
    old = NOON - timedelta(days=1000)
    for number in range(2, 6):
        put_article(portal, number, at=old)
    entries = [(1, NOON - timedelta(hours=2)), *((number, old) for number in range(2, 6))]
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *entries)
    async with portal.service_of(config(portal, f"max_articles = 1\n{SELECTORS}")) as service:
        assert await rounds(service, portal.clock, 1, every_s=86400) == [1]
        portal.documents["/sitemap.xml"] = dated_anew()
        assert await rounds(service, portal.clock, 4) == [1, 1, 1, 1]
        found = await articles(service)
    assert found[0].title == "Berita 1"
    assert {one.listed_at for one in found[1:]} == {old}


async def test_a_backfill_in_portions_is_listed_by_its_own_dates(portal: Portal) -> None:
    dates = {number: NOON - timedelta(days=40 - number) for number in range(1, 5)}
    portal.documents["/sitemap.xml"] = undated(portal.url, list(dates))
    for number, at in dates.items():
        put_article(portal, number, at=at)
    async with portal.service_of(config(portal, f"max_articles = 2\n{SELECTORS}")) as service:
        assert await rounds(service, portal.clock, 2) == [2, 2]
        found = await articles(service)
    assert {one.title: one.listed_at for one in found} == {f"Berita {n}": at for n, at in dates.items()}


async def test_an_index_without_dates_is_not_left_at_its_first_sitemap(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = undated_index(portal.url, "/a.xml", "/b.xml")
    portal.documents["/a.xml"] = undated(portal.url, (1, 2))
    portal.documents["/b.xml"] = undated(portal.url, (3,))
    for number in range(1, 6):
        put_article(portal, number)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        assert await rounds(service, portal.clock, 1) == [3]
        portal.documents["/b.xml"] = undated(portal.url, (3, 4, 5))
        assert await rounds(service, portal.clock, 1) == [2]


async def test_of_a_long_index_without_dates_each_sitemap_has_its_turn(portal: Portal) -> None:
    paths = [f"/{number}.xml" for number in range(8)]
    portal.documents["/sitemap.xml"] = undated_index(portal.url, *paths)
    for number, path in enumerate(paths):
        portal.documents[path] = undated(portal.url, (number,))
        put_article(portal, number)
    async with portal.service_of(config(portal, f"max_pages = 3\n{SELECTORS}")) as service:
        for _ in range(80):
            portal.asked.clear()
            await rounds(service, portal.clock, 1)
            read = [path for path in portal.asked if path in paths]
            assert len(read) == 3
            assert read[:2] == ["/7.xml", "/0.xml"]
            if await service.store.articles.count() == len(paths):
                break
        assert await service.store.articles.count() == len(paths)


async def test_dates_of_an_index_that_nobody_keeps_are_looked_behind_once_a_day(portal: Portal) -> None:
    stale = (NOON - timedelta(days=300)).isoformat()
    portal.documents["/sitemap.xml"] = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap>'
        f"<loc>{portal.url}/a.xml</loc><lastmod>{stale}</lastmod></sitemap></sitemapindex>"
    )
    portal.documents["/a.xml"] = plain_map(portal.url, (1, NOON))
    put_article(portal, 1)
    put_article(portal, 2)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        assert await rounds(service, portal.clock, 1) == [1]
        portal.documents["/a.xml"] = plain_map(portal.url, (2, portal.clock.now), (1, NOON))
        assert await rounds(service, portal.clock, 1, every_s=86400) == [0]
        assert await rounds(service, portal.clock, 1) == [1]


async def test_sitemaps_of_an_index_leave_time_for_articles(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.documents["/sitemap.xml"] = undated_index(portal.url, "/a.xml")
    portal.documents["/a.xml"] = undated(portal.url, (1,))
    put_article(portal, 1)
    async with service_of(config(portal, SELECTORS)) as service:
        with monkeypatch.context() as patched:
            patched.setattr(sitemap_listing, "listing_until", lambda _notes: 0.0)
            assert await rounds(service, clock, 1) == [0]
        assert "/a.xml" not in portal.asked
        assert await rounds(service, clock, 1) == [1]


async def test_a_foreign_sitemap_does_not_pass_for_our_own(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes: list[Outcome] = []
    real = SitemapRound.gather

    async def noted(self: SitemapRound, *args: object) -> Outcome:
        outcomes.append(await real(self, *args))  # type: ignore[arg-type] # passed on as they come
        return outcomes[-1]

    monkeypatch.setattr(SitemapRound, "gather", noted)
    portal.documents["/sitemap.xml"] = undated(portal.url, (1, 2))
    for number in (1, 2, *range(100, 120)):
        put_article(portal, number)
    async with service_of(config(portal, f"max_articles = 5\n{SELECTORS}")) as service:
        await rounds(service, clock, 1)
        portal.documents["/sitemap.xml"] = undated(portal.url, range(100, 120))
        await rounds(service, clock, 1)
    foreign = outcomes[-1]
    assert foreign.listed == ListedCount(total=20)
    assert (foreign.poll.new, foreign.poll.known) == (5, 0)


async def test_a_time_of_change_that_is_that_of_the_answer_has_nothing_read_again(portal: Portal) -> None:
    def always_now() -> str:
        return plain_map(portal.url, *((number, portal.clock.now) for number in range(8)))

    for number in range(8):
        put_article(portal, number)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        portal.documents["/sitemap.xml"] = always_now()
        await rounds(service, portal.clock, 1, every_s=10 * 86400)
        portal.asked.clear()
        for _ in range(5):
            portal.documents["/sitemap.xml"] = always_now()
            await rounds(service, portal.clock, 1)
    # Ten days old; each is due for a last look, as all are, and not once more.
    assert max((portal.asked.count(f"/read/{number}") for number in range(8)), default=0) <= 1


async def corrected(portal: Portal, service: Service, clock: ManualClock, changed: int, all_of: int) -> int:
    """Correct some pages, and give how many of them a round finds at once that is not due to read any."""
    entries = [(number, clock.now - timedelta(minutes=1)) for number in range(changed)]
    entries += [(number, NOON - timedelta(hours=30)) for number in range(changed, all_of)]
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *entries)
    for number in range(changed):
        put_article(portal, number, at=NOON - timedelta(hours=30), text="Isi yang diralat oleh redaksi.")
    (report,) = await gather(service)
    return report.round.changed


@pytest.mark.parametrize(("changed", "found"), [(2, 2), (5, 0)])
async def test_what_the_sitemap_calls_changed_is_read_again_unless_it_says_so_of_most(
    portal: Portal, service_of: OpenService, clock: ManualClock, changed: int, found: int
) -> None:
    at = NOON - timedelta(hours=30)
    portal.documents["/sitemap.xml"] = plain_map(portal.url, *((number, at) for number in range(6)))
    for number in range(6):
        put_article(portal, number, at=at)
    async with service_of(config(portal, SELECTORS)) as service:
        await rounds(service, clock, 1)
        assert await corrected(portal, service, clock, changed, 6) == found


async def test_a_sitemap_that_lies_about_changes_is_found_out(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validator_trust, "ONE_IN", 1)
    monkeypatch.setattr(validator_trust, "ONE_IN_AT_FIRST", 1)
    portal.documents["/sitemap.xml"] = undated(portal.url, (1,))
    portal.etags["/sitemap.xml"] = '"always the same"'
    put_article(portal, 1)
    put_article(portal, 2)
    async with service_of(config(portal, SELECTORS)) as service:
        await rounds(service, clock, 1)
        portal.documents["/sitemap.xml"] = undated(portal.url, (1, 2))
        assert await rounds(service, clock, 1) == [1]
        state = await service.store.sources.state(CITY)
        assert (state.honesty.checks, state.honesty.lies) == (1, 1)


async def test_young_pages_are_read_again_while_the_sitemap_stays_as_it_is(portal: Portal) -> None:
    portal.documents["/sitemap.xml"] = undated(portal.url, (1,))
    portal.etags["/sitemap.xml"] = '"one"'
    put_article(portal, 1)
    async with portal.service_of(config(portal, SELECTORS)) as service:
        await rounds(service, portal.clock, 1)
        put_article(portal, 1, text="Isi yang diralat oleh redaksi.")
        (report,) = await gather(service)
        assert (report.status, report.round.changed) == ("unchanged", 1)


async def test_unchanged_is_no_answer_to_what_was_not_asked(portal: Portal, service_of: OpenService) -> None:
    portal.status["/sitemap.xml"] = 304
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
    assert (report.status, report.reason) == ("failed", "malformed")


async def test_what_is_looked_up_in_portions_is_whole(
    portal: Portal, service_of: OpenService, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap_round, "PORTION", 2)
    portal.documents["/sitemap.xml"] = undated(portal.url, range(7))
    for number in range(7):
        put_article(portal, number)
    async with service_of(config(portal, f"max_articles = 3\n{SELECTORS}")) as service:
        assert await rounds(service, clock, 3) == [3, 3, 1]
        portal.documents["/sitemap.xml"] = undated(portal.url, range(8))
        put_article(portal, 7)
        assert await rounds(service, clock, 1) == [1]


async def test_a_move_is_not_forgotten_while_nothing_changes(portal: Portal) -> None:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently(f"{portal.url}/new.xml")

    portal.documents["/new.xml"] = undated(portal.url, (1,))
    portal.etags["/new.xml"] = '"one"'
    put_article(portal, 1)
    async with (
        answering(moved, "/sitemap.xml") as old,
        portal.service_of(config(portal, SELECTORS).replace(f"{portal.url}/", f"{old}/")) as service,
    ):
        await rounds(service, portal.clock, 1)
        (report,) = await gather(service)
        state = await service.store.sources.state(CITY)
    assert report.status == "unchanged"
    assert state.move is not None
    assert state.move.target == f"{portal.url}/new.xml"
