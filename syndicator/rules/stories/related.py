"""What else there is about the matter of an article, of another story ("Berita Terkait")."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.rules.filter_matching import fold

MOST = 10
LEAST_SIMILARITY = 0.06
"""Of an article's terms with a story's; less than a third of what makes them one."""

HALF_LIFE = timedelta(days=7)
LINKED, TAGGED = 0.5, 0.2
"""What the portal's own link is worth beside similarity, and what it is to have all tags in common."""


class Lead(Struct, frozen=True, kw_only=True):
    """An article that may be related, and why."""

    article: Article
    similarity: float = 0.0
    linked: bool = False
    """Whether the portal itself points to it."""


def related(mine: Article, leads: Sequence[Lead], now: datetime, most: int = MOST) -> list[Article]:
    """Choose and order what is related to an article: the nearest first, the newer of equals, then by id.

    Worth is similarity, the portal's link and shared tags together, halved with each week of age.
    """
    tags = _tags(mine)
    worth = {
        lead.article.id: _worth(lead, tags)
        * 0.5 ** (max(now - lead.article.published_at, timedelta()) / HALF_LIFE)
        for lead in leads
        if lead.linked or lead.similarity >= LEAST_SIMILARITY or not tags.isdisjoint(_tags(lead.article))
    }
    chosen = {lead.article.id: lead.article for lead in leads if lead.article.id in worth}
    ordered = sorted(
        chosen.values(), key=lambda one: (-round(worth[one.id], 6), -one.published_at.timestamp(), one.id)
    )
    return [article for article in ordered if article.id != mine.id][:most]


def _worth(lead: Lead, tags: frozenset[str]) -> float:
    shared = len(tags & _tags(lead.article)) / len(tags) if tags else 0.0
    return lead.similarity + LINKED * lead.linked + TAGGED * shared


def _tags(article: Article) -> frozenset[str]:
    return frozenset(fold(tag) for tag in article.tags)
