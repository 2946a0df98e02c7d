"""Following list pages to their end: an empty last page, little time, and links that lead elsewhere."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from support import NOON

from syndicator.model.ids import FeedId, SourceId
from syndicator.pipeline.rounds import page_round
from syndicator.service import Service

CITY = SourceId("city")


def config(portal: Portal, extra: str = "", host: str = "") -> str:
    url = portal.url.replace("127.0.0.1", host) if host else portal.url
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "page"\nurl = "{url}/"\nschedule = {{ every = "5m" }}\n'
        'list = { item = "li.item", url = "a", title = "a", next = "a.next" }\n'
        f'article = {{ title = "h1", body = ".isi", date = "time@datetime" }}\n{extra}\n'
        '[feed.latest]\ntitle = "Terbaru"\n'
    )


def put_list(
    portal: Portal, path: str, numbers: Sequence[int], *, following: str = "", box: str = ""
) -> None:
    rows = "".join(f'<li class="item"><a href="/read/{n}">Berita {n}</a></li>' for n in numbers)
    more = f'<a class="next" href="{following}">lagi</a>' if following else ""
    portal.documents[path] = f"<html><body><ul>{rows}</ul>{more}<ol>{box}</ol></body></html>"


def put_article(portal: Portal, number: int, *, age: timedelta = timedelta(hours=1)) -> None:
    portal.documents[f"/read/{number}"] = (
        f'<html><body><h1>Berita {number}</h1><time datetime="{(NOON - age).isoformat()}"></time>'
        f"<div class=isi><p>Isi lengkap nomor {number} yang cukup panjang.</p></div></body></html>"
    )


async def titles(service: Service) -> list[str]:
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    return [entry.article.title for entry in snapshot.entries]


async def test_a_list_may_end_in_a_page_without_articles(portal: Portal, service_of: OpenService) -> None:
    put_list(portal, "/", (2, 1), following="/p2")
    portal.documents["/p2"] = "<html><body><p>Tidak ada berita lagi.</p></body></html>"
    put_article(portal, 1)
    put_article(portal, 2, age=timedelta(minutes=5))
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
        assert (report.status, report.round.new) == ("ok", 2)
        assert await titles(service) == ["Berita 2", "Berita 1"]
        state = await service.store.sources.state(CITY)
    (warning,) = state.warnings
    assert warning.startswith("list page 2 could not be read: ")


async def test_a_first_page_without_articles_is_a_failure(portal: Portal, service_of: OpenService) -> None:
    portal.documents["/"] = "<html><body><p>Tidak ada berita.</p></body></html>"
    async with service_of(config(portal)) as service:
        (report,) = await gather(service)
    assert (report.status, report.reason) == ("failed", "empty")


async def test_lists_leave_time_for_articles(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of lists is over at once: the first page is read all the same, and what it names."""
    monkeypatch.setattr(page_round, "listing_until", lambda _notes: 0.0)
    put_list(portal, "/", (2,), following="/p2")
    put_list(portal, "/p2", (1,))
    put_article(portal, 2)
    async with portal.service_of(config(portal)) as service:
        (report,) = await gather(service)
    assert (report.status, report.round.new) == ("ok", 1)
    assert "/p2" not in portal.asked


async def test_links_of_the_box_to_other_portals_are_no_articles(portal: Portal) -> None:
    port = urlsplit(portal.url).port
    box = (
        f'<li><a href="http://localhost:{port}/read/7">Iklan besar</a></li>'
        '<li><a href="/read/3">Berita 3</a></li>'
    )
    put_list(portal, "/", (1,), box=box)
    for number in (1, 3, 7):
        put_article(portal, number)
    popular = 'popular = { item = "ol li", title = "a", link = "a" }'
    async with portal.service_of(config(portal, popular)) as service:
        (report,) = await gather(service)
        assert report.round.new == 2
        assert sorted(await titles(service)) == ["Berita 1", "Berita 3"]
    assert "/read/7" not in portal.asked


async def test_what_is_left_for_the_next_round_is_not_called_known(portal: Portal) -> None:
    put_list(portal, "/", (5, 4, 3, 2, 1))
    for number in range(1, 6):
        put_article(portal, number)
    async with portal.service_of(config(portal, "max_articles = 2")) as service:
        (first,) = await gather(service)
        assert (first.round.new, first.round.unchanged) == (2, 0)
        portal.clock.advance(300)
        (second,) = await gather(service)
        assert (second.round.new, second.round.unchanged) == (2, 2)
