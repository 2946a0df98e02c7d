"""Merges what a list or feed says about an article with what its page says. Used by rounds and previews."""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.article import Article, Candidate, Identity, ListedItem
from syndicator.model.source import Way
from syndicator.rules.identity.identity import identify, url_key


def merge(page: Candidate | None, entry: Candidate | None) -> Candidate | None:
    """Return one candidate from an article page and its feed entry: text of the page, identity of the entry.

    `page` is None where it could not be read, `entry` where no feed lists it: the other one is returned.
    """
    if page is None or entry is None:
        return page or entry
    return replace(
        _dated(filled(page, entry), entry),
        url=entry.url,
        title=page.title or entry.title,
        updated_at=page.updated_at or entry.updated_at,
        comments=entry.comments,
        embargo_until=page.embargo_until or entry.embargo_until,
    )


def _dated(page: Candidate, entry: Candidate) -> Candidate:
    """Return a page's candidate with the date of the feed entry and the provenance of that date."""
    if entry.published_at is None:
        return page
    provenance = replace(
        page.provenance,
        claimed_date=entry.provenance.claimed_date,
        claimed_at=entry.provenance.claimed_at,
        date_rule=entry.provenance.date_rule,
        read_from={**page.provenance.read_from, "published_at": "feed"},
    )
    return replace(page, published_at=entry.published_at, provenance=provenance)


def filled(page: Candidate, other: Candidate | Article) -> Candidate:
    """Return a page's candidate with the parts that only the feed, or an earlier reading, has."""
    parts = ("lead", "body_html", "authors", "photos", "enclosures", "section", "tags", "language")
    taken = {part: item for part in parts if (item := getattr(other, part)) and not getattr(page, part)}
    ways = other.provenance.read_from
    fields = (part.removesuffix("_html") for part in taken)
    read_from = {**page.provenance.read_from, **{field: ways.get(field, "feed") for field in fields}}
    return replace(page, guid=other.guid, **taken, provenance=replace(page.provenance, read_from=read_from))


def apart(candidates: Sequence[Candidate]) -> tuple[dict[str, Candidate], list[Candidate]]:
    """Split the entries of a document into those with a page of their own, by URL, and the others.

    It needs the whole document: a guid or link that several entries share identifies none of them.
    """
    with_page: dict[str, Candidate] = {}
    bare: list[Candidate] = []
    for candidate, identity in zip(candidates, identify(candidates), strict=True):
        if candidate.url and url_key(candidate.url) in identity.keys:
            with_page[url_key(candidate.url)] = alone(candidate, identity)
        else:
            bare.append(alone(candidate, identity))
    return {candidate.url: candidate for candidate in with_page.values()}, bare


def alone(candidate: Candidate, identity: Identity) -> Candidate:
    """Return a candidate that has the same identity without the rest of its document.

    A guid that several entries share is removed: alone, it would seem to identify the candidate.
    """
    has_own_guid = any(key.startswith("g:") for key in identity.keys)
    counts = candidate.identified_by.way in {Way.AUTO, Way.GUID}
    return candidate if has_own_guid or not counts else replace(candidate, guid=None)


def as_listed(candidate: Candidate) -> ListedItem:
    """Return a feed entry as a listed item, whose values the page's own values override."""
    return ListedItem(
        url=candidate.url,
        title=candidate.title,
        published_at=candidate.published_at,
        claimed_at=candidate.provenance.claimed_at,
        section=candidate.section,
        tags=candidate.tags,
        language=candidate.language,
    )


def nameless(number: int) -> str:
    """Return the warning that so many addresses of a sitemap are left out for want of a headline."""
    return f"addresses without a headline: {number} (full_text = true reads their pages)"
