"""Withdrawing and restoring articles, as values that the store writes in one step.

A withdrawal raises the revision, as a change does: a subscriber that keeps the highest revision keeps the
article withdrawn, however late an older event arrives.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.event import Event, EventType
from syndicator.model.feed import FeedSpec, Per
from syndicator.model.ids import FeedId
from syndicator.rules.filter_matching import FeedIndex, concerned, matches_keys
from syndicator.rules.identity.identity import new_event

MAX_REASON = 300
"""Characters."""
CONFIRMED_AFTER = {404: timedelta(minutes=10), 410: timedelta(minutes=1)}
"""By HTTP status, the time after which a page that was found gone must be found gone again."""
FEED_SAYS_DELETED = "its feed says that it was deleted"
"""The reason where a feed gives none."""
PORTAL_WIDE = 3
"""This many pages, and over half of those read, gone in one round count as a fault of the portal."""


class Withdrawing(Struct, frozen=True, kw_only=True):
    """A withdrawal to write, unless the article has changed meanwhile."""

    withdrawal: Withdrawal
    event: Event
    feeds: tuple[FeedId, ...]


class Restoring(Struct, frozen=True, kw_only=True):
    """A restored article to write, unless the withdrawal has changed meanwhile."""

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
    members: Sequence[Article] | None = None,
) -> Withdrawing:
    """Return what is to be written when an article is withdrawn.

    `members`: the articles of its story, without bodies; None where they are not known.
    """
    text = " ".join(reason.split())[:MAX_REASON]
    revision = article.revision + 1
    return Withdrawing(
        withdrawal=Withdrawal(article=article, revision=revision, at=now, by=by, reason=text),
        event=new_event(EventType.ARTICLE_WITHDRAWN, article.id, revision, now, reason=text),
        feeds=_showing(specs, article, members),
    )


def restoring(withdrawal: Withdrawal, *, specs: Iterable[FeedSpec], now: datetime) -> Restoring:
    """Return what is to be written when an article is restored, at its old position in feeds."""
    revision = withdrawal.revision + 1
    article = replace(
        withdrawal.article, revision=revision, updated_at=now, restored_at=now, revised=None, returns=0
    )
    return Restoring(
        withdrawal=withdrawal,
        article=article,
        event=new_event(EventType.ARTICLE_RESTORED, article.id, revision, now),
        feeds=_showing(specs, article, None),
    )


def is_portal_wide(gone: int, read: int) -> bool:
    """Return whether so many pages of a round are gone that none of them counts as gone."""
    return gone >= PORTAL_WIDE and 2 * gone > read


def is_confirmed(first_gone: datetime | None, status: int, now: datetime) -> bool:
    """Return whether a page that is gone now was first found gone long enough ago."""
    return first_gone is not None and now - first_gone >= CONFIRMED_AFTER[status]


def may_be_withdrawn(article: Article, by: WithdrawnBy) -> bool:
    """Return whether `by` may withdraw an article: after an operator restored it, only an operator may."""
    return by is WithdrawnBy.OPERATOR or article.restored_at is None


def _showing(
    specs: Iterable[FeedSpec], article: Article, members: Sequence[Article] | None
) -> tuple[FeedId, ...]:
    """Return the feeds that may show an article; feeds of stories also where another member matches."""
    index = specs if isinstance(specs, FeedIndex) else FeedIndex(specs)
    stories = (
        spec.id
        for spec in (index if members is None else index.near(*members))
        if spec.per is Per.STORY
        and (members is None or any(matches_keys(spec.filter, member) for member in members))
    )
    return tuple(dict.fromkeys((*concerned(index, article, article), *stories)))
