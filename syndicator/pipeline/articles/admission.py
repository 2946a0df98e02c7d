"""Admits candidates: decides by their identities what is new or changed, and writes that.

    identify ─▶ look up ─▶ decide ─▶ write ─▶ assign to stories, which shows what is new

Identities only ever get known: a candidate that another worker admitted meanwhile is found when it is looked
up again. Stories have no part in it; see `pipeline.stories.assignment`.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import StoreError
from syndicator.model.article import Article, Candidate, Identity
from syndicator.model.clock import Clock
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.source import Round
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.rules.articles.admission import Admission, AdmissionVerdict, decide, reserved, with_parted
from syndicator.rules.filter_matching import FeedIndex, concerned, story_feeds
from syndicator.rules.identity.identity import identify
from syndicator.rules.identity.recognition import Recognised, aliases, recognise
from syndicator.rules.sources.announcement import ALL_ANNOUNCED, Announcing
from syndicator.rules.stories.clustering import Fingerprint, StoriesPolicy, fingerprints, parted
from syndicator.rules.stories.near_index import packed_keys
from syndicator.rules.stories.story_match import founded
from syndicator.store.articles.articles import Articles
from syndicator.store.popularity.signals import Signals
from syndicator.store.stories.stories import Stories

BATCH = 20
"""Candidates per script call: of new ones, it takes 1 ms of Redis' time, of known ones 0.3."""

_ATTEMPTS = 20
"""Times that a candidate is looked up. It moves when another worker writes the very same article."""

_READ_HERE_CHARACTERS = 200_000
"""Of all bodies: their words are read in 5 ms, and judged in 20. The event loop does not wait for more."""

_TICK = timedelta(milliseconds=1)
"""Between two candidates of a document, so that articles without a time keep their order."""

_ALWAYS = datetime.max.replace(tzinfo=UTC)


class Admitted(Struct, frozen=True, kw_only=True):
    candidate: Candidate
    article_id: ArticleId
    verdict: AdmissionVerdict
    is_restless: bool = False
    """Whether it was left as it is though it reads otherwise."""
    is_reserved: bool = False
    """Whether it is shown only once it is assigned to a story."""
    recognised: Recognised | None = None
    """How it was recognised."""


class _Intent(Struct, frozen=True, kw_only=True):
    admission: Admission
    recognised: Recognised


class _Occasion(Struct, frozen=True, kw_only=True):
    """What is to be kept in mind of all candidates of a document: see `Admitter.admit`."""

    own_dates_before: datetime | None
    rechecked: bool
    announcing: Announcing


class Grouping(Struct, frozen=True, kw_only=True):
    """What groups admitted articles into stories, and tells copies."""

    assigner: Assigner
    stories: Stories
    policy: StoriesPolicy


