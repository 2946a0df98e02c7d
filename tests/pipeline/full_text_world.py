"""A feed of leads whose articles stand on pages of their own."""

from pipeline.conftest import Portal

from syndicator.model.article import Article
from syndicator.model.ids import FeedId
from syndicator.service import Service

RULE = 'article = { title = "h1", body = ".isi" }'


def entry(
    portal: Portal, number: int, *, guid: str = "", link: str = "", lead: str = "", extra: str = ""
) -> str:
    """Give one entry; each has a page of its own at /read/<number> if not said otherwise."""
    identity = f'<guid isPermaLink="false">{guid}</guid>' if guid else ""
    return (
        f"<item><title>Berita {number}</title><link>{portal.url}{link or f'/read/{number}'}</link>{identity}"
        f"<pubDate>Thu, 05 Nov 2026 11:{number:02d}:00 +0000</pubDate>"
        f"<description>{lead or f'Ringkas {number}.'}</description>{extra}</item>"
    )


def feed(*entries: str) -> str:
    return f"<rss version='2.0'><channel><title>Kota</title>{''.join(entries)}</channel></rss>"


def page(number: int, text: str = "", extra: str = "") -> str:
    body = text or f"Isi lengkap berita nomor {number}, cukup panjang."
    return (
        f"<html><head><title>Berita {number}</title></head><body><h1>Berita {number}</h1>"
        f"<div class='isi'><p>{body}</p></div>{extra}</body></html>"
    )


def put_pages(portal: Portal, *numbers: int) -> None:
    for number in numbers:
        portal.documents[f"/read/{number}"] = page(number)


def config(portal: Portal, more: str = RULE, path: str = "/rss") -> str:
    return (
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{portal.url}{path}"\nfull_text = true\n'
        f'schedule = {{ every = "5m" }}\n{more}\n[feed.latest]\ntitle = "Terbaru"\n'
    )


async def articles(service: Service) -> list[Article]:
    """Give what the feed shows, with bodies, by title."""
    snapshot = await service.publisher.snapshot(FeedId("latest"))
    found = await service.store.articles.get_many([one.article.id for one in snapshot.entries])
    return sorted((one for one in found if one is not None), key=lambda one: one.title)
