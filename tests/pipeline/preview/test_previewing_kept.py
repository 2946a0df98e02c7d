"""A preview shows what a first round keeps: the same join, dates and pictures, the same counts."""

from datetime import timedelta

import pytest
from gather.portal_pages import Story
from pipeline.conftest import OpenService, Portal
from pipeline.full_text_world import RULE, config, entry, feed, page, put_pages
from pipeline.preview.preview_world import draft, dry_run
from pipeline.rounds.test_feed_round import gather
from support import NOON, ManualClock

from syndicator.model.article import Article, Candidate
from syndicator.model.ids import SourceId
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.preview import Preview, preview
from syndicator.pipeline.preview.toml_blocks import block
from syndicator.rules.dates.claimed_dates import published_at
from syndicator.rules.identity.addresses import clean_url
from syndicator.rules.identity.content_fingerprint import content_hash
from syndicator.rules.identity.identity import identify, url_key
from syndicator.service import Service

NEWS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
NEWS += 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


async def shown_and_kept(service: Service, clock: ManualClock) -> tuple[Preview, list[Article], int]:
    """Preview a source, then gather it; give what was shown, what is stored, and how many were new."""
    async with dry_run(clock) as context:
        shown = await preview(context, service.settings.sources[SourceId("city")], articles=50)
    (report,) = await gather(service)
    ids = [one.article_id for one in identify(shown.candidates)]
    kept = [one for one in await service.store.articles.get_many(list(dict.fromkeys(ids))) if one]
    assert len(kept) == await service.store.articles.count()
    return shown, kept, report.round.new


def as_kept(candidate: Candidate) -> tuple[object, ...]:
    published = published_at(candidate.published_at, first_seen=NOON, future=candidate.is_event)
    url = clean_url(candidate.canonical_url or candidate.url)
    return candidate.title, url, candidate.guid, published, content_hash(candidate)


def stored(article: Article) -> tuple[object, ...]:
    published = article.published_at.replace(microsecond=0)  # undated ones are a tick apart
    return article.title, article.url, article.guid, published, article.content_hash


