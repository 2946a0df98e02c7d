"""Proposals of selectors for a portal without a feed, from its own pages. Sync: the pool's work.

What pages say of themselves to machines (JSON-LD, microdata) is surer than where it stands: such a field
gets no selector, and a note that says so.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_page import read_article
from syndicator.gather.articles.clues import Clock
from syndicator.gather.documents.outline import PageOutline
from syndicator.gather.documents.selectors import Page
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.proposals.article_selectors import propose_article
from syndicator.gather.proposals.list_selectors import propose_list, propose_popular
from syndicator.model.article import Candidate
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source

MAX_PAGES = 3
"""Article pages that a proposal is made from."""

_SURE = frozenset({"json-ld", "microdata"})
_LEFT_TO_THE_PAGE: Mapping[str, tuple[str, frozenset[str]]] = {
    "date": ("published_at", _SURE | {"opengraph"}),
    "authors": ("authors", _SURE),
    "section": ("section", _SURE | {"opengraph"}),
    "tags": ("tags", _SURE | {"opengraph"}),
}
"""Fields that need no selector where every page says them itself, and in which ways that counts."""


class ListProposal(Struct, frozen=True, kw_only=True):
    """How a list page could be read."""

    list: ListRule
    popular: PopularRule | None = None
    urls: tuple[str, ...]
    """Of the articles, in the order of the page."""
    dates: Mapping[str, datetime] = {}
    """When each was published, by its address, where the list says so."""
    notes: tuple[str, ...] = ()
    """Which selectors are to be looked at, a sentence each."""


class ArticleProposal(Struct, frozen=True, kw_only=True):
    """How article pages could be read."""

    article: ArticleRule
    notes: tuple[str, ...] = ()
    """What has no selector and why, a sentence each."""


def propose_for_list(source: Source, fetched: Fetched) -> ListProposal:
    """Propose selectors for a list page; NotReadable("empty") where nothing on it is a list of articles."""
    outline = PageOutline(Page(fetched))
    clock = Clock(source.timezone, fetched.fetched_at)
    proposed = propose_list(outline, clock)
    if proposed is None:
        raise NotReadable(Reason.EMPTY, "no list of links to articles is seen on the page")
    rule, urls = proposed
    return ListProposal(
        list=rule,
        popular=propose_popular(outline, clock, urls),
        urls=urls,
        dates=_listed_dates(replace(source, list=rule, article=None, popular=None), fetched),
        notes=_loose("list.image", rule.image),
    )


def _listed_dates(source: Source, fetched: Fetched) -> dict[str, datetime]:
    try:
        items = read_list(source, fetched).items
    except NotReadable:
        return {}
    return {item.url: item.published_at for item in items if item.published_at}


def _loose(name: str, css: str | None) -> tuple[str, ...]:
    return (
        (f"{name}: the bare tag {css} is all that means it: name what it stands in",) if css == "img" else ()
    )


def propose_for_articles(
    source: Source, pages: Sequence[Fetched], dates: Mapping[str, datetime] | None = None
) -> ArticleProposal:
    """Propose selectors by article pages of one template; NotReadable("empty") where none holds a text.

    `dates` are those of the list (`ListProposal.dates`).
    """
    taken = pages[:MAX_PAGES]
    clock = Clock(source.timezone, taken[0].fetched_at)
    rule = propose_article([PageOutline(Page(each)) for each in taken], clock, dates)
    said = [one for each in taken if (one := _said_of_itself(source, each))]
    if rule is None and (not said or len(said) < len(taken)):
        raise NotReadable(Reason.EMPTY, "no text of an article is seen on the pages that the list links to")
    return _left_to_the_page(rule or ArticleRule(), said if len(said) == len(taken) else [])


def _said_of_itself(source: Source, fetched: Fetched) -> Candidate | None:
    """Read a page without any selector."""
    try:
        return read_article(replace(source, article=ArticleRule()), fetched).candidate
    except NotReadable:
        return None


def _left_to_the_page(rule: ArticleRule, said: Sequence[Candidate]) -> ArticleProposal:
    notes = []
    for field, (name, ways) in _LEFT_TO_THE_PAGE.items():
        found = {one.provenance.read_from.get(name, "") for one in said}
        if found and found <= ways:
            rule = replace(rule, **{field: None})
            notes.append(f"{field}: no selector, every page says it itself ({', '.join(sorted(found))})")
    if rule.body is None:
        notes.append("body: no selector, the text is found by its density")
    return ArticleProposal(article=rule, notes=(*notes, *_loose("photo", rule.photo)))
