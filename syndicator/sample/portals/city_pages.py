"""What the pages of "Berita Kota" show of an article."""

from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from syndicator.sample import calendar
from syndicator.sample.chance import Chance
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.world import RECENT, World
from syndicator.sample.writer import SampleText

FIRST_ID = 900001
"""The id of article 0; ids rise by time."""
PAPER = "Berita Kota"
_NEAR = 60
"""How many articles back related ones are looked for."""


class ShownArticle(Struct, frozen=True, kw_only=True):
    """An article as lists and its own page show it; all URLs are absolute."""

    article: SampleArticle
    text: SampleText
    id: int
    url: str
    photo_url: str
    section_url: str
    date: str
    short_date: str
    views: int


def path_of(article: SampleArticle, text: SampleText) -> str:
    return f"/read/{FIRST_ID + article.n}/{text.slug}"


def show(world: World, base: str, article: SampleArticle) -> ShownArticle:
    text = world.city_text(article)
    return ShownArticle(
        article=article,
        text=text,
        id=FIRST_ID + article.n,
        url=base + path_of(article, text),
        photo_url=f"{base}/photo/{article.n}.png",
        section_url=f"{base}/kategori/{text.section.lower()}",
        date=calendar.long_date(article.published_at),
        short_date=calendar.short_date(article.published_at),
        views=world.views(article),
    )


def show_all(world: World, base: str, articles: Iterable[SampleArticle]) -> list[ShownArticle]:
    return [show(world, base, article) for article in articles]


def recent(world: World) -> list[SampleArticle]:
    return list(islice(world.city.newest_first(), RECENT))


def related(
    world: World, base: str, article: SampleArticle
) -> tuple[ShownArticle | None, list[ShownArticle]]:
    """Return the article linked in the text and the 3–5 linked below.

    Older ones, of the same section first.
    """
    before = (world.city.get(n) for n in range(article.n - 1, article.n - 1 - _NEAR, -1))
    older = [other for other in before if other is not None and not other.withdrawn]
    section = world.city_text(article).section
    ranked = sorted(older, key=lambda other: world.city_text(other).section != section)
    count = Chance(world.seed, "related", article.n).number(3, 5)
    inline, boxed = ranked[:1], ranked[1 : 1 + count]
    return (show(world, base, inline[0]) if inline else None), show_all(world, base, boxed)


def found(world: World, query: str) -> list[SampleArticle]:
    """Search recent headlines, leads and tags: every word of the query must occur."""
    words = query.lower().split()
    if not words:
        return []

    def holds(article: SampleArticle) -> bool:
        text = world.city_text(article)
        heap = " ".join((text.title, text.lead, text.section, *text.tags)).lower()
        return all(word in heap for word in words)

    return [article for article in recent(world) if holds(article)]