async def test_a_feed_with_its_pages(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    put_pages(portal, 1, 2, 4)
    portal.documents["/read/2?utm_source=rss"] = page(2)
    ahead = (NOON + timedelta(hours=5)).isoformat()
    portal.documents["/read/5"] = page(5, extra=f"<time class='emb' datetime='{ahead}'></time>")
    section = (
        "<category>Ekonomi</category><dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>Ani</dc:creator>"
    )
    portal.documents["/rss"] = feed(
        entry(portal, 5, guid="g5"),
        entry(portal, 4, guid="same").replace("05 Nov 2026", "05 Nov 2027"),
        entry(portal, 3, guid="same"),
        entry(portal, 2, guid="g2", link="/read/2?utm_source=rss", extra=section),
        entry(portal, 1, guid="g1"),
        entry(portal, 1, guid="g1"),
    )
    rule = RULE.replace(" }", ', embargo = ".emb@datetime" }')
    async with service_of(config(portal, rule)) as service:
        shown, kept, new = await shown_and_kept(service, clock)
        assert await service.store.held.count() == shown.counts.held == 1
    assert shown.counts.new == new == len(kept) == 4
    assert (shown.counts.listed, shown.counts.known) == (6, 1)
    found = [one for one in shown.candidates if one.embargo_until is None]
    assert sorted(map(as_kept, found), key=str) == sorted(map(stored, kept), key=str)
    by_title = {one.title: one for one in shown.candidates}
    assert by_title["Berita 2"].authors == ("Ani",)
    assert "Isi lengkap" in by_title["Berita 2"].body_html
    assert by_title["Berita 2"].section == "Ekonomi"
    assert any("/read/3" in warning for warning in shown.warnings)


async def test_a_news_sitemap(portal: Portal, service_of: OpenService, clock: ManualClock) -> None:
    def line(number: int, told: bool) -> str:
        news = (
            "<news:news><news:publication><news:name>Kota</news:name><news:language>id</news:language>"
            f"</news:publication><news:publication_date>2026-11-05T1{number}:00:00Z</news:publication_date>"
            f"<news:title>Berita {number}</news:title></news:news>"
        )
        return f"<url><loc>{portal.url}/read/{number}?utm_source=x</loc>{news if told else ''}</url>"

    lines = "".join(line(number, told=number != 2) for number in (0, 1, 2, 1))
    portal.documents["/rss"] = f"<urlset {NEWS}>{lines}</urlset>"
    text = (
        config(portal, "").replace('"feed"', '"sitemap"').replace("full_text = true\n", "full_text = false\n")
    )
    async with service_of(text) as service:
        shown, kept, new = await shown_and_kept(service, clock)
    assert shown.counts.new == new == len(kept) == 2
    assert shown.counts.refused == 1
    assert any("without a headline: 1" in warning for warning in shown.warnings)
    found = {url_key(one.url): as_kept(one) for one in shown.candidates}
    assert sorted(found.values(), key=str) == sorted(map(stored, kept), key=str)


async def test_a_list_of_which_robots_forbids_a_page(portal: Portal) -> None:
    put_pages(portal, 1, 2, 3)
    rows = "".join(f"<li><a href='/read/{n}'>Berita {n}</a></li>" for n in (3, 2, 1))
    portal.documents["/rss"] = f"<html><body><ul>{rows}</ul></body></html>"
    portal.documents["/robots.txt"] = (
        "User-agent: *\nDisallow: /r\nAllow: /rss\nAllow: /read/\nDisallow: /read/2\n"
    )
    rules = f'list = {{ item = "li", url = "a" }}\nimages = "none"\n{RULE}'
    text = config(portal, rules).replace('"feed"', '"page"').replace("full_text = true\n", "")
    async with portal.service_of(text) as service:
        async with dry_run(portal.clock) as context:
            glance = await preview(context, service.settings.sources[SourceId("city")], articles=1)
        shown, kept, new = await shown_and_kept(service, portal.clock)
    assert shown.counts.new == new == len(kept) == 2
    assert shown.counts.refused == 1
    assert glance.counts == shown.counts  # what is not looked at is counted alike
    (warning,) = (each for each in shown.warnings if "robots.txt" in each)
    assert f"{portal.url}/read/2" in warning
    assert "Disallow: /read/2" in warning
    assert sorted(map(as_kept, shown.candidates), key=str) == sorted(map(stored, kept), key=str)


async def test_a_list_that_robots_forbids(portal: Portal) -> None:
    put_pages(portal, 1)
    portal.documents["/rss"] = "<html><body><ul><li><a href='/read/1'>Berita 1</a></li></ul></body></html>"
    portal.documents["/robots.txt"] = "User-agent: *\nDisallow: /rss\n"
    text = config(portal, f'list = {{ item = "li", url = "a" }}\n{RULE}')
    text = text.replace('"feed"', '"page"').replace("full_text = true\n", "")
    async with portal.service_of(text) as service, dry_run(portal.clock) as context:
        shown = await preview(context, service.settings.sources[SourceId("city")], articles=3)
    assert (shown.counts.new, shown.counts.refused) == (0, 1)
    assert shown.robots is not None
    assert shown.robots.rule == "Disallow: /rss"
    assert "/read/1" not in portal.asked


def put_list(portal: Portal, path: str, link: str) -> None:
    """Fill a list page of six stories, and the page of each."""
    stories = [Story(n) for n in range(6)]
    rows = "".join(
        f"<div class='kabar'><h3><a href='{link.format(n=s.n, slug=s.slug)}'>{s.title}</a></h3>"
        f"<span class='tgl'>{s.long_date}</span></div>"
        for s in stories
    )
    portal.documents[path] = f"<html lang='id'><body><div class='daftar'>{rows}</div></body></html>"
    for s in stories:
        portal.documents[link.format(n=s.n, slug=s.slug)] = (
            f"<html lang='id'><body><div class='artikel'><h1>{s.title}</h1><div class='tgl'>{s.long_date}</div>"
            f"<div class='isi-berita'>{s.text()}</div></div></body></html>"
        )


@pytest.mark.parametrize("kind", ["feed", "feed of leads", "sitemap", "page", "page by query"])
async def test_the_block_as_pasted_brings_what_was_shown(portal: Portal, kind: str) -> None:
    put_pages(portal, 1, 2, 3)
    path = "/index.php?kanal=1" if kind == "page by query" else "/"
    if kind.startswith("feed"):
        extra = f"<content:encoded><![CDATA[<p>{'Isi penuh. ' * 40}</p>]]></content:encoded>"
        text = feed(
            *(entry(portal, n, guid=f"g{n}", extra="" if "leads" in kind else extra) for n in (3, 2, 1))
        )
        text = text.replace("<rss ", "<rss xmlns:content='http://purl.org/rss/1.0/modules/content/' ")
        portal.documents["/rss"] = text
        portal.documents[path] = "<html><body><a href='/rss'>RSS</a></body></html>"
    elif kind == "sitemap":
        told = "".join(
            f"<url><loc>{portal.url}/read/{n}</loc><news:news><news:publication_date>2026-11-05T1{n}:00:00Z"
            f"</news:publication_date><news:title>Berita {n}</news:title></news:news></url>"
            for n in (1, 2)
        )
        portal.documents["/news.xml"] = f"<urlset {NEWS}>{told}</urlset>"
        portal.documents["/robots.txt"] = f"Sitemap: {portal.url}/news.xml\n"
        portal.documents[path] = "<html><body><h1>Kota</h1></body></html>"
    else:
        link = "/index.php?baca={n}&judul={slug}" if kind == "page by query" else "/read/{n}00000/{slug}"
        put_list(portal, path, link)
    async with dry_run(portal.clock) as context:
        found = await discover(context, draft(f"{portal.url}{path}"), articles=50)
    async with portal.service_of(block(found.preview.source, ())) as service:
        (report,) = await gather(service)
        ids = [one.article_id for one in identify(found.preview.candidates)]
        kept = [one for one in await service.store.articles.get_many(ids) if one]
    assert report.round.new == found.preview.counts.new == len(kept) > 1
    assert sorted(map(as_kept, found.preview.candidates), key=str) == sorted(map(stored, kept), key=str)
