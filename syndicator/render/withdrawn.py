"""Entries that readers are to forget."""

from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Withdrawal, WithdrawnBy
from syndicator.model.feed import FeedSnapshot
from syndicator.render.dates import whole_seconds
from syndicator.render.items import article_uri
from syndicator.render.text import line, own_language
from syndicator.rules.articles.withdrawal import FEED_SAYS_DELETED

_GONE = {
    "en": {
        WithdrawnBy.PAGE: "The portal has taken its page away.",
        WithdrawnBy.FEED: "The portal has deleted it.",
        WithdrawnBy.STATUS: "The portal has cancelled it.",
    },
    "id": {
        WithdrawnBy.PAGE: "Portal telah menghapus halamannya.",
        WithdrawnBy.FEED: "Portal telah menghapusnya.",
        WithdrawnBy.STATUS: "Portal telah membatalkannya.",
    },
}


class Gone(Struct, frozen=True, kw_only=True):
    """An entry that readers are to forget."""

    id: str
    """The same as its entry had."""
    at: datetime
    revision: int
    comment: str


def prepare_gone(snapshot: FeedSnapshot) -> tuple[Gone, ...]:
    """Return the withdrawn entries, without a word of what they said."""
    return tuple(
        Gone(
            id=article_uri(one.article.id, snapshot.site),
            at=whole_seconds(one.at),
            revision=one.revision,
            comment=_why_gone(one, snapshot.language),
        )
        for one in snapshot.withdrawn
    )


def _why_gone(one: Withdrawal, language: str) -> str:
    """Return the reason for which an entry is gone, for readers.

    In their language where the words are ours.
    """
    said = _GONE[own_language(language)]
    if one.by is WithdrawnBy.FEED and one.reason != FEED_SAYS_DELETED:
        return line(one.reason)
    return said.get(one.by) or line(one.reason)
