"""Withdraws what sources take back: pages that are gone, entries that a feed deleted, cancelled articles.

Only the source that an article was first admitted from can withdraw it, and not after an operator has
restored it. An article that merely drops off the end of a list is not withdrawn.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from syndicator.gather.feeds.candidates import DeletedEntry, FeedReading
from syndicator.model.article import Article, Candidate, WithdrawnBy
from syndicator.model.clock import Clock
from syndicator.model.source import Source
from syndicator.pipeline.articles.embargo import EmbargoGate
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.sources.round_result import Notes
from syndicator.rules.articles.withdrawal import (
    CONFIRMED_AFTER,
    FEED_SAYS_DELETED,
    is_confirmed,
    is_portal_wide,
)
from syndicator.rules.identity.identity import guid_key, identify, url_key
from syndicator.store.store import Store


class UpstreamWithdrawals:
    """Withdraws articles whose source has deleted or cancelled them."""

    def __init__(self, store: Store, withdrawer: Withdrawer, held: EmbargoGate, clock: Clock) -> None:
        self._store = store
        self._withdrawer = withdrawer
        self._held = held
        self._clock = clock

    async def pages_read(
        self, source: Source, pages: Sequence[tuple[Article, int | None]], notes: Notes
    ) -> None:
        """Record which article pages of a round are gone; withdraw those that are gone for long enough.

        `pages`: articles with the HTTP status of a page that is gone, None for a page that exists.
        """
        gone = [(article, status) for article, status in pages if status is not None]
        if is_portal_wide(len(gone), len(pages)):
            notes.warn("most of its article pages are gone at once: that is taken for a fault of the portal")
            return
        since = await self._store.withdrawals.gone_since([article.id for article, _ in pages])
        now = self._clock()
        for (article, status), first in zip(pages, since, strict=True):
            if status is None:
                if first is not None:
                    await self._store.withdrawals.note_gone(article, None)
            elif is_confirmed(first, status, now):
                reason = f"its page is gone (http_{status})"
                await self._withdrawer.withdraw(article.id, WithdrawnBy.PAGE, reason)
            else:
                if first is None:
                    await self._store.withdrawals.note_gone(article, now)
                again = (first or now) + CONFIRMED_AFTER[status]
                await self._store.articles.set_recheck(source.id, article.id, again)

    async def entries_deleted(self, source: Source, reading: FeedReading) -> None:
        """Withdraw the entries that a feed has deleted, except those it lists with a later change."""
        listed = {
            entry.guid: entry.updated_at or entry.published_at for entry in reading.candidates if entry.guid
        }
        deleted = [entry for entry in reading.deleted if not _came_back(entry, listed)]
        if not deleted:
            return
        scope = source.identity.scope or source.id
        keys = [key for entry in deleted for key in (guid_key(scope, entry.guid), url_key(entry.guid))]
        owners = await self._store.articles.resolve(keys)
        for entry, pair in zip(deleted, zip(owners[::2], owners[1::2], strict=True), strict=True):
            article = next((owner for owner in pair if owner and owner.source == source.id), None)
            if article is not None:
                reason = entry.comment or FEED_SAYS_DELETED
                await self._withdrawer.withdraw(article.article_id, WithdrawnBy.FEED, reason)

    async def without_cancelled(self, source: Source, candidates: list[Candidate]) -> list[Candidate]:
        """Withdraw the cancelled candidates of one document; return the others, in their order."""
        if not any(candidate.cancelled for candidate in candidates):
            return candidates
        for candidate, identity in zip(candidates, identify(candidates), strict=True):
            if candidate.cancelled is None:
                continue
            await self._held.drop(source.id, [identity.keys])
            owners = await self._store.articles.resolve(identity.keys)
            article = next((owner for owner in owners if owner and owner.source == source.id), None)
            if article is not None:
                reason = f"its source says: {candidate.cancelled}"
                await self._withdrawer.withdraw(article.article_id, WithdrawnBy.STATUS, reason)
        return [candidate for candidate in candidates if candidate.cancelled is None]


def _came_back(deleted: DeletedEntry, listed: Mapping[str, datetime | None]) -> bool:
    """Return whether an entry was changed after its deletion (RFC 6721, 3)."""
    if deleted.guid not in listed:
        return False
    changed = listed[deleted.guid]
    return deleted.at is None or changed is None or changed > deleted.at
