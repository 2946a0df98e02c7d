"""Dates of the last change of a document (a feed, a page, an archive) and its entries; they never go back.

The content alone shows a date only when something was added. When something left (another portal's article of
the same story, a withdrawal that was reverted), the remaining content is older than what was shown before. So
the dates are stored, and compared with the content that is shown now.
"""

from collections.abc import Sequence
from operator import attrgetter

from msgspec import Struct

from syndicator.model.article import Article, Withdrawal
from syndicator.model.feed import EntryDate, FeedDates, FeedEntry, FeedSpec, Site
from syndicator.rules.hashing import looks_of

DEPARTED = 100
"""Least number of entries that are remembered after they left, because they may come back."""
RULE = 1
"""Raise it with each change of the digests; otherwise all entries would seem to have changed."""
USED_EVERY_S = 600
"""Resolution of the time of the last request, in seconds."""

_NOT_SHOWN = frozenset(
    {
        "updated_at", "listed_at", "provenance", "content_hash", "is_first_party", "guid", "revised",
        "earlier", "returns", "restored_at",
    }
)  # fmt: skip
"""Fields of an article that no document shows, and its own date. All other fields count as shown."""
_shown_of = attrgetter(
    *(name for name in Article.__struct_fields__ if name not in _NOT_SHOWN), "provenance.held_until"
)
_other_of = attrgetter("id", "title", "url", "published_at")


class ShownEntries(Struct, frozen=True, kw_only=True):
    """The current content of a document."""

    spec: FeedSpec
    site: Site
    entries: Sequence[FeedEntry]
    withdrawn: Sequence[Withdrawal]
    links: Sequence[tuple[str, str]] = ()
    """Its other documents: relation and path."""
    entries_s: Sequence[int]
    """For each entry, when its article last changed; seconds since 1970."""
    at_s: int
    """When the content of the document last changed; 0 if it has none."""
    changed_s: int
    """When the version of the feed was last raised; for a document without versions, the time now."""


def advanced(before: FeedDates, shown: ShownEntries) -> FeedDates:
    """Return the dates of the content that is shown now, given the dates before.

    The date of an entry or document becomes that of the last change of its content, if that is later than the
    date before. Otherwise it stays while the same is shown. If something else is shown, it becomes the time
    of the version, at least one second later than before.
    """
    known = {dated.article: dated for dated in before.entries}
    is_comparable = before.rule == RULE
    entries = []
    for entry, content_s in zip(shown.entries, shown.entries_s, strict=True):
        name, looks = entry.article.id, _looks(entry, shown)
        last = known.get(name)
        is_same = last is not None and (last.looks == looks or not is_comparable)
        at_s = content_s if last is None else _later(is_same, last.at_s, content_s, shown.changed_s)
        entries.append(EntryDate(article=name, looks=looks, at_s=at_s))
    looks = _looks_of_document(shown, entries)
    is_same = before.looks == looks or not is_comparable
    content_s = max([shown.at_s, *(dated.at_s for dated in entries)])
    if before.looks:
        at_s = _later(is_same, before.at_s, content_s, shown.changed_s)
    else:
        at_s = content_s or shown.changed_s
    here = {dated.article for dated in entries}
    departed = [dated for dated in before.entries if dated.article not in here]
    departed = departed[: max(DEPARTED, len(entries))]
    return FeedDates(
        count=before.count,
        looks=looks,
        at_s=at_s,
        entries=(*entries, *departed),
        rule=RULE,
        used_s=max(before.used_s, shown.changed_s - shown.changed_s % USED_EVERY_S),
    )


def _later(is_same: bool, last_s: int, content_s: int, changed_s: int) -> int:
    if content_s > last_s:
        return content_s
    return last_s if is_same else max(last_s + 1, changed_s)


def _looks(entry: FeedEntry, shown: ShownEntries) -> bytes:
    """Return a digest of all visible values of an entry, apart from its popularity."""
    others = [
        (_other_of(other.article), other.origin.title, other.origin.home_url) for other in entry.also_at
    ]
    spec, site = shown.spec, shown.site
    around = (site.public_url, spec.language or site.language, spec.count_clicks)
    return looks_of((_shown_of(entry.article), entry.origin, others, around))


def _looks_of_document(shown: ShownEntries, entries: Sequence[EntryDate]) -> bytes:
    spec = shown.spec
    withdrawn = [(each.article.id, each.at, each.by, each.reason) for each in shown.withdrawn]
    named = (spec.title, spec.description, spec.language, shown.site, shown.links)
    return looks_of((named, [(dated.article, dated.at_s) for dated in entries], withdrawn))
