"""When a document (a feed, a page, an archive) and its entries changed last: never earlier than before.

What is in a document tells that only as far as something was added. Where something left (another portal's
article of the same story, a withdrawal that was taken back), what remains is older than what was shown.
So the instants are kept, and compared with what the document shows now.
"""

from collections.abc import Sequence
from operator import attrgetter

from msgspec import Struct

from syndicator.model.article import Article, Withdrawal
from syndicator.model.feed import EntryDate, FeedDates, FeedEntry, FeedSpec, Site
from syndicator.rules.hashing import looks_of

DEPARTED = 100
"""Entries that are remembered after they left, and as many as the document shows: they may come back."""
RULE = 1
"""To be raised when the digests are made of something else: or all entries would seem to have changed."""
USED_EVERY_S = 600
"""How exactly it is noted when somebody asked for a document."""

_NOT_SHOWN = frozenset(
    {
        "updated_at", "listed_at", "provenance", "content_hash", "is_first_party", "guid", "revised",
        "earlier", "returns", "restored_at",
    }
)  # fmt: skip
"""Fields of an article that no document shows, and its own date. Everything else counts as shown."""
_shown_of = attrgetter(
    *(name for name in Article.__struct_fields__ if name not in _NOT_SHOWN), "provenance.held_until"
)
_other_of = attrgetter("id", "title", "url", "published_at")


class ShownEntries(Struct, frozen=True, kw_only=True):
    """What a document shows now."""

    spec: FeedSpec
    site: Site
    entries: Sequence[FeedEntry]
    withdrawn: Sequence[Withdrawal]
    links: Sequence[tuple[str, str]] = ()
    """Its other documents: relation and path."""
    entries_s: Sequence[int]
    """When each entry changed last, as far as it tells itself; seconds since 1970."""
    at_s: int
    """When the document did; 0 where there is nothing in it to tell."""
    changed_s: int
    """When its version was raised; of a document without versions, the time now."""


def advanced(before: FeedDates, shown: ShownEntries) -> FeedDates:
    """Return the dates of what is shown now, after those of what was shown before.

    An instant stays where nothing that is shown has changed. Else it is the one that the content tells, if
    that is later than before, and if not, the one of the version: a second later at least.
    """
    known = {one.article: one for one in before.entries}
    is_comparable = before.rule == RULE
    entries = []
    for entry, told_s in zip(shown.entries, shown.entries_s, strict=True):
        name, looks = entry.article.id, _looks(entry, shown)
        last = known.get(name)
        is_same = last is not None and (last.looks == looks or not is_comparable)
        at_s = told_s if last is None else _later(is_same, last.at_s, told_s, shown.changed_s)
        entries.append(EntryDate(article=name, looks=looks, at_s=at_s))
    looks = _looks_of_document(shown, entries)
    is_same = before.looks == looks or not is_comparable
    told_s = max([shown.at_s, *(one.at_s for one in entries)])
    is_first = not before.looks
    at_s = told_s or shown.changed_s if is_first else _later(is_same, before.at_s, told_s, shown.changed_s)
    here = {one.article for one in entries}
    departed = [one for one in before.entries if one.article not in here][: max(DEPARTED, len(entries))]
    return FeedDates(
        count=before.count,
        looks=looks,
        at_s=at_s,
        entries=(*entries, *departed),
        rule=RULE,
        used_s=max(before.used_s, shown.changed_s - shown.changed_s % USED_EVERY_S),
    )


def _later(is_same: bool, last_s: int, told_s: int, changed_s: int) -> int:
    if told_s > last_s:
        return told_s
    return last_s if is_same else max(last_s + 1, changed_s)


def _looks(entry: FeedEntry, shown: ShownEntries) -> bytes:
    """Return a digest of everything that is shown of an entry, but for how popular it is."""
    others = [(_other_of(one.article), one.origin.title, one.origin.home_url) for one in entry.also_at]
    spec, site = shown.spec, shown.site
    around = (site.public_url, spec.language or site.language, spec.count_clicks)
    return looks_of((_shown_of(entry.article), entry.origin, others, around))


def _looks_of_document(shown: ShownEntries, entries: Sequence[EntryDate]) -> bytes:
    spec = shown.spec
    withdrawn = [(one.article.id, one.at, one.by, one.reason) for one in shown.withdrawn]
    named = (spec.title, spec.description, spec.language, shown.site, shown.links)
    return looks_of((named, [(one.article, one.at_s) for one in entries], withdrawn))
