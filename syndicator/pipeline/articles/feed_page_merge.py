"""What a list or a feed tells of an article and what its page tells, made one.

Pure: rounds and previews do alike.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from syndicator.model.article import Article, Candidate, Identity, ListedItem
from syndicator.model.source import Way
from syndicator.rules.identity.identity import identify, url_key


def together(page: Candidate | None, told: Candidate | None) -> Candidate | None:
    """Join what a page and a feed say of one article: the page has the text, the feed the identity.

    `page` is None where it could not be read: what is told stands then.
    """
    if page is None or told is None:
        return page or told
    return replace(
        _dated(filled(page, told), told),
        url=told.url,
        title=page.title or told.title,
        updated_at=page.updated_at or told.updated_at,
        comments=told.comments,
        embargo_until=page.embargo_until or told.embargo_until,
    )


def _dated(page: Candidate, told: Candidate) -> Candidate:
    """Return a page's candidate with the date of the feed, and what is told of it."""
    if told.published_at is None:
        return page
    came = told.provenance
    provenance = replace(
        page.provenance,
        claimed_date=came.claimed_date,
        claimed_at=came.claimed_at,
        date_rule=came.date_rule,
        read_from={**page.provenance.read_from, "published_at": "feed"},
    )
    return replace(page, published_at=told.published_at, provenance=provenance)


def filled(page: Candidate, other: Candidate | Article) -> Candidate:
    """Return a page's candidate with what only a feed said of it, so that each reading says the same."""
    parts = ("lead", "body_html", "authors", "photos", "enclosures", "section", "tags", "language")
    taken = {part: item for part in parts if (item := getattr(other, part)) and not getattr(page, part)}
    ways = other.provenance.read_from
    fields = (part.removesuffix("_html") for part in taken)
    read_from = {**page.provenance.read_from, **{field: ways.get(field, "feed") for field in fields}}
    return replace(page, guid=other.guid, **taken, provenance=replace(page.provenance, read_from=read_from))


def apart(candidates: Sequence[Candidate]) -> tuple[dict[str, Candidate], list[Candidate]]:
    """Part the entries of a document into those with a page of their own, by its URL, and the others.

    Only the whole document tells what identifies its entries: a guid, or a link, that several share does not.
    """
    with_page: dict[str, Candidate] = {}
    bare: list[Candidate] = []
    for candidate, identity in zip(candidates, identify(candidates), strict=True):
        if candidate.url and url_key(candidate.url) in identity.keys:
            with_page[url_key(candidate.url)] = alone(candidate, identity)
        else:
            bare.append(alone(candidate, identity))
    return {one.url: one for one in with_page.values()}, bare


def alone(candidate: Candidate, identity: Identity) -> Candidate:
    """Return a candidate that is known by the same keys without the rest of its document.

    A guid that others of the document share identifies nothing; alone, it would seem to.
    """
    has_own_guid = any(key.startswith("g:") for key in identity.keys)
    counts = candidate.identified_by.way in {Way.AUTO, Way.GUID}
    return candidate if has_own_guid or not counts else replace(candidate, guid=None)


def as_listed(candidate: Candidate) -> ListedItem:
    """Return what a feed tells its reader of a page: what that says itself comes first there."""
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
    """Return the warning that so many addresses of a sitemap are left out: only their pages could describe
    them.
    """
    return f"addresses without a headline: {number} (full_text = true reads their pages)"
