"""What is found at an address: feeds by every way in which portals tell of them."""

import dataclasses
from pathlib import Path

import pytest
import tomli
from msgspec.structs import replace
from pipeline.conftest import Portal
from pipeline.preview.preview_world import draft

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.errors import NotReadable
from syndicator.gather.proposals.discovery import How
from syndicator.model.fetch import Fetched, FetchResult, Redirect
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import ArticleRule, PopularRule, Source, SourceKind
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext
from syndicator.pipeline.preview.finds import Discovery, NothingFound
from syndicator.pipeline.preview.preview import preview
from syndicator.pipeline.preview.toml_blocks import block, free_name, settings_block
from syndicator.pipeline.sources.round_result import RoundFailed
from syndicator.settings import load

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>{url}/</link>
<language>id</language><item><title>Pasar dibuka</title><link>{url}/read/1/pasar-dibuka</link>
<pubDate>Mon, 23 Nov 2026 10:00:00 +0700</pubDate></item></channel></rss>"""


async def found_at(context: DryRunContext, url: str, wanted: SourceKind | None = None) -> Discovery:
    return await discover(context, draft(url), wanted=wanted)


def page(head: str = "", body: str = "", *, title: str = "Kabar") -> str:
    return (
        f"<!DOCTYPE html><html lang='id'><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    )


async def test_a_feed_is_found_at_its_own_address(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/rss"] = FEED.format(title="Kabar Kota", url=portal.url)
    discovery = await found_at(context, f"{portal.url}/rss")
    (found,) = discovery.found
    assert (found.how, found.kind, found.entries, found.title) == (
        How.ITSELF,
        SourceKind.FEED,
        1,
        "Kabar Kota",
    )
    assert found.newest is not None
    assert discovery.preview.source.title == "Kabar Kota"
    assert [one.title for one in discovery.preview.candidates] == ["Pasar dibuka"]


@pytest.mark.parametrize(
    ("offset", "zone", "notes"),
    [
        ("+0700", "Asia/Jakarta", []),
        ("+0800", "Asia/Makassar", ['timezone = "Asia/Makassar": its dates are written in that zone']),
        ("+0900", "Asia/Jayapura", ['timezone = "Asia/Jayapura": its dates are written in that zone']),
        ("+0200", "Asia/Jakarta", []),
    ],
)
async def test_a_portal_of_another_indonesian_zone_has_its_own(
    offset: str, zone: str, notes: list[str], context: DryRunContext, portal: Portal
) -> None:
    portal.documents["/rss"] = FEED.format(title="Kabar", url=portal.url).replace("+0700", offset)
    discovery = await found_at(context, f"{portal.url}/rss")
    of_zones = [note for note in discovery.notes if note.startswith("timezone")]
    assert (discovery.preview.source.timezone, of_zones) == (zone, notes)


async def test_each_announced_feed_is_tried_and_the_best_is_shown(
    context: DryRunContext, portal: Portal
) -> None:
    head = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{path}" title="{title}">'
        for path, title in (("/comments/feed", "Komentar"), ("/gone", "Lama"), ("/rss", "Berita"))
    )
    portal.documents["/"] = page(head)
    portal.documents["/comments/feed"] = FEED.format(title="Komentar Kota", url=portal.url)
    portal.documents["/rss"] = FEED.format(title="Kabar Kota", url=portal.url)
    discovery = await found_at(context, f"{portal.url}/")
    assert [(one.url.removeprefix(portal.url), one.problem) for one in discovery.found] == [
        ("/rss", None),
        ("/comments/feed", None),
        ("/gone", "http_404"),
    ]
    assert discovery.preview.source.url == f"{portal.url}/rss"


async def test_well_known_paths_are_tried_last_and_politely(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/berita"] = page(body='<a href="/tentang">Tentang</a>')
    portal.documents["/feed"] = page(body="not a feed")
    portal.documents["/rss.xml"] = FEED.format(title="Kabar Kota", url=portal.url)
    discovery = await found_at(context, f"{portal.url}/berita")
    (found,) = discovery.found
    assert (found.how, found.url) == (How.WELL_KNOWN, f"{portal.url}/rss.xml")
    assert portal.asked.count("/robots.txt") == 1
    assert len(portal.asked) <= 14


async def test_linked_feeds_are_found(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/"] = page(body='<a href="/kanal/rss">RSS</a>')
    portal.documents["/kanal/rss"] = FEED.format(title="Kabar Kota", url=portal.url)
    (found,) = (await found_at(context, f"{portal.url}/")).found
    assert found.how is How.ANCHOR


async def test_nothing_is_said_in_one_sentence(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/"] = page(body="<p>Segera hadir</p>")
    with pytest.raises(NothingFound) as caught:
        await found_at(context, f"{portal.url}/")
    assert caught.value.detail.startswith("there is neither a feed nor a sitemap nor a list")
    with pytest.raises(RoundFailed):
        await found_at(context, f"{portal.url}/missing")
    portal.documents["/data"] = "no markup at all"
    with pytest.raises(NotReadable):
        await found_at(context, f"{portal.url}/data")


SITEMAP = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
)
INDEX = (
    '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    "<sitemap><loc>{url}/sitemap-foto.xml</loc></sitemap><sitemap><loc>{url}/sitemap-news-1.xml</loc></sitemap>"
    "</sitemapindex>"
)


async def test_an_index_is_followed_to_its_news(context: DryRunContext, portal: Portal) -> None:
    told = (
        f"<url><loc>{portal.url}/read/1/pasar</loc><news:news><news:title>Pasar dibuka</news:title>"
        "<news:publication_date>2025-11-20T10:00:00+07:00</news:publication_date></news:news></url>"
    )
    portal.documents["/"] = page(body="x")
    portal.documents["/sitemap.xml"] = INDEX.format(url=portal.url)
    portal.documents["/sitemap-news-1.xml"] = SITEMAP.format(urls=told)
    discovery = await found_at(context, f"{portal.url}/")
    (found,) = discovery.found
    assert (found.kind, found.how, found.entries) == (SourceKind.SITEMAP, How.WELL_KNOWN, 1)
    assert [one.title for one in discovery.preview.candidates] == ["Pasar dibuka"]
    assert "/sitemap-foto.xml" not in portal.asked


async def test_addresses_without_headlines_are_read_as_pages(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/"] = page(body="x")
    portal.documents["/sitemap.xml"] = SITEMAP.format(urls=f"<url><loc>{portal.url}/read/1/pasar</loc></url>")
    portal.documents["/read/1/pasar"] = page(
        '<meta property="og:title" content="Pasar dibuka"><meta property="og:type" content="article">',
        "<h1>Pasar dibuka</h1>" + "<p>Pedagang datang sejak pagi dan pembeli menyusul kemudian.</p>" * 5,
    )
    shown = (await found_at(context, f"{portal.url}/")).preview
    assert (shown.source.kind, shown.source.full_text) == (SourceKind.SITEMAP, True)
    assert [one.title for one in shown.candidates] == ["Pasar dibuka"]
    assert "Pedagang datang" in shown.candidates[0].body_html


async def test_a_list_is_named_as_its_articles_name_the_portal(
    context: DryRunContext, portal: Portal
) -> None:
    kampungs = ("Melati", "Cempaka", "Kenanga", "Mawar", "Anggrek", "Dahlia", "Teratai", "Flamboyan")
    rows = ""
    for n, kampung in enumerate(kampungs, 1):
        headline = f"Warga Kampung {kampung} membersihkan saluran air menjelang hujan"
        path = f"/read/{n}/warga-kampung-{kampung.lower()}"
        rows += f"<li class='row'><h2><a href='{path}'>{headline}</a></h2></li>"
        text = f"<p>Warga {kampung} datang sejak pagi dan pedagang menyusul kemudian.</p>" * 9
        portal.documents[path] = page(
            body=f"<h1>{headline}</h1><time datetime='2026-11-0{n}T08:00+07:00'></time><div>{text}</div>",
            title=f"{headline} | Warta Lengkara",
        )
    portal.documents["/"] = page(
        body=f"<ul class='latest'>{rows}</ul>", title="Warta Lengkara - Kabar dari Kampung"
    )
    found = await found_at(context, f"{portal.url}/")
    assert found.preview.source.kind is SourceKind.PAGE
    assert found.preview.source.title == "Warta Lengkara"
    assert [one.title for one in found.found if one.kind is SourceKind.PAGE] == ["Warta Lengkara"]


async def test_a_feed_is_read_with_its_pages_and_its_box(context: DryRunContext, portal: Portal) -> None:
    portal.documents["/rss"] = FEED.format(title="Kabar", url=portal.url)
    portal.documents["/read/1/pasar-dibuka"] = page(
        body="<h1>Pasar dibuka</h1><div class='isi'>" + "<p>Pedagang datang sejak pagi.</p>" * 9 + "</div>"
    )
    box = "<ol class='populer'><li><a href='/read/1/pasar-dibuka'>Pasar dibuka</a> <b>12 kali</b></li></ol>"
    portal.documents["/populer"] = page(body=box)
    source = Source(
        id=SourceId("kota"),
        title="Kota",
        kind=SourceKind.FEED,
        url=f"{portal.url}/rss",
        schedule=Every(interval_s=300),
        full_text=True,
        article=ArticleRule(title="h1", body=".isi", quote=".kutipan"),
        popular=PopularRule(item=".populer li", url=f"{portal.url}/populer", views="b"),
    )
    shown = await preview(context, source, articles=3)
    (article,) = shown.candidates
    assert article.body_html.count("Pedagang datang") == 9
    assert article.published_at is not None  # as the feed says
    assert [(one.title, one.views) for one in shown.popular] == [("Pasar dibuka", 12)]
    assert shown.missing == ("article.quote",)
    yields = {one.key: (one.found, one.of) for one in shown.yields}
    assert (yields["article.body"], yields["article.quote"]) == ((1, 1), (0, 1))
    portal.status["/populer"] = portal.status["/read/1/pasar-dibuka"] = 503
    without = await preview(context, source, articles=3)
    assert [one.title for one in without.candidates] == ["Pasar dibuka"]
    assert sum(": http_503" in warning for warning in without.warnings) == 2


async def test_guessed_paths_that_lead_away_are_none(context: DryRunContext, portal: Portal) -> None:
    elsewhere = portal.url.replace("127.0.0.1", "localhost")
    portal.documents["/"] = page(f'<link rel="canonical" href="{elsewhere}/">')
    portal.documents["/rss"] = FEED.format(title="Kabar", url=portal.url)
    moved = _leading(context, f"{portal.url}/rss", f"{elsewhere}/rss")
    with pytest.raises(NothingFound):
        await found_at(moved, f"{portal.url}/")
    discovery = await found_at(context, f"{portal.url}/")
    assert discovery.canonical_url == f"{elsewhere}/"


def _leading(context: DryRunContext, url: str, to: str) -> DryRunContext:
    """Let one address be answered from another."""

    async def fetch(source: Source, asked: str, *, gate: Gate = open_gate) -> FetchResult:
        result = await context.fetch(source, asked)
        return replace(result, url=to) if isinstance(result, Fetched) and asked == url else result

    return dataclasses.replace(context, fetch=fetch)


@pytest.mark.parametrize(("status", "kept"), [(301, "/b"), (302, "/a")])
async def test_only_what_moved_for_good_gets_its_new_address(
    context: DryRunContext, portal: Portal, status: int, kept: str
) -> None:
    portal.documents["/b"] = FEED.format(title="Kabar", url=portal.url)
    step = Redirect(status=status, url=f"{portal.url}/b")

    async def fetch(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        if not url.endswith("/a"):
            return await context.fetch(source, url)
        result = await context.fetch(source, step.url)
        assert isinstance(result, Fetched)
        return replace(result, requested_url=url, redirects=(step,))

    discovery = await found_at(dataclasses.replace(context, fetch=fetch), f"{portal.url}/a")
    assert discovery.preview.source.url == f"{portal.url}{kept}"
    assert discovery.redirects == (step,)


async def test_every_kind_of_block_is_taken_by_the_configuration(
    context: DryRunContext, portal: Portal, tmp_path: Path
) -> None:
    portal.documents["/"] = page(body="x")
    portal.documents["/sitemap.xml"] = SITEMAP.format(urls=f"<url><loc>{portal.url}/read/1/pasar</loc></url>")
    portal.documents["/read/1/pasar"] = page(body="<h1>Pasar</h1>" + "<p>Pedagang datang sejak pagi.</p>" * 9)
    portal.documents["/rss"] = FEED.format(title="Kabar &quot;Kota&quot; \\ C:\\pasar ☂", url=portal.url)
    found = [
        await found_at(context, f"{portal.url}/", SourceKind.SITEMAP),
        await found_at(context, f"{portal.url}/rss"),
    ]
    taken: set[str] = set()
    for discovery in found:
        source = discovery.preview.source
        text = block(source, taken)
        (table,) = tomli.loads(text)["source"].values()
        assert {"title": source.title} | tomli.loads(settings_block(source)) == table
        taken.add(free_name(source.title, source.url, taken))
        (tmp_path / f"{len(taken)}.toml").write_text(text, "utf-8")
    settings = load(tmp_path, {})
    assert [one.full_text for one in settings.sources.values()] == [True, False]
    assert [one.title for one in settings.sources.values()] == ["Kabar", 'Kabar "Kota" \\ C:\\pasar ☂']
    assert set(settings.feeds) == taken
