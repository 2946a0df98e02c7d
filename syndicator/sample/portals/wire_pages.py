"""What the pages and feeds of "Kabar Nusantara" show of an article."""

from itertools import islice
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from syndicator.sample import calendar
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.world import World
from syndicator.sample.writer import SampleText

FIRST_ID = 5001
"""The id of article 0."""
PAPER = "Kabar Nusantara"
_TRACKING = "?" + urlencode({"utm_source": "rss", "utm_medium": "feed"})


class Wired(Struct, frozen=True, kw_only=True):
    """An article as pages and feeds show it; all URLs are absolute."""

    article: SampleArticle
    text: SampleText
    id: int
    url: str
    feed_url: str
    """The same page, as the feeds link to it."""
    photo_url: str
    language: str
    date: str
    author: str
    content_html: str


def path_of(article: SampleArticle, text: SampleText) -> str:
    return f"/artikel/{FIRST_ID + article.n}-{text.slug}"


def show(world: World, base: str, article: SampleArticle) -> Wired:
    text = world.wire_text(article)
    url = base + path_of(article, text)
    english = article.of is None
    return Wired(
        article=article,
        text=text,
        id=FIRST_ID + article.n,
        url=url,
        feed_url=url + _TRACKING,
        photo_url=f"{base}/foto/{article.n}.png",
        language="en" if english else "id",
        date=(calendar.english_date if english else calendar.long_date)(article.published_at),
        author=text.reporter if english else f"{text.reporter} (Berita Kota)",
        content_html=_content(text),
    )


def latest(world: World, base: str, count: int, language: str | None = None) -> list[Wired]:
    """Return the newest articles, of one language or of both."""
    wanted = (
        article
        for article in world.wire.newest_first()
        if language is None or (article.of is None) == (language == "en")
    )
    return [show(world, base, article) for article in islice(wanted, count)]


def _content(text: SampleText) -> str:
    """Return the whole body as HTML; what the grammar wrote is escaped on the way."""
    paragraph = Markup("<p>{}</p>")
    quote = Markup("<blockquote>{}</blockquote>").format(text.quote)
    parts = [paragraph.format(text.lead), quote, *(paragraph.format(each) for each in text.paragraphs)]
    return str(Markup("\n").join(parts))
