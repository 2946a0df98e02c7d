"""A preview promises what gathering keeps, proposes what brings more, and asks politely."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from pipeline.conftest import Portal
from pipeline.preview.preview_world import draft
from pipeline.visiting_world import scripted

from syndicator.cli.preview.output import show_preview
from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.model.clock import system_clock
from syndicator.model.fetch import FetchFailed, FetchResult, Reason
from syndicator.model.source import ArticleRule, ListRule, Politeness, PopularRule, Source, SourceKind
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext, paced
from syndicator.pipeline.preview.finds import Discovery
from syndicator.pipeline.preview.preview import Preview, preview
from syndicator.pipeline.preview.toml_blocks import block

TEXT = (
    "<p>Pedagang datang sejak pagi dan pembeli menyusul kemudian, kata kepala pasar kepada para wartawan.</p>"
    "<p>Gedung baru itu berdiri di bekas lapangan, setelah pekerjaan yang memakan waktu hampir dua tahun.</p>"
    "<p>Wali kota meminta agar harga sewa kios tetap terjangkau bagi pedagang kecil dari desa sekitar.</p>"
    "<p>Mulai pekan depan, bus kota akan berhenti tepat di depan pintu masuk setiap sepuluh menit sekali.</p>"
)


async def found_at(context: DryRunContext, url: str) -> Discovery:
    return await discover(context, draft(url))


def rss(url: str, *dates: datetime) -> str:
    items = "".join(
        f"<item><title>Acara {n}</title><link>{url}/read/{n}/acara</link><description>Singkat.</description>"
        f"<pubDate>{date:%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
        for n, date in enumerate(dates)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Acara</title>{items}</channel></rss>'


def article(n: int) -> str:
    return (
        f"<!DOCTYPE html><html lang='id'><head><title>Acara {n}</title>"
        "<meta property='og:type' content='article'></head>"
        f"<body><article><h1>Acara {n}</h1>{TEXT}</article></body></html>"
    )


def shown_text(shown: Preview, capsys: pytest.CaptureFixture[str]) -> str:
    from syndicator.cli.context import console

    show_preview(console(), shown, 3)
    return capsys.readouterr().out


async def test_dates_ahead_are_proposed_as_meant_or_not_promised(
    context: DryRunContext, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    portal.documents["/rss"] = rss(portal.url, ahead, ahead + timedelta(days=1))
    discovery = await found_at(context, f"{portal.url}/rss")
    assert discovery.preview.source.future_dates
    assert "future_dates = true" in block(discovery.preview.source, ())
    assert any("most dates are ahead" in note for note in discovery.notes)
    kept = shown_text(discovery.preview, capsys)
    assert "over an hour" not in kept
    plain = await preview(context, draft(f"{portal.url}/rss"), articles=3)
    told = shown_text(plain, capsys)
    assert "over an hour in the future: the time of first sight counts (claimed: " in told
    # Of news one date ahead is a fault, and stays one.
    now = datetime.now(UTC)
    portal.documents["/news"] = rss(portal.url, now, now, ahead)
    assert not (await found_at(context, f"{portal.url}/news")).preview.source.future_dates


async def test_a_feed_of_leads_is_proposed_with_its_pages(context: DryRunContext, portal: Portal) -> None:
    now = datetime.now(UTC)
    portal.documents["/rss"] = rss(portal.url, now, now, now)
    portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /read/1/\n"
    portal.documents |= {f"/read/{n}/acara": article(n) for n in range(3)}
    discovery = await found_at(context, f"{portal.url}/rss")
    assert discovery.preview.source.full_text, (discovery.notes, discovery.preview.warnings)
    assert "full_text = true" in block(discovery.preview.source, ())
    assert any("the pages of 2 of 3 articles" in note for note in discovery.notes)
    assert sum("Pedagang datang" in one.body_html for one in discovery.preview.candidates) == 2
    assert "/read/1/acara" not in portal.asked
    assert discovery.preview.robots is not None
    for n in range(3):
        del portal.documents[f"/read/{n}/acara"]
    assert not (await found_at(context, f"{portal.url}/rss")).preview.source.full_text


async def test_of_an_index_the_sitemap_of_news_is_proposed(context: DryRunContext, portal: Portal) -> None:
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    spaces += 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    children = "".join(
        f"<sitemap><loc>{portal.url}/{name}.xml</loc><lastmod>{date}</lastmod></sitemap>"
        for name, date in (
            ("pages", "2026-11-23"),
            ("old-news", "2024-01-01"),
            ("news", "2026-11-23"),
        )
    )
    portal.documents["/sitemap.xml"] = f"<sitemapindex {spaces}>{children}</sitemapindex>"
    portal.documents["/robots.txt"] = "User-agent: *\nCrawl-delay: 7\n"
    told = (
        "<news:news><news:publication><news:name>Kota</news:name><news:language>id</news:language>"
        "</news:publication><news:publication_date>2026-11-23T10:00:00Z</news:publication_date>"
        "<news:title>Pasar dibuka</news:title></news:news>"
    )
    portal.documents["/news.xml"] = (
        f"<urlset {spaces}><url><loc>{portal.url}/read/1/a</loc>{told}</url></urlset>"
    )
    discovery = await found_at(context, f"{portal.url}/sitemap.xml")
    source = discovery.preview.source
    assert (source.url, source.language) == (f"{portal.url}/news.xml", "id")
    assert discovery.preview.robots is not None
    assert discovery.preview.robots.crawl_delay_s == 7
    assert "/old-news.xml" not in portal.asked
    assert "/pages.xml" not in portal.asked


async def test_a_row_of_sitemaps_keeps_its_index(context: DryRunContext, portal: Portal) -> None:
    child = f"<sitemap><loc>{portal.url}/news-2026-11.xml</loc></sitemap>"
    portal.documents["/sitemap.xml"] = f"<sitemapindex>{child}</sitemapindex>"
    told = "<n:news><n:title>Pasar dibuka</n:title></n:news>"
    spaces = 'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    portal.documents["/news-2026-11.xml"] = (
        f"<urlset {spaces}><url><loc>{portal.url}/read/1/a</loc>{told}</url></urlset>"
    )
    discovery = await found_at(context, f"{portal.url}/sitemap.xml")
    assert discovery.preview.source.url == f"{portal.url}/sitemap.xml"


async def test_pauses_are_kept_and_bounded() -> None:
    waits: list[float] = []

    async def fetch(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        return FetchFailed(requested_url=url, reason=Reason.CONNECT, detail="", fetched_at=system_clock())

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    pauses: dict[str, float] = {}
    ask = paced(fetch, pauses, sleep)
    source = draft("http://kota.example/")
    for _ in range(2):
        await ask(source, "http://kota.example/a")
    assert waits == []
    pauses["kota.example"] = 60.0
    await ask(source, "http://kota.example/b")
    await ask(source, "http://lain.example/")
    assert [round(wait) for wait in waits] == [5]
    often = replace(source, politeness=Politeness(per_minute=20))
    await ask(often, "http://lain.example/b")
    assert round(waits[-1]) == 3


async def test_a_bare_date_of_today_is_found_and_words_without_a_name_are_told(
    context: DryRunContext, portal: Portal
) -> None:
    today = datetime.now(UTC) + timedelta(hours=7)
    rows = "".join(f"<li><a href='/read/{n}/acara'>Acara {n} di alun-alun kota</a></li>" for n in range(3))
    portal.documents["/berita"] = f"<!DOCTYPE html><html><body><ul>{rows}</ul></body></html>"
    for n in range(3):
        portal.documents[f"/read/{n}/acara"] = (
            f"<!DOCTYPE html><html><body><h1>Acara {n}</h1><i>{today:%Y-%m-%d}</i><b>redaksi@kota.example</b>"
            f"<div class='isi'>{TEXT}</div></body></html>"
        )
    source = replace(
        draft(f"{portal.url}/berita"),
        kind=SourceKind.PAGE,
        list=ListRule(item="li", url="a"),
        article=ArticleRule(title="h1", date="i", authors="b", body=".isi"),
    )
    shown = await preview(context, source, articles=3)
    (date,) = [one for one in shown.yields if one.key == "article.date"]
    assert (date.found, date.of) == (3, 3)
    assert "of today: no time" in date.sample
    assert "article.date" not in shown.missing
    (authors,) = [one for one in shown.yields if one.key == "article.authors"]
    assert authors.found == 0
    told = [*shown.missing, *shown.warnings]
    assert any("article.authors" in one for one in told)


async def test_a_bare_date_of_today_in_a_popular_box_is_shown_as_written(
    context: DryRunContext, portal: Portal
) -> None:
    today = datetime.now(UTC) + timedelta(hours=7)
    rows = f"<li><a href='/read/1'>Acara di alun-alun kota</a> <i>{today:%d-%m-%Y}</i></li>"
    portal.documents["/berita"] = f"<!DOCTYPE html><html><body><ul>{rows}</ul></body></html>"
    source = replace(
        draft(f"{portal.url}/berita"),
        kind=SourceKind.PAGE,
        list=ListRule(item="li", url="a"),
        popular=PopularRule(item="li", date="i"),
    )
    (date,) = [
        one for one in (await preview(context, source, articles=0)).yields if one.key == "popular.date"
    ]
    assert date.sample == f"{today:%d-%m-%Y} (as written: no time)"


async def test_where_robots_txt_cannot_be_had_no_article_page_is_read(
    context: DryRunContext, portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    portal.status["/robots.txt"] = 503
    portal.documents["/list"] = "<ul><li><a href='/read/1/acara'>Acara 1</a></li></ul>"
    portal.documents["/read/1/acara"] = article(1)
    listing = ListRule(item="li")
    source = replace(
        draft(f"{portal.url}/list"),
        kind=SourceKind.PAGE,
        list=listing,
        article=ArticleRule(title="h1", body="article"),
    )
    shown = await preview(context, source, articles=3)
    assert (shown.robots, shown.candidates) == (None, ())
    assert "/read/1/acara" not in portal.asked
    assert any(f"{portal.url}/robots.txt could not be had" in one for one in shown.warnings)
    assert "robots.txt could not be read: pages are gathered only once" in shown_text(shown, capsys)
    portal.status["/robots.txt"] = 404
    later = dataclasses.replace(context, robots={})
    assert len((await preview(later, source, articles=3)).candidates) == 1


async def test_what_leads_to_a_forbidden_page_is_not_promised(context: DryRunContext) -> None:
    async with scripted() as portal:
        now = datetime.now(UTC)
        portal.say("/rss", rss(portal.url(""), now))
        portal.say("/robots.txt", "User-agent: *\nDisallow: /private\n")
        portal.say("/read/0/acara", status=302, Location="/private")
        portal.say("/private", article(0))
        shown = await preview(context, replace(draft(portal.url("/rss")), full_text=True), articles=3)
        assert "/private" not in portal.asked
    assert "Pedagang" not in shown.candidates[0].body_html
    assert any("not to read" in one and "it leads to" in one for one in shown.warnings)


async def test_selectors_are_made_of_no_page_that_a_redirect_leads_to_and_robots_forbids(
    context: DryRunContext,
) -> None:
    async with scripted() as portal:
        links = "".join(
            f"<li><h2><a href='/read/{9000 + n}/acara-besar-dibuka'>Acara besar nomor {n} dibuka di kota</a></h2></li>"
            for n in range(8)
        )
        portal.say("/", f"<!DOCTYPE html><html><body><ul class=terbaru>{links}</ul></body></html>")
        portal.say("/robots.txt", "User-agent: *\nDisallow: /private\n")
        portal.say("/read/9000/acara-besar-dibuka", status=302, Location="/private")
        portal.say("/private", article(0))
        for number in range(1, 8):
            portal.say(f"/read/{9000 + number}/acara-besar-dibuka", article(number))
        shown = await discover(context, draft(portal.url("/")), articles=1)
        assert "/private" not in portal.asked
    assert any("it leads to" in one and "not to read" in one for one in shown.notes)


async def test_what_opens_a_source_is_not_shown_to_robots_txt(context: DryRunContext) -> None:
    async with scripted() as portal:
        portal.say("/rss", rss(portal.url(""), datetime.now(UTC)))
        portal.say("/read/0/acara", article(0))
        source = replace(
            draft(portal.url("/rss")), full_text=True, headers={"Authorization": "Bearer x", "Cookie": "a=b"}
        )
        await preview(context, source, articles=1)
        asked = dict(zip(portal.asked, portal.headers, strict=True))
    assert asked["/rss"]["Authorization"] == asked["/read/0/acara"]["Authorization"] == "Bearer x"
    assert not {"Authorization", "Cookie"} & asked["/robots.txt"].keys()
