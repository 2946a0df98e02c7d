"""Decides on a candidate: new, changed, unchanged, or a duplicate from a second source."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Alias, Article, Candidate, Change, Identity
from syndicator.model.event import Event, EventType
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, FeedId, SourceId, StoryId
from syndicator.model.story import ShownIn, Story
from syndicator.rules.articles.correction import correction_of
from syndicator.rules.articles.revision import changes_constantly, earlier_versions, revised
from syndicator.rules.dates.claimed_dates import listed_at, published_at
from syndicator.rules.filter_matching import FeedIndex, concerned, story_feeds
from syndicator.rules.identity.addresses import clean_url
from syndicator.rules.identity.content_fingerprint import content_hash
from syndicator.rules.identity.identity import new_event
from syndicator.rules.identity.recognition import KnownArticle, takes_over
from syndicator.rules.sources.announcement import ALL_ANNOUNCED, Announcing

SHORTEST_RECHECK = timedelta(seconds=20)
LONGEST_RECHECK = timedelta(hours=6)
RECHECK_UNTIL = timedelta(hours=48)
"""Pages of older articles are not read again, because portals correct young ones."""

_TAKEN_OVER = "it listed the address first; this source is of the portal that the address belongs to"


class AdmissionVerdict(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    """Its source has changed it, or a source of its own portal takes it over."""
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    """The article of another source: only recorded as carried by this source too."""


class Reservation(Struct, frozen=True, kw_only=True):
    """The values of an article that waits for its assignment to a story before it is shown."""

    own: Story
    """The article as a story of itself alone."""
    runs: bytes
    """Keys of its sampled runs of words (`rules.stories.near_index.packed_keys`)."""
    shown_in: ShownIn
    """Which feeds of stories may show it."""


class Admission(Struct, frozen=True, kw_only=True):
    """A complete write: the store writes all of it, or nothing if the article has changed meanwhile."""

    verdict: AdmissionVerdict
    article_id: ArticleId
    carried_by: SourceId
    identity: Identity
    known: KnownArticle | None
    article: Article | None = None
    """The revision to store: of a new or a changed article."""
    feeds: tuple[FeedId, ...] = ()
    """Feeds whose version is raised."""
    event: Event | None = None
    changes_constantly: bool = False
    """Whether a change is ignored; see `rules.articles.revision.changes_constantly`."""
    renewed_hash: str | None = None
    """New hash of an unchanged article whose stored hash comes from another version of this program."""
    recheck_at: datetime | None = None
    """When the article's page is to be read again; None: not again."""
    reservation: Reservation | None = None
    """Set for a new article that is assigned before it is shown; None: it is shown at once."""
    revoked_copies: tuple[ArticleId, ...] = ()
    """Articles that are no copies any more after a change."""
    reshown: StoryId | None = None
    """The story of a changed article, if other feeds of stories may show it now."""
    rechecked: bool = True
    """Whether its page is read again while it is young."""
    fresh: tuple[str, ...] = ()
    """Identity keys that are not known yet."""
    stale: tuple[str, ...] = ()
    """Known keys whose last sighting is recorded again."""
    aliases: tuple[Alias, ...] = ()
    """Aliases to add to the known article."""
    merged: KnownArticle | None = None
    """A known article that is merged into this one, and removed."""


def judge(candidate: Candidate, identity: Identity, known: KnownArticle | None) -> AdmissionVerdict:
    """Return the verdict on a candidate.

    Only the source that an article was first admitted from can change it, until a source of the portal that
    its address belongs to takes it over from one of another portal.
    """
    if known is None:
        return AdmissionVerdict.NEW
    if known.source != candidate.source and known.revision:
        return AdmissionVerdict.CHANGED if takes_over(candidate, known) else AdmissionVerdict.DUPLICATE
    if known.revision == 0 or known.article is None or known.content_hash == identity.content_hash:
        return AdmissionVerdict.UNCHANGED
    return (
        AdmissionVerdict.UNCHANGED
        if _reads_the_same(candidate, identity, known.article)
        else AdmissionVerdict.CHANGED
    )


def _reads_the_same(candidate: Candidate, identity: Identity, stored: Article) -> bool:
    """Return whether the hashes differ only because the stored one comes from another program version."""
    own_hash = content_hash(stored)
    if own_hash in {stored.content_hash, identity.content_hash}:
        return own_hash == identity.content_hash
    # Its body has outlived its retention: only the rest can be compared.
    return not stored.body_html and own_hash == content_hash(replace(candidate, body_html=""))


