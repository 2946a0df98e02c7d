"""Portals whose design changes: each selector that finds nothing any more is named, until it finds something."""

import json
from pathlib import Path

from pipeline.conftest import Portal
from pipeline.rounds.test_feed_round import gather
from pipeline.sources.test_source_memory import PAGES, state_of
from structlog.testing import capture_logs
from support import ManualClock
from warm_program import run

from syndicator.service import Service

EVERYTHING = PAGES.replace(
    'list = {{ item = "li" }}', 'list = {{ item = "li", url = "a", section = "b" }}'
).replace(
    "[feed.latest]",
    '[source.city.popular]\nurl = "{url}/top"\nitem = "li"\ntitle = "a"\nviews = "i"\n[feed.latest]',
)


class Redesigned:
    """A portal with one new article in each round, and with a box on a page of its own."""

    def __init__(self, portal: Portal, service: Service, clock: ManualClock) -> None:
        self._portal, self._service, self._clock = portal, service, clock
        self._number = 0

    async def round(self, *, old: bool, new_article: bool = True) -> str:
        """Gather once, in the old design or in the new one; give what is told of selectors."""
        self._number += new_article
        section, views, quote = (
            ("<b>Kota</b>", "<i>12</i>", "<blockquote>Surut.</blockquote>") if old else [""] * 3
        )
        link = f'<a href="/read/{self._number}">Berita {self._number}</a>'
        self._portal.documents["/list"] = f"<ul><li>{link}{section}</li></ul>"
        self._portal.documents["/top"] = f"<ol><li>{link}{views}</li></ol>"
        for number in range(1, self._number + 1):
            text = f"<h1>Berita</h1>{quote}<div class=isi><p>Isi {number}.</p></div>"
            self._portal.documents[f"/read/{number}"] = text
        await gather(self._service)
        self._clock.advance(300)
        return " ".join(one for one in (await state_of(self._service)).warnings if "selectors" in one)


async def test_parts_of_list_article_and_box_are_named_until_they_are_found_again(portal: Portal) -> None:
    async with portal.service_of(EVERYTHING.format(url=portal.url)) as service:
        world = Redesigned(portal, service, portal.clock)
        assert await world.round(old=True) == ""
        assert [await world.round(old=False) for _ in range(2)] == ["", ""]
        lost = []
        for rounds in (3, 4, 5):
            with capture_logs() as logged:
                warnings = await world.round(old=False)
            for name in ("article.quote", "list.section", "popular.views"):
                assert f"{name} (for {rounds} rounds)" in warnings
            lost += [line["selectors"] for line in logged if line["event"] == "selectors_find_nothing"]
        assert lost == ["article.quote, list.section, popular.views"], "once, however long it lasts"
        with capture_logs() as logged:
            assert await world.round(old=True) == ""
        assert "selectors_find_again" in [line["event"] for line in logged]


async def test_an_article_that_lacks_a_part_is_no_redesign_however_often_it_is_read(portal: Portal) -> None:
    async with portal.service_of(PAGES.format(url=portal.url)) as service:
        world = Redesigned(portal, service, portal.clock)
        await world.round(old=True)
        for _ in range(12):
            assert await world.round(old=False, new_article=False) == ""


async def test_the_commands_name_what_is_lost(portal: Portal, tmp_path: Path) -> None:
    async with portal.service_of(EVERYTHING.format(url=portal.url)) as service:
        world = Redesigned(portal, service, portal.clock)
        for old in (True, False, False, False):
            await world.round(old=old)
    (folder,) = tmp_path.glob("config-*")
    lost = "article.quote, list.section, popular.views"
    _, out, _ = await run(folder, "sources", "list", "--json")
    (item,) = json.loads(out)["items"]
    assert item["find_nothing"] == lost
    _, out, _ = await run(folder, "sources", "list")
    assert "failing selectors" in out.splitlines()[0]
    assert lost in out
    _, out, _ = await run(folder, "sources", "show", "city")
    assert "selectors find nothing any more: article.quote (for 3 rounds), list.section" in out
