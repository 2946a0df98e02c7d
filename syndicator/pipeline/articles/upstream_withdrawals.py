"""What sources take back: article pages that are gone, entries that a feed deleted, what is cancelled.

Only the source that an article was first admitted from is heard, and never against an operator who restored
it. What merely falls off the end of a list is not taken back.
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
    """Hears what sources say of articles that are not to be shown any more."""

    def __init__(self, store: Store, withdrawer: Withdrawer, held: EmbargoGate, clock: Clock) -> None:
        self._store = store
        self._withdrawer = withdrawer
        self._held = held
        self._clock = clock

    async def pages_read(
        self, source: Source, pages: Sequence[tuple[Article, int | None]], notes: Notes
    ) -> None:
        """Note which article pages of a round are gone, by their status; withdraw what was gone before.

        Pages that are there are told with None.
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
        """Withdraw what a feed says was deleted, unless it lists the entry itself as changed later."""
        listed = {one.guid: one.updated_at or one.published_at for one in reading.candidates if one.guid}
        chosen = [one for one in reading.deleted if not _came_back(one, listed)]
        if not chosen:
            return
        scope = source.identity.scope or source.id
        keys = [key for one in chosen for key in (guid_key(scope, one.guid), url_key(one.guid))]
        found = await self._store.articles.resolve(keys)
        for one, pair in zip(chosen, zip(found[::2], found[1::2], strict=True), strict=True):
            article = next((owned for owned in pair if owned and owned.source == source.id), None)
            if article is not None:
                reason = one.comment or FEED_SAYS_DELETED
                await self._withdrawer.withdraw(article.article_id, WithdrawnBy.FEED, reason)

    async def without_cancelled(self, source: Source, candidates: list[Candidate]) -> list[Candidate]:
        """Withdraw those of one document that their source cancelled; give the others, in their order."""
        if not any(one.cancelled for one in candidates):
            return candidates
        for one, identity in zip(candidates, identify(candidates), strict=True):
            if one.cancelled is None:
                continue
            await self._held.let_go(source.id, [identity.keys])
            found = await self._store.articles.resolve(identity.keys)
            article = next((owned for owned in found if owned and owned.source == source.id), None)
            if article is not None:
                reason = f"its source says: {one.cancelled}"
                await self._withdrawer.withdraw(article.article_id, WithdrawnBy.STATUS, reason)
        return [one for one in candidates if one.cancelled is None]


def _came_back(deleted: DeletedEntry, listed: Mapping[str, datetime | None]) -> bool:
    """RFC 6721, 3: an entry that was changed after its deletion counts."""
    if deleted.guid not in listed:
        return False
    changed = listed[deleted.guid]
    return deleted.at is None or changed is None or changed > deleted.at
