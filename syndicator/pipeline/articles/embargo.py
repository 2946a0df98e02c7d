"""Holds embargoed candidates back from admission."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from syndicator.model.article import Candidate, Identity
from syndicator.model.ids import SourceId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.articles.feed_page_merge import alone
from syndicator.rules.articles.embargo import LONGEST, is_held, released
from syndicator.rules.identity.identity import identify, url_key
from syndicator.store.articles.embargo import Embargoed, HeldArticle

READ_AGAIN_AFTER = timedelta(hours=1)

log = get_logger(__name__)


class EmbargoGate:
    """Holds candidates whose embargo has not ended.

    Nothing of a held article appears in a feed, page, list, webhook or event. While a new revision is
    embargoed, the old revision stays visible.
    """

    def __init__(self, store: Embargoed) -> None:
        self._store = store

    async def hold_embargoed(self, candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
        """Hold the embargoed candidates of one document; return the others, in their order.

        A newer candidate replaces a held one of the same identity. A candidate whose embargo has ended, or
        was lifted, is returned and also becomes due for release: should this process die before it is
        admitted, the release step admits it. A candidate that was read from a feed alone neither replaces
        nor lifts one that was read from its page.
        """
        if not candidates:
            return []
        source = candidates[0].source
        are_held = any(is_held(candidate, now) for candidate in candidates)
        if not are_held and not await self._store.holds(source):
            return [released(candidate, candidate.embargo_until) for candidate in candidates]
        identities = identify(candidates)
        found = await self._store.find(source, [identity.keys for identity in identities])
        passed: list[Candidate] = []
        for candidate, identity, earlier in zip(candidates, identities, found, strict=True):
            single = alone(candidate, identity)
            if _is_less_than_held(candidate, earlier):
                log.info(
                    "article_withheld",
                    source=candidate.source,
                    url=candidate.url,
                    reason="its page, which has an embargo, was not read",
                )
            elif is_held(candidate, now):
                await self._hold(single, identity, earlier, now)
            else:
                passed.append(await self._pass(single, identity, earlier, now))
        return passed

    async def drop(self, source: SourceId, keys: Sequence[Sequence[str]]) -> None:
        """Delete the held articles of these identities, because their source has cancelled them."""
        if keys and await self._store.holds(source):
            for held in await self._store.find(source, keys):
                await self._store.drop(held)

    async def read_lately(self, source: SourceId, urls: Sequence[str], now: datetime) -> frozenset[str]:
        """Return the addresses of held articles that were read less than READ_AGAIN_AFTER ago."""
        if not urls or not await self._store.holds(source):
            return frozenset()
        found = await self._store.find(source, [[url_key(url)] for url in urls])
        return frozenset(
            url
            for url, held in zip(urls, found, strict=True)
            if any(now - article.candidate.provenance.fetched_at < READ_AGAIN_AFTER for article in held)
        )

    async def _hold(
        self, candidate: Candidate, identity: Identity, earlier: Sequence[HeldArticle], now: datetime
    ) -> None:
        until = candidate.embargo_until or now
        candidate = _noted(candidate, earlier, now, until)
        if until - now > LONGEST or not _is_known_by_itself(candidate, identity):
            log.info(
                "article_withheld",
                source=candidate.source,
                url=candidate.url,
                reason="it must be listed without an embargo",
            )
            await self._store.drop(earlier)
        elif earlier or await self._store.has_room(candidate.source):
            await self._store.put(HeldArticle(candidate=candidate, identity=identity, until=until), earlier)
        else:
            log.warning(
                "embargo_limit_reached",
                source=candidate.source,
                url=candidate.url,
                detail="it is left at its source for now",
            )

    async def _pass(
        self, candidate: Candidate, identity: Identity, earlier: Sequence[HeldArticle], now: datetime
    ) -> Candidate:
        if not earlier:
            return released(candidate, candidate.embargo_until)
        # Readers leave out an embargo that has ended. If the held one had time left, it was lifted just now.
        ended = candidate.embargo_until or min(now, max(article.until for article in earlier))
        passing = _noted(released(candidate, ended), earlier, now, ended)
        if not _is_known_by_itself(candidate, identity):
            await self._store.drop(earlier)
        elif [(article.identity, article.until <= now) for article in earlier] != [(identity, True)]:
            article = HeldArticle(candidate=passing, identity=identity, until=now)
            await self._store.put(article, earlier)
        return passing


def _noted(candidate: Candidate, earlier: Sequence[HeldArticle], now: datetime, until: datetime) -> Candidate:
    """Return a candidate with the time for which it, or an earlier version of it, was held."""
    seen = [article.candidate.provenance.held_since for article in earlier]
    since = min((at for at in seen if at), default=now)
    return replace(candidate, provenance=replace(candidate.provenance, held_since=since, held_until=until))


def _is_less_than_held(candidate: Candidate, earlier: Sequence[HeldArticle]) -> bool:
    """Return whether a candidate comes from a list or feed alone while the held one was read from its page.

    Only the page may state the embargo.
    """
    return not candidate.provenance.read_from and any(
        article.candidate.provenance.read_from for article in earlier
    )


def _is_known_by_itself(candidate: Candidate, identity: Identity) -> bool:
    """Return whether a candidate has the same identity without the other entries of its document."""
    return identify([candidate])[0] == identity
