"""What is shown of an article. Applied where a feed, page or event is put together, before any format."""

import re
from html import unescape

from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.model.rights import Content, Rights
from syndicator.rules.articles.pictures import without_pictures

SUMMARY_CHARACTERS = 300
"""Of a summary that is made from the text, because the article has no lead."""

_TAG = re.compile(r"<[^<>]*>")
_ORDER = tuple(Content)


def allowed(article: Article, rights: Rights, choice: Content = Content.FULL) -> Article:
    """Return what may be shown of an article: what the feed chose, but no more than its portal lets us.

    Identity, address, dates, names and subjects are never withheld: they say where the article is to be read.
    """
    if not rights.images:
        article = _untold(article)
        article = replace(article, photos=(), body_html=without_pictures(article.body_html))
    content = min(rights.content, choice, key=_ORDER.index)
    if content is Content.FULL:
        return article
    article = _untold(article)
    if content is Content.HEADLINE:
        return replace(article, lead="", body_html="", quote=None, photos=(), enclosures=(), correction=None)
    lead = article.lead or shortened(text_of(article.body_html), SUMMARY_CHARACTERS)
    if rights.excerpt is not None:
        lead = shortened(lead, rights.excerpt)
    return replace(article, lead=lead, body_html="", quote=None, enclosures=())


def _untold(article: Article) -> Article:
    """Leave out what was changed on the way to us: it quotes what came."""
    return replace(article, provenance=replace(article.provenance, changes=()))


def text_of(body_html: str) -> str:
    """Return the text of clean HTML, as one line."""
    return " ".join(unescape(_TAG.sub(" ", body_html)).split())


def shortened(text: str, limit: int) -> str:
    """Cut at a word's end so that at most `limit` characters are left, the ellipsis included."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    whole = head.rsplit(" ", 1)[0] if " " in head else head
    return whole.rstrip(" ,;:.–-") + "…"
