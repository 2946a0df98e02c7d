"""When the entries of a feed, and the feed itself, changed last: instants that never go back.

What is in a feed tells that only as far as something was added. Where something left (another portal's
article of the same story, a withdrawal that was taken back), what remains is older than what was shown.
So the instants are kept, and compared with what the feed shows now.
"""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.article import Withdrawal
from syndicator.model.feed import EntryDate, FeedDates, FeedEntry, FeedSpec
from syndicator.rules.hashing import looks_of

DEPARTED = 100
"""Entries that are remembered after they left, and at least as many as the feed shows: they may come back."""


class ShownEntries(Struct, frozen=True, kw_only=True):
    """What a feed shows now."""

    spec: FeedSpec
    entries: Sequence[FeedEntry]
    withdrawn: Sequence[Withdrawal]
    entries_s: Sequence[int]
    """When each entry changed last, as far as it tells itself; seconds since 1970."""
    at_s: int
    """When the feed did."""
    changed_s: int
    """When its version was raised."""


def advanced(before: FeedDates, shown: ShownEntries) -> FeedDates:
    """Return the dates of what is shown now, after those of what was shown before.

    An instant stays where a reader would notice no change. Else it is the one that the content tells, if that
    is later than before, and if not, the one of the version: a second later at least.
    """
    known = {one.article: one for one in before.entries}
    entries = []
    for entry, told_s in zip(shown.entries, shown.entries_s, strict=True):
        name, looks = entry.article.id, _looks(entry)
        last = known.get(name)
        at_s = told_s if last is None else _later(last.looks == looks, last.at_s, told_s, shown.changed_s)
        entries.append(EntryDate(article=name, looks=looks, at_s=at_s))
    looks = _looks_of_feed(shown, entries)
    is_first = not before.looks
    at_s = shown.at_s if is_first else _later(before.looks == looks, before.at_s, shown.at_s, shown.changed_s)
    here = {one.article for one in entries}
    departed = [one for one in before.entries if one.article not in here][: max(DEPARTED, len(entries))]
    return FeedDates(count=before.count, looks=looks, at_s=at_s, entries=(*entries, *departed))


def _later(is_same: bool, last_s: int, told_s: int, changed_s: int) -> int:
    if told_s > last_s:
        return told_s
    return last_s if is_same else max(last_s + 1, changed_s)


def _looks(entry: FeedEntry) -> bytes:
    """Return a digest of what a reader would notice: as for a revision, and who else tells the story."""
    article = entry.article
    others = [(one.article.id, one.article.title, one.article.url) for one in entry.also_at]
    return looks_of((article.content_hash, article.url, others))


def _looks_of_feed(shown: ShownEntries, entries: Sequence[EntryDate]) -> bytes:
    withdrawn = [one.article.id for one in shown.withdrawn]
    named = (shown.spec.title, shown.spec.description)
    return looks_of((named, [(one.article, one.at_s) for one in entries], withdrawn))
