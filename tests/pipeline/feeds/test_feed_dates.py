"""When entries and feeds say that they changed: whatever joins, leaves and comes back."""

import json
from typing import Any

import feedparser
from lxml import etree
from pipeline.articles.test_withdrawals import withdraw
from pipeline.conftest import OpenService
from pipeline.stories.test_copies_and_stories import FIRE, telling, text
from support import ManualClock, grouping_admitter

from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, FeedId
from syndicator.service import Service

LATEST = FeedId("latest")
CONFIG = '[feed.latest]\ntitle = "Terbaru"\nper = "story"\n'
ATOM = "{http://www.w3.org/2005/Atom}"


async def item(service: Service) -> dict[str, Any]:
    """Return the only entry, as JSON Feed has it; check that all formats date it and the feed alike."""
    shown: dict[str, Any] = json.loads((await service.publisher.rendition(LATEST, Format.JSON)).body)
    entry: dict[str, Any]
    (entry,) = shown["items"]
    assert await dates(service, Format.ATOM) == await dates(service, Format.NINJS)
    (at,) = (await dates(service, Format.ATOM))[1:]
    assert at == entry["date_modified"]
    return entry


async def dates(service: Service, form: Format) -> list[str]:
    """Return when the feed and each entry changed, whole seconds."""
    body = (await service.publisher.rendition(LATEST, form)).body
    if form is Format.NINJS:
        told = json.loads(body)
        usable = [one for one in told["associations"] if one["pubStatus"] == "usable"]
        return [one["versionCreated"] for one in (told, *usable)]
    found = etree.fromstring(body).iterfind(f"{ATOM}entry/{ATOM}updated")
    whole = [f"{one.text[:19]}+00:00" for one in found if one.text]
    return [await feed_date(service), *whole]


async def feed_date(service: Service) -> str:
    body = (await service.publisher.rendition(LATEST, Format.RSS)).body
    parts = feedparser.parse(body).feed.updated_parsed
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00".format(*parts[:6])


async def tell(service: Service, clock: ManualClock, number: int, source: str) -> ArticleId:
    told = grouping_admitter(service.store, service.publisher.specs.values(), clock)
    one = telling(number, source, FIRE, f"{FIRE} {text(1)}")
    (admitted,) = await told.admit([one])
    return admitted.article_id


async def test_an_entry_that_loses_a_teller_says_that_it_changed(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        await tell(service, clock, 1, "wire")
        clock.advance(600)
        other = await tell(service, clock, 2, "city")
        both, of_feed = await item(service), await feed_date(service)
        assert "https://city.example/2" in both["content_html"]
        clock.advance(600)
        await withdraw(service, other)
        alone = await item(service)
        assert "https://city.example/2" not in alone["content_html"]
        assert alone["date_modified"] > both["date_modified"]
        assert await feed_date(service) > of_feed


async def test_nothing_goes_back_when_a_withdrawal_is_taken_back(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        await tell(service, clock, 1, "wire")
        other = await tell(service, clock, 2, "city")
        clock.advance(600)
        await withdraw(service, other)
        alone, of_feed = await item(service), await feed_date(service)
        clock.advance(600)
        assert await service.withdrawer.restore(other)
        again = await item(service)
        assert again["date_modified"] > alone["date_modified"]
        assert await feed_date(service) > of_feed


async def test_dates_hold_where_nothing_changed_in_every_process_and_after_a_start(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        await tell(service, clock, 1, "wire")
        other = await tell(service, clock, 2, "city")
        await withdraw(service, other)
        before = [await service.publisher.rendition(LATEST, form) for form in Format]
    clock.advance(600)
    async with service_of(CONFIG) as one, service_of(CONFIG) as another:
        await one.store.feeds.touch([LATEST], clock())
        for service in (another, one):
            after = [await service.publisher.rendition(LATEST, form) for form in Format]
            assert [shown.digest for shown in after] == [shown.digest for shown in before]


async def test_an_entry_that_comes_back_is_not_older_than_it_was(
    service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(CONFIG) as service:
        first = await tell(service, clock, 1, "wire")
        other = await tell(service, clock, 2, "city")
        clock.advance(600)
        await withdraw(service, other)
        alone = await item(service)
        await withdraw(service, first)
        await service.publisher.rendition(LATEST, Format.ATOM)
        clock.advance(600)
        assert await service.withdrawer.restore(first)
        again = await item(service)
        assert again["id"] == alone["id"]
        assert again["date_modified"] >= alone["date_modified"]
