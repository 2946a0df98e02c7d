"""What a new source brings is stored and shown; endpoints are told of its news alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import gather
from support import NOON

from syndicator.model.ids import ArticleId, FeedId
from syndicator.service import Service

DAY = timedelta(days=1)


def feed(items: Sequence[tuple[str, datetime | None]]) -> str:
    entries = "".join(
        f"<item><title>Berita {name}</title><link>https://city.example/{name}</link>"
        + (f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} +0000</pubDate>" if at else "")
        + "</item>"
        for name, at in items
    )
    return f'<rss version="2.0"><channel><title>Kota</title><link>https://city.example/</link>{entries}</channel></rss>'


def config(portal: Portal, more: str = "") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}/rss"\n{more}'
        'schedule = { every = "5m" }\n[feed.latest]\ntitle = "Terbaru"\n'
    )


async def announced(service: Service) -> list[str]:
    entries = await service.store.outbox.after("", 100)
    found = await service.store.articles.get_many([ArticleId(entry.event.subject) for entry in entries])
    return sorted(one.title.removeprefix("Berita ") for one in found if one)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", ["baru", "tanpa-tanggal"]),
        ('announce_age = "3d"\n', ["baru", "kemarin", "tanpa-tanggal"]),
        ('announce_age = "0s"\n', ["tanpa-tanggal"]),
    ],
)
async def test_a_first_gathering_is_in_feeds_and_announced_where_it_is_young(
    portal: Portal, service_of: OpenService, more: str, expected: list[str]
) -> None:
    listed = [
        ("tanpa-tanggal", None), ("baru", NOON - DAY / 2), ("kemarin", NOON - 2.5 * DAY), ("lama", NOON - 30 * DAY),
    ]  # fmt: skip
    portal.documents["/rss"] = feed(listed)
    async with service_of(config(portal, more)) as service:
        (report,) = await gather(service)
        assert report.round.new == 4
        snapshot = await service.publisher.snapshot(FeedId("latest"))
        assert len(snapshot.entries) == 4
        assert await announced(service) == expected


async def test_later_rounds_announce_what_is_new_however_old_it_is(portal: Portal) -> None:
    portal.documents["/rss"] = feed([("satu", NOON - 3 * DAY)])
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(300)
        portal.documents["/rss"] = feed([("dua", NOON - 2 * DAY), ("satu", NOON - 3 * DAY)])
        await gather(service)
        assert await announced(service) == ["dua"]


async def test_a_source_that_is_back_after_a_long_pause_announces_what_is_young(portal: Portal) -> None:
    portal.documents["/rss"] = feed([("satu", NOON - 3 * DAY)])
    async with portal.service_of(config(portal)) as service:
        await gather(service)
        portal.clock.advance(9 * 86400)
        portal.documents["/rss"] = feed([("empat", NOON + 8.5 * DAY), ("tiga", NOON + 4 * DAY)])
        (report,) = await gather(service)
        assert report.round.new == 2
        assert await announced(service) == ["empat"]
        portal.clock.advance(300)
        portal.documents["/rss"] = feed([("lima", NOON + 5 * DAY), ("empat", NOON + 8.5 * DAY)])
        await gather(service)
        assert await announced(service) == ["empat", "lima"]
