"""What rounds note of popularity: places in a box, and comments that a feed counts."""

import math

import pytest
from pipeline.conftest import Portal
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.rounds.test_page_round import config as page_config
from pipeline.rounds.test_page_round import put_article, put_list

from syndicator.model.feed import Window
from syndicator.model.signal import SignalKind
from syndicator.service import Service


async def counted(service: Service, kind: SignalKind) -> dict[str, float]:
    """Give what was counted of all articles, by title."""
    places, _ = await service.store.articles.timeline(["all"], 10)
    ids = [place.article_id for place in places]
    sums = (await service.store.signals.sums(ids, [Window.ALL], service.clock()))[Window.ALL]
    heads = await service.store.articles.get_many(ids, bodies=False)
    return {
        head.title: found[kind] for head, found in zip(heads, sums, strict=True) if head and kind in found
    }


async def test_a_place_in_the_box_counts_for_as_long_as_it_stood(portal: Portal) -> None:
    def box(*numbers: int) -> str:
        return "".join(f'<li><a href="/read/{n}">Berita {n}</a></li>' for n in numbers)

    for number in (1, 2, 3):
        put_article(portal, number)
    put_list(portal, 3, 2, 1, box=box(1, 2))
    async with portal.service_of(page_config(portal)) as service:
        await gather(service)
        first = await counted(service, SignalKind.BOX)
        assert first == {
            "Berita 1": pytest.approx(5 / 60),
            "Berita 2": pytest.approx(5 / 60 / math.log2(3)),
        }
        portal.clock.advance(600)
        put_list(portal, 3, 2, 1, box=box(3, 1))
        await gather(service)
        second = await counted(service, SignalKind.BOX)
        assert second["Berita 3"] == pytest.approx(10 / 60)
        assert second["Berita 1"] == pytest.approx(5 / 60 + 10 / 60 / math.log2(3))
        assert second["Berita 2"] == first["Berita 2"]


async def test_comments_count_by_what_they_grew(portal: Portal) -> None:
    def commented(count: int) -> str:
        slash = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
        return rss(1, 2).replace("</item>", f"<slash:comments {slash}>{count}</slash:comments></item>", 1)

    portal.documents["/rss"] = commented(4)
    async with portal.service_of(feed_config(portal)) as service:
        await gather(service)
        portal.clock.advance(300)
        portal.documents["/rss"] = commented(9)
        await gather(service)
        assert await counted(service, SignalKind.COMMENTS) == {"Berita 1": 9}
