"""Keeps back what is under embargo, before anything is admitted."""

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
    """Stands before admission: what may not be shown yet does not get there.

    Nothing of a held article is in a feed, page, list, webhook or event. Of a known article whose new
    revision is under embargo, the old one stays.
    """

    def __init__(self, store: Embargoed) -> None:
        self._store = store

    async def keep_back(self, candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
        """Hold the candidates of one document that are under embargo; give the others, in their order.

        A newer candidate takes the place of a held one of the same identity. One whose embargo is over, or
        was lifted, goes through, and is due for release now in place of the held one: whoever dies before it
        is admitted, the release step admits it, and then holds it no more. The word of a feed alone neither
        replaces nor lifts what is held as its page was read.
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
                log.info("kept back: its page, which has an embargo, could not be read", url=candidate.url)
            elif is_held(candidate, now):
                await self._hold(single, identity, earlier, now)
            else:
                passed.append(await self._let_through(single, identity, earlier, now))
        return passed

    async def let_go(self, source: SourceId, keys: Sequence[Sequence[str]]) -> None:
        """Hold no more what has one of these identities: its source cancelled it."""
        if keys and await self._store.holds(source):
            for found in await self._store.find(source, keys):
                await self._store.drop(found)

    async def read_lately(self, source: SourceId, urls: Sequence[str], now: datetime) -> frozenset[str]:
        """Return the article pages that are held and were read less than an hour ago: they can wait."""
        if not urls or not await self._store.holds(source):
            return frozenset()
        found = await self._store.find(source, [[url_key(url)] for url in urls])
        return frozenset(
            url
            for url, held in zip(urls, found, strict=True)
            if any(now - one.candidate.provenance.fetched_at < READ_AGAIN_AFTER for one in held)
        )

    async def _hold(
        self, candidate: Candidate, identity: Identity, earlier: Sequence[HeldArticle], now: datetime
    ) -> None:
        until = candidate.embargo_until or now
        candidate = _noted(candidate, earlier, now, until)
        if until - now > LONGEST or not _is_known_by_itself(candidate, identity):
            log.info("kept back until it is listed without an embargo", url=candidate.url)
            await self._store.drop(earlier)
        elif earlier or await self._store.has_room(candidate.source):
            await self._store.put(HeldArticle(candidate=candidate, identity=identity, until=until), earlier)
        else:
            log.warning("too many articles under embargo: this one waits at its source", url=candidate.url)

    async def _let_through(
        self, candidate: Candidate, identity: Identity, earlier: Sequence[HeldArticle], now: datetime
    ) -> Candidate:
        if not earlier:
            return released(candidate, candidate.embargo_until)
        # Readers leave out an embargo that is over; one that was held for longer was lifted now.
        ended = candidate.embargo_until or min(now, max(one.until for one in earlier))
        passing = _noted(released(candidate, ended), earlier, now, ended)
        if not _is_known_by_itself(candidate, identity):
            await self._store.drop(earlier)
        elif [(one.identity, one.until <= now) for one in earlier] != [(identity, True)]:
            article = HeldArticle(candidate=passing, identity=identity, until=now)
            await self._store.put(article, earlier)
        return passing


def _noted(candidate: Candidate, earlier: Sequence[HeldArticle], now: datetime, until: datetime) -> Candidate:
    """Note since when, and until when, it was kept back: what takes its place was seen no later."""
    seen = [one.candidate.provenance.held_since for one in earlier]
    since = min((at for at in seen if at), default=now)
    return replace(candidate, provenance=replace(candidate.provenance, held_since=since, held_until=until))


def _is_less_than_held(candidate: Candidate, earlier: Sequence[HeldArticle]) -> bool:
    """Return whether a list or a feed alone speaks of what is held as its own page was read.

    It cannot know of an embargo that stands on the page only.
    """
    return not candidate.provenance.read_from and any(one.candidate.provenance.read_from for one in earlier)


def _is_known_by_itself(candidate: Candidate, identity: Identity) -> bool:
    """Return whether it has the same identity alone: not where others of the document share its link."""
    return identify([candidate])[0] == identity