def decide(
    candidate: Candidate,
    identity: Identity,
    known: KnownArticle | None,
    *,
    specs: Iterable[FeedSpec],
    now: datetime,
    backfill: bool,
    rechecked: bool,
    announcing: Announcing = ALL_ANNOUNCED,
) -> Admission:
    """Return the admission of a candidate, for the store to write."""
    verdict = judge(candidate, identity, known)
    previous = known.article if known and verdict is AdmissionVerdict.CHANGED else None
    is_new = verdict is AdmissionVerdict.NEW
    taken_from = previous.source if previous and previous.source != candidate.source else None
    if taken_from is not None:
        candidate = _taken_over(candidate, taken_from)
    if previous is not None and known is not None and known.is_reserved:
        # Nobody has seen it: the newer text takes the place of the first.
        is_new, now, previous = True, previous.shown_since, None
    is_ignored = (
        previous is not None and taken_from is None and changes_constantly(previous, identity.content_hash)
    )
    if is_ignored:
        verdict, previous = AdmissionVerdict.UNCHANGED, None
    article_id = known.article_id if known else identity.article_id
    article = None
    if is_new:
        article = _first_revision(candidate, identity, article_id, now=now, backfill=backfill)
    elif previous is not None:
        article = _next_revision(candidate, identity, previous, now=now)
    published = article.published_at if article else known and known.published_at
    is_announced = article is not None and (
        previous is not None or announcing.includes(candidate.published_at, article.published_at)
    )
    if article is not None and not is_announced and announcing.lost_at is not None:
        article = replace(article, revision=_revision_after(announcing.lost_at))
    return Admission(
        verdict=verdict,
        article_id=article_id,
        carried_by=candidate.source,
        identity=identity,
        known=known,
        article=article,
        feeds=concerned(specs, article, previous) if article else (),
        event=_event(article, previous, now) if article is not None and is_announced else None,
        changes_constantly=is_ignored,
        renewed_hash=None if is_ignored else _renewed_hash(verdict, identity, known),
        recheck_at=next_recheck(published, now) if rechecked and published else None,
        rechecked=rechecked,
        fresh=() if known else identity.keys,
    )


def reserved(intent: Admission, article: Article, own: Story, runs: bytes, specs: FeedIndex) -> Admission:
    """Return an admission that hides a new article until it is assigned to a story; see `Reservation`."""
    return replace(
        intent,
        reservation=Reservation(
            own=own,
            runs=runs,
            shown_in=ShownIn(specs.digest, story_feeds(specs, [article])),
        ),
    )


def with_revoked_copies(intent: Admission, revoked: tuple[ArticleId, ...], specs: FeedIndex) -> Admission:
    """Return an admission that also ends copies after a change of text: any feed may show them now."""
    return (
        replace(intent, revoked_copies=revoked, feeds=tuple(spec.id for spec in specs)) if revoked else intent
    )


def _renewed_hash(verdict: AdmissionVerdict, identity: Identity, known: KnownArticle | None) -> str | None:
    if known is not None and known.is_reserved:
        return None  # the queue knows it by the hash that it came with
    differs = known is not None and known.article is not None and known.content_hash != identity.content_hash
    return identity.content_hash if differs and verdict is AdmissionVerdict.UNCHANGED else None


def next_recheck(published: datetime, now: datetime) -> datetime | None:
    """Return when an article page is read again: at ever longer intervals, half its age.

    An article with a future date, such as an event, is read at the longest interval.
    """
    age = now - published
    if age > RECHECK_UNTIL:
        return None
    if age < timedelta():
        return now + LONGEST_RECHECK
    return now + min(max(age / 2, SHORTEST_RECHECK), LONGEST_RECHECK)


def _first_revision(
    candidate: Candidate, identity: Identity, article_id: ArticleId, *, now: datetime, backfill: bool
) -> Article:
    held_since = candidate.provenance.held_since
    published = published_at(candidate.published_at, first_seen=now, future=candidate.is_event)
    return _article(
        candidate,
        identity,
        id=article_id,
        revision=1,
        published_at=published,
        first_seen_at=held_since or now,
        released_at=now if held_since else None,
        updated_at=published,
        listed_at=listed_at(published, now, backfill=backfill),
    )


def _next_revision(candidate: Candidate, identity: Identity, previous: Article, *, now: datetime) -> Article:
    article = _article(
        candidate,
        identity,
        id=previous.id,
        revision=previous.revision + 1,
        published_at=previous.published_at,
        first_seen_at=previous.first_seen_at,
        released_at=previous.released_at,
        updated_at=now,
        listed_at=previous.listed_at,
    )
    if previous.source != candidate.source:  # what the other said before is no version of this portal's
        return replace(article, revised=revised(previous, article))
    return replace(
        article,
        revised=revised(previous, article),
        earlier=earlier_versions(previous),
        returns=previous.returns + (identity.content_hash in previous.earlier),
    )


def _taken_over(candidate: Candidate, taken_from: SourceId) -> Candidate:
    change = Change(field="source", received=taken_from, why=_TAKEN_OVER)
    return replace(candidate, provenance=candidate.provenance.with_changes(change))


_AS_GATHERED = tuple(name for name in Candidate.__struct_fields__ if name in Article.__struct_fields__)


def _article(candidate: Candidate, identity: Identity, **own: Any) -> Article:
    """Return a revision of what was gathered; `own` are the fields that come from elsewhere."""
    fields = {name: getattr(candidate, name) for name in _AS_GATHERED} | {
        "url": clean_url(candidate.canonical_url or candidate.url),
        "content_hash": identity.content_hash,
        "correction": correction_of(candidate),
    }
    return Article(**(fields | own))


def _revision_after(lost_at: datetime) -> int:
    """Return the first revision number of an article that may have been there before a loss.

    It is the minutes from 1970 to the loss. How far its revisions had counted is lost. If they began with 1
    again, the next event would have the id of one that endpoints have received, and they would leave it out.
    """
    return int(lost_at.timestamp() // 60)


def _event(article: Article, previous: Article | None, now: datetime) -> Event:
    if previous is None:
        kind = EventType.ARTICLE_CREATED
    elif article.correction and article.correction != previous.correction:
        kind = EventType.ARTICLE_CORRECTED
    else:
        kind = EventType.ARTICLE_UPDATED
    return new_event(kind, article.id, article.revision, now)
