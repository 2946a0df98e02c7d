"""All that can be gathered at an address: every kind, why one is proposed, names that tell finds apart."""

import asyncio
import dataclasses

import pytest
from pipeline.conftest import Portal
from pipeline.preview.preview_world import draft
from pipeline.preview.test_discovery import FEED, SITEMAP, page

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.gather.proposals.discovery import How
from syndicator.model.fetch import FetchResult
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext
from syndicator.pipeline.preview.finds import (
    BARE,
    DiscoveredSource,
    Discovery,
    Merit,
    distinct_title,
    merit_of,
)

NEWS = (
    "<url><loc>{url}/read/1/pasar</loc><news:news><news:title>Pasar dibuka</news:title>"
    "<news:publication_date>2025-11-20T10:00:00+07:00</news:publication_date></news:news></url>"
)
KAMPUNGS = ("Melati", "Cempaka", "Kenanga", "Mawar", "Anggrek", "Dahlia", "Teratai", "Flamboyan")


async def whole_at(context: DryRunContext, url: str, within_s: float = 30.0) -> Discovery:
    return await discover(context, draft(url), whole_within_s=within_s)


def build(portal: Portal) -> None:
    """Let a portal have two feeds, a news sitemap and a list of articles."""
    rows = ""
    for n, kampung in enumerate(KAMPUNGS, 1):
        headline = f"Warga Kampung {kampung} membersihkan saluran air menjelang hujan"
        path = f"/read/{n}/warga-kampung-{kampung.lower()}"
        date = f"<time datetime='2026-11-0{n}T08:00+08:00'>0{n}/11/2026 08.00 WITA</time>"
        rows += f"<li class='row'><h2><a href='{path}'>{headline}</a></h2>{date}</li>"
        text = f"<p>Warga {kampung} datang sejak pagi dan pedagang menyusul kemudian.</p>" * 9
        portal.documents[path] = page(body=f"<h1>{headline}</h1>{date}<div>{text}</div>", title=headline)
    head = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="/rss/{path}">' for path in ("utama", "bola")
    )
    portal.documents["/"] = page(head, f"<ul class='latest'>{rows}</ul>")
    for path in ("utama", "bola"):
        portal.documents[f"/rss/{path}"] = FEED.format(title="Kabar Kota", url=portal.url)
    portal.documents["/robots.txt"] = f"Sitemap: {portal.url}/sitemap-berita.xml"
    portal.documents["/sitemap-berita.xml"] = SITEMAP.format(urls=NEWS.format(url=portal.url))


async def test_every_kind_is_found_the_feed_first(context: DryRunContext, portal: Portal) -> None:
    build(portal)
    found = await whole_at(context, f"{portal.url}/")
    assert [(one.kind, one.how, one.url.removeprefix(portal.url)) for one in found.found] == [
        (SourceKind.FEED, How.LINK, "/rss/utama"),
        (SourceKind.FEED, How.LINK, "/rss/bola"),
        (SourceKind.SITEMAP, How.ROBOTS, "/sitemap-berita.xml"),
        (SourceKind.PAGE, How.STRUCTURE, "/"),
    ]
    assert found.found[3].entries == len(KAMPUNGS)
    assert found.found[3].newest is not None
    assert found.found[3].newest.isoformat() == "2026-11-08T00:00:00+00:00"
    assert found.preview.source.kind is SourceKind.FEED
    assert merit_of(found.found) is Merit.FIRST_FEED


async def test_a_search_that_is_not_whole_ends_with_the_feeds(context: DryRunContext, portal: Portal) -> None:
    build(portal)
    found = await discover(context, draft(f"{portal.url}/"))
    assert {one.kind for one in found.found} == {SourceKind.FEED}
    assert "/sitemap-berita.xml" not in portal.asked


def hanging(context: DryRunContext, *paths: str) -> DryRunContext:
    """Let a portal never answer for some of its paths."""

    async def fetch(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        if url.endswith(paths):
            await asyncio.Event().wait()
        return await context.fetch(source, url, gate=gate)

    return dataclasses.replace(context, fetch=fetch)


async def test_a_slow_portal_shows_what_was_found_in_time(context: DryRunContext, portal: Portal) -> None:
    build(portal)
    await whole_at(context, f"{portal.url}/")  # the pool of parsers has started
    slow = hanging(context, "/sitemap-berita.xml")
    found = await whole_at(slow, f"{portal.url}/", within_s=5.0)
    assert [one.kind for one in found.found] == [SourceKind.FEED, SourceKind.FEED]
    assert "the search ended after 5 s: there may be more" in found.notes
    with pytest.raises(TimeoutError):
        await whole_at(hanging(context, "/rss/utama"), f"{portal.url}/", within_s=0.5)
    with pytest.raises(TimeoutError):
        await whole_at(hanging(context, "/"), f"{portal.url}/", within_s=0.5)


def find(kind: SourceKind, path: str, title: str | None = "Kabar", how: How = How.LINK) -> DiscoveredSource:
    return DiscoveredSource(kind=kind, url=f"https://kabar.example{path}", how=how, title=title, entries=3)


FEED_FIND, OTHER_FEED = find(SourceKind.FEED, "/rss"), find(SourceKind.FEED, "/rss/bola")
NEWS_FIND, PAGE_FIND = find(SourceKind.SITEMAP, "/news.xml", None), find(SourceKind.PAGE, "/")
BARE_FIND = find(SourceKind.SITEMAP, "/sitemap.xml", BARE)
BROKEN = DiscoveredSource(
    kind=SourceKind.FEED, url="https://kabar.example/x", how=How.LINK, problem="http_404"
)


@pytest.mark.parametrize(
    ("ranked", "merit"),
    [
        ([find(SourceKind.FEED, "/rss", how=How.ITSELF)], Merit.ITSELF),
        ([FEED_FIND, BROKEN], Merit.ONLY),
        ([FEED_FIND, PAGE_FIND], Merit.FEED),
        ([FEED_FIND, OTHER_FEED, PAGE_FIND], Merit.FIRST_FEED),
        ([NEWS_FIND, PAGE_FIND], Merit.NEWS_SITEMAP),
        ([PAGE_FIND, BARE_FIND], Merit.PAGE),
        ([BARE_FIND, BARE_FIND], Merit.BARE),
    ],
)
def test_the_merit_of_the_best_is_told(ranked: list[DiscoveredSource], merit: Merit) -> None:
    assert merit_of(ranked) is merit


@pytest.mark.parametrize(
    ("path", "others", "title"),
    [
        ("/rss", ("/rss/bola",), "Kabar"), ("/rss/bola", ("/rss", "/rss/ekonomi"), "Kabar – bola"),
        ("/bola/rss.xml", ("/bola/news/rss.xml", "/ekonomi/rss.xml"), "Kabar – bola"),
        ("/feed?kanal=bola", ("/feed?kanal=ekonomi",), "Kabar – bola"), ("/rss/bola", (), "Kabar"),
    ],
)  # fmt: skip
def test_finds_of_one_title_are_told_apart(path: str, others: tuple[str, ...], title: str) -> None:
    one = find(SourceKind.FEED, path)
    others_found = [find(SourceKind.FEED, other, " KABAR") for other in others]
    assert distinct_title(one, "Kabar", [one, *others_found]) == title