class Admitter:
    """Decides what is new, together with every other worker, exactly once."""

    def __init__(
        self,
        articles: Articles,
        specs: Collection[FeedSpec],
        clock: Clock,
        grouping: Grouping | None = None,
        metrics: Metrics | None = None,
        *,
        signals: Signals | None = None,
    ) -> None:
        """Without `grouping`, every article is a story of its own; without `signals`, none is counted on."""
        self._signals = signals
        self._metrics = metrics
        self._articles = articles
        self._specs = specs if isinstance(specs, FeedIndex) else FeedIndex(specs)
        self._clock = clock
        self._grouping = grouping

    async def admit(
        self,
        candidates: Sequence[Candidate],
        *,
        backfill: bool = False,
        rechecked: bool = False,
        archive_before: datetime | None = None,
        announcing: Announcing = ALL_ANNOUNCED,
    ) -> list[Admitted]:
        """Admit the candidates of one document, the oldest first: that order decides where no date does.

        `backfill`: the first round of a source, whose articles are listed by their own dates; so are those
        dated before `archive_before` in later ones.
        `rechecked`: their pages are to be read again while they are young.
        `announcing`: which of the new ones are announced; all that is not said otherwise.

        What is new is shown when this returns, unless another process is about to assign it.
        """
        occasion = _Occasion(
            own_dates_before=_ALWAYS if backfill else archive_before,
            rechecked=rechecked,
            announcing=announcing,
        )
        known = list(zip(candidates, await _identified(candidates), strict=True))
        admitted: list[Admitted] = []
        try:
            for batch in _batches(known):
                admitted += await self._batch(dict(enumerate(batch, len(admitted))), occasion)
        finally:  # what was written is to be shown, whatever becomes of the rest
            if self._grouping is not None and any(one.is_reserved for one in admitted):
                await self._grouping.assigner.assign()
        return admitted

    async def _batch(
        self, batch: Mapping[int, tuple[Candidate, Identity]], occasion: _Occasion
    ) -> list[Admitted]:
        results: dict[int, Admitted] = {}
        pending = dict(batch)
        for _ in range(_ATTEMPTS):
            intents = await self._judge(pending, occasion)
            done = await self._articles.admit([one.admission for one in intents.values()], self._clock())
            for (number, intent), written in zip(intents.items(), done, strict=True):
                if written:
                    candidate, _ = pending.pop(number)
                    self._count(intent.admission)
                    await self._carry(intent.admission)
                    results[number] = Admitted(
                        candidate=candidate,
                        article_id=intent.admission.article_id,
                        verdict=intent.admission.verdict,
                        is_restless=intent.admission.is_restless,
                        is_reserved=_is_reserved(intent.admission),
                        recognised=intent.recognised,
                    )
            if not pending:
                return [results[number] for number in sorted(results)]
        raise StoreError(f"{len(pending)} candidates could not be admitted: they moved {_ATTEMPTS} times")

    async def _carry(self, done: Admission) -> None:
        """Leave to an article what was counted of another that was found to be it."""
        if self._signals is not None and done.merged is not None:
            await self._signals.carry(done.merged.article_id, done.article_id)

    def _count(self, done: Admission) -> None:
        if self._metrics is not None and done.article is not None and done.article.revised is not None:
            is_correction = done.event is not None and done.event.type is EventType.ARTICLE_CORRECTED
            result = "yes" if is_correction else "no"
            self._metrics.revisions.labels(done.article.revised.size.value, result).inc()

    async def _judge(
        self,
        pending: dict[int, tuple[Candidate, Identity]],
        occasion: _Occasion,
    ) -> dict[int, _Intent]:
        candidates = [candidate for candidate, _ in pending.values()]
        identities = [identity for _, identity in pending.values()]
        now = self._clock()
        found = await self._articles.lookup(identities, now)
        result = recognise(candidates, identities, found)
        intents = {
            number: self._intent(candidate, one, now + number * _TICK, occasion)
            for number, candidate, one in zip(pending, candidates, result, strict=True)
        }
        if self._grouping is None:
            return intents
        admissions = [one.admission for one in intents.values()]
        grouped = await self._grouped(admissions, self._grouping)
        return {
            number: replace(one, admission=admission)
            for (number, one), admission in zip(intents.items(), grouped, strict=True)
        }

    async def _grouped(self, admissions: Sequence[Admission], grouping: Grouping) -> list[Admission]:
        """Return the admissions with what follows from stories.

        New articles wait for their story; changed ones end what is no longer a copy.
        """
        new = [one.article for one in admissions if one.article is not None and _is_new(one)]
        found = iter(fingerprints(new))
        return [
            self._reserved(one, one.article, next(found), grouping)
            if one.article is not None and _is_new(one)
            else await self._parted(one, grouping)
            for one in admissions
        ]

    def _reserved(
        self, intent: Admission, article: Article, found: Fingerprint, grouping: Grouping
    ) -> Admission:
        own = founded(article, found.terms)
        grouping.assigner.remember(article.id, article.content_hash, found.text, own)
        return reserved(intent, article, own, packed_keys(found.shingle_keys), self._specs)

    async def _parted(self, intent: Admission, grouping: Grouping) -> Admission:
        """Return the admission of a changed article with what it changes of copies and its story."""
        article, known = intent.article, intent.known
        if article is None:
            return intent
        if known is not None and known.article is not None and self._specs.has_stories:
            before, now = (story_feeds(self._specs, [one]) for one in (known.article, article))
            if before != now:
                (place,) = await grouping.stories.places([article.id])
                intent = replace(intent, reshown=place.story or StoryId(article.id))
        kin = await grouping.stories.kin_of(article.id)
        if not kin or not article.body_html:
            return intent
        return with_parted(intent, parted(article, kin, grouping.policy), self._specs)

    def _intent(
        self, candidate: Candidate, recognised: Recognised, now: datetime, occasion: _Occasion
    ) -> _Intent:
        if recognised.name_is_anothers:
            candidate = replace(candidate, canonical_url=None)
        admission = decide(
            candidate,
            recognised.identity,
            recognised.known,
            specs=self._specs,
            now=now,
            backfill=_is_before(candidate, occasion.own_dates_before),
            rechecked=occasion.rechecked,
            announcing=occasion.announcing,
        )
        if not (recognised.fresh or recognised.stale or recognised.merged):
            return _Intent(admission=admission, recognised=recognised)
        merged = recognised.merged
        left = concerned(self._specs, merged.article, merged.article) if merged and merged.article else ()
        admission = replace(
            admission,
            fresh=recognised.fresh,
            stale=recognised.stale,
            merged=merged,
            aliases=aliases(candidate, recognised, now),
            feeds=tuple(dict.fromkeys((*admission.feeds, *left))),
        )
        return _Intent(admission=admission, recognised=recognised)


def _batches(
    known: Sequence[tuple[Candidate, Identity]],
) -> Iterator[list[tuple[Candidate, Identity]]]:
    """Yield what one call admits, at once: neither too many nor too much to read."""
    batch: list[tuple[Candidate, Identity]] = []
    characters = 0
    for candidate, identity in known:
        characters += len(candidate.body_html)
        if batch and (len(batch) == BATCH or characters > _READ_HERE_CHARACTERS):
            yield batch
            batch, characters = [], len(candidate.body_html)
        batch.append((candidate, identity))
    if batch:
        yield batch


async def _identified(candidates: Sequence[Candidate]) -> list[Identity]:
    if sum(len(one.body_html) for one in candidates) <= _READ_HERE_CHARACTERS:
        return identify(candidates)
    return await asyncio.to_thread(identify, candidates)


def _is_new(admission: Admission) -> bool:
    """Return whether an article is admitted that has no story yet."""
    known = admission.known
    return admission.article is not None and (known is None or known.is_reserved)


def _is_reserved(done: Admission) -> bool:
    """Return whether an article waits to be assigned, also where it was admitted before."""
    return done.reservation is not None or (done.known is not None and done.known.is_reserved)


def _is_before(candidate: Candidate, moment: datetime | None) -> bool:
    claimed = candidate.published_at
    return claimed is not None and moment is not None and claimed < moment


def tally(admitted: Sequence[Admitted]) -> Round:
    """Count the verdicts of a round."""
    verdicts = [one.verdict for one in admitted]
    return Round(
        new=verdicts.count(AdmissionVerdict.NEW),
        changed=verdicts.count(AdmissionVerdict.CHANGED),
        duplicate=verdicts.count(AdmissionVerdict.DUPLICATE),
        unchanged=verdicts.count(AdmissionVerdict.UNCHANGED),
    )
