"""What withdrawing an article, and taking that back, makes of it: intents that the store carries out whole.

A withdrawal raises the revision, as a change does: whoever keeps the highest revision that he was told keeps
the article withdrawn, however late an older event arrives.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.event import Event, EventType
from syndicator.model.feed import FeedSpec, Per
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.filter_matching import FeedIndex, concerned, matches_keys
from syndicator.rules.identity.identity import event_id

MAX_REASON = 300
"""Characters."""
CONFIRMED_AFTER = {404: timedelta(minutes=10), 410: timedelta(minutes=1)}
"""So long after an article page was first found gone it must be found gone again."""
FEED_SAYS_DELETED = "its feed says that it was deleted"
"""The reason where a feed gives none."""
PORTAL_WIDE = 3
"""So many pages, and over half of those that were read, gone in one round: that is the portal, not they."""


class Withdrawing(Struct, frozen=True, kw_only=True):
    """Take an article out: all of it, or nothing when it has moved."""

    withdrawal: Withdrawal
    event: Event
    feeds: tuple[FeedId, ...]


class Restoring(Struct, frozen=True, kw_only=True):
    """Put an article back where it was."""

    withdrawal: Withdrawal
    article: Article
    event: Event
    feeds: tuple[FeedId, ...]


def withdrawing(
    article: Article,
    by: WithdrawnBy,
    reason: str,
    *,
    specs: Iterable[FeedSpec],
    now: datetime,
    tellers: Sequence[Article] | None = None,
) -> Withdrawing:
    """Return what is to be written when an article is withdrawn.

    `tellers`: who tells the same story, without bodies; None where that is not known.
    """
    text = " ".join(reason.split())[:MAX_REASON]
    revision = article.revision + 1
    return Withdrawing(
        withdrawal=Withdrawal(article=article, revision=revision, at=now, by=by, reason=text),
        event=_event(article.id, revision, EventType.ARTICLE_WITHDRAWN, now, text),
        feeds=_showing(specs, article, tellers),
    )


def restoring(withdrawal: Withdrawal, *, specs: Iterable[FeedSpec], now: datetime) -> Restoring:
    """Return what is to be written when a withdrawal is taken back. It stands where it stood in feeds."""
    revision = withdrawal.revision + 1
    article = replace(
        withdrawal.article, revision=revision, updated_at=now, restored_at=now, revised=None, returns=0
    )
    return Restoring(
        withdrawal=withdrawal,
        article=article,
        event=_event(article.id, revision, EventType.ARTICLE_RESTORED, now),
        feeds=_showing(specs, article, None),
    )


def is_portal_wide(gone: int, read: int) -> bool:
    """Return whether so many of the pages that a round read are gone that nothing follows for any of them."""
    return gone >= PORTAL_WIDE and 2 * gone > read


def is_confirmed(first_gone: datetime | None, status: int, now: datetime) -> bool:
    """Return whether a page that is gone now was found so before, long enough ago."""
    return first_gone is not None and now - first_gone >= CONFIRMED_AFTER[status]


def may_be_withdrawn(article: Article, by: WithdrawnBy) -> bool:
    """Return whether this may withdraw an article: what an operator restored, only an operator takes out."""
    return by is WithdrawnBy.OPERATOR or article.restored_at is None


def _showing(
    specs: Iterable[FeedSpec], article: Article, tellers: Sequence[Article] | None
) -> tuple[FeedId, ...]:
    """Return the feeds that may show it; those of stories, too, by another of their articles."""
    index = specs if isinstance(specs, FeedIndex) else FeedIndex(specs)
    stories = (
        spec.id
        for spec in (index if tellers is None else index.near(*tellers))
        if spec.per is Per.STORY
        and (tellers is None or any(matches_keys(spec.filter, one) for one in tellers))
    )
    return tuple(dict.fromkeys((*concerned(index, article, article), *stories)))


def _event(
    article: ArticleId, revision: int, kind: EventType, now: datetime, reason: str | None = None
) -> Event:
    return Event(
        id=event_id(article, revision, kind),
        type=kind,
        subject=article,
        revision=revision,
        at=now,
        reason=reason,
    )
