"""New articles to where they belong: looks up what is near each, and has the rules judge it."""

from collections.abc import Mapping

from msgspec.structs import replace

from syndicator.model.article import Article, Candidate, Identity
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId
from syndicator.rules.admission import Admission
from syndicator.rules.placement import (
    Fingerprint,
    Near,
    Placement,
    StoriesPolicy,
    fingerprint,
    parted,
    place,
    with_batch,
)
from syndicator.store.stories import Stories

REMEMBERED = 20_000
"""Contents that were found known: they are listed again in every round, and need no fingerprint."""

Pending = Mapping[int, tuple[Candidate, Identity]]


class Placer:
    """Finds copies and stories for the candidates of a batch, in one round trip."""

    def __init__(self, stories: Stories, policy: StoriesPolicy, clock: Clock) -> None:
        self._stories = stories
        self._policy = policy
        self._clock = clock
        self._known: dict[str, None] = {}

    async def look_up(self, pending: Pending) -> dict[int, tuple[Fingerprint, Near]]:
        """Find what is near each candidate that may be new."""
        wanted = {
            number: fingerprint(candidate)
            for number, (candidate, identity) in pending.items()
            if identity.content_hash not in self._known
        }
        found = await self._stories.near(list(wanted.values()), self._clock())
        return {number: (mine, near) for (number, mine), near in zip(wanted.items(), found, strict=True)}

    async def place(
        self,
        intents: Mapping[int, Admission],
        pending: Pending,
        found: Mapping[int, tuple[Fingerprint, Near]],
    ) -> dict[int, Admission]:
        """Add to each intent to store a new article where it belongs, in the order of the batch."""
        placed: dict[int, Admission] = {}
        earlier: list[Placement] = []
        for number, intent in intents.items():
            article = intent.article
            if intent.known is not None or article is None:
                self._remember(intent.identity)
                placed[number] = replace(intent, parted=await self._parted(article)) if article else intent
                continue
            mine, near = found[number] if number in found else await self._late(pending[number][0])
            placement = place(article, mine, with_batch(near, mine, earlier), self._policy)
            earlier.append(placement)
            placed[number] = replace(intent, placement=placement)
        return placed

    async def members(self, placed: Mapping[int, Admission]) -> dict[int, list[ArticleId]]:
        """Name for each intent that joins a story those who tell it already."""
        joined = {
            number: intent.placement.joins.story.id
            for number, intent in placed.items()
            if intent.placement is not None and intent.placement.joins is not None
        }
        known = await self._stories.members(list(dict.fromkeys(joined.values())))
        return {number: known[story] or [ArticleId(story)] for number, story in joined.items()}

    async def _parted(self, article: Article) -> tuple[ArticleId, ...]:
        """Name the copies that a new revision ends."""
        kin = await self._stories.kin_of(article.id)
        return parted(article, kin, self._policy) if kin and article.body_html else ()

    async def _late(self, candidate: Candidate) -> tuple[Fingerprint, Near]:
        """Look up one that was taken for known, as its content is, but is not: its article has left."""
        mine = fingerprint(candidate)
        return mine, (await self._stories.near([mine], self._clock()))[0]

    def _remember(self, identity: Identity) -> None:
        self._known.pop(identity.content_hash, None)
        self._known[identity.content_hash] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
