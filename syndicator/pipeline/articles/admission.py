"""Admits candidates: decides by their identities which are new or changed, and writes them.

    identify ─▶ look up ─▶ decide ─▶ write ─▶ assign to stories, which shows what is new

Identities are never forgotten in between: a candidate that another worker admitted meanwhile is found when it
is looked up again. Story assignment is a separate step; see `pipeline.stories.assignment`.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import StoreError
from syndicator.model.article import Candidate, Identity
from syndicator.model.clock import Clock
from syndicator.model.event import EventType
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.source import Round
from syndicator.model.sources.freshness import Sighting
from syndicator.model.story import Story
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.observe.tracing import span
from syndicator.rules.articles.admission import (
    Admission,
    AdmissionVerdict,
    decide,
    reserved,
    with_revoked_copies,
)
from syndicator.rules.filter_matching import FeedIndex, concerned, story_feeds
from syndicator.rules.identity.identity import identify
from syndicator.rules.identity.recognition import Recognised, aliases, recognise
from syndicator.rules.sources.announcement import ALL_ANNOUNCED, Announcing
from syndicator.rules.sources.rhythm import Poll
from syndicator.rules.stories.clustering import StoriesPolicy, fingerprints, revoked_copies
from syndicator.rules.stories.near_duplicates import Text
from syndicator.rules.stories.near_index import packed_keys
from syndicator.rules.stories.story_match import founded
from syndicator.store.articles.articles import Articles
from syndicator.store.popularity.signals import Signals
from syndicator.store.stories.stories import Stories

BATCH = 20
"""Candidates per script call: new ones take 1 ms of Redis' time, known ones 0.3 ms."""

_ATTEMPTS = 20
"""Lookups per candidate. Another one is needed when another worker writes the same article meanwhile."""

_READ_HERE_CHARACTERS = 200_000
"""Larger batches are identified in a thread. This many characters take 5 ms to read and 20 ms to judge."""

_TICK = timedelta(milliseconds=1)
"""Added to the time of each next candidate of a document, so that undated articles keep their order."""

_ALWAYS = datetime.max.replace(tzinfo=UTC)

log = get_logger(__name__)


class Admitted(Struct, frozen=True, kw_only=True):
    candidate: Candidate
    article_id: ArticleId
    verdict: AdmissionVerdict
    changes_constantly: bool = False
    """Whether a change was ignored because the article changes all the time."""
    is_reserved: bool = False
    """Whether it is shown only once it is assigned to a story."""
    recognised: Recognised | None = None
    shown_at: datetime | None = None
    """When it was visible; None where it was before."""


class _AdmissionOptions(Struct, frozen=True, kw_only=True):
    """What applies to all candidates of a document: see `Admitter.admit`."""

    own_dates_before: datetime | None
    rechecked: bool
    announcing: Announcing


class AdmittedTexts(Protocol):
    """Keeps what assignment compares of articles that this process admits."""

    def remember(self, article: ArticleId, content_hash: str, text: Text, own: Story) -> None:
        """Keep the values of one article, so that they need not be read again."""


class StoryAssigner(Protocol):
    """Assigns reserved articles to stories."""

    async def assign(self) -> None:
        """Return when all articles that wait now are assigned, or after a time limit."""


class Grouping(Struct, frozen=True, kw_only=True):
    """What groups admitted articles into stories and detects copies."""

    assigner: StoryAssigner
    texts: AdmittedTexts
    stories: Stories
    policy: StoriesPolicy


class Admitter:
    """Decides which candidates are new, exactly once over all workers."""

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
        """Without `grouping`, every article is a story of its own; without `signals`, counts stay apart."""
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
        """Admit the candidates of one document, given oldest first: undated ones keep that order.

        `backfill`: the first round of a source, whose articles are listed by their own dates; in later rounds
        those dated before `archive_before` are.
        `rechecked`: their pages are read again while they are young.
        `announcing`: which new articles are announced to subscribers; all by default.

        New articles are visible when this returns, unless another process is about to assign them.
        """
        options = _AdmissionOptions(
            own_dates_before=_ALWAYS if backfill else archive_before,
            rechecked=rechecked,
            announcing=announcing,
        )
        source = candidates[0].source if candidates else None
        with span("admission", source=source, candidates=len(candidates)):
            admitted = await self._admitted(candidates, options)
        now = self._clock()
        return [
            replace(entry, shown_at=now) if entry.verdict is AdmissionVerdict.NEW else entry
            for entry in admitted
        ]

    async def _admitted(self, candidates: Sequence[Candidate], options: _AdmissionOptions) -> list[Admitted]:
        known = list(zip(candidates, await _identified(candidates), strict=True))
        admitted: list[Admitted] = []
        try:
            for batch in _batches(known):
                admitted += await self._batch(dict(enumerate(batch, len(admitted))), options)
        finally:  # assign what was written, also where a later batch has failed
            if self._grouping is not None and any(entry.is_reserved for entry in admitted):
                await self._grouping.assigner.assign()
        return admitted

    async def _batch(
        self, batch: Mapping[int, tuple[Candidate, Identity]], options: _AdmissionOptions
    ) -> list[Admitted]:
        results: dict[int, Admitted] = {}
        pending = dict(batch)
        for _ in range(_ATTEMPTS):
            judged = await self._judge(pending, options)
            done = await self._articles.admit([admission for admission, _ in judged], self._clock())
            for number, (admission, recognised), is_written in zip(list(pending), judged, done, strict=True):
                if is_written:
                    candidate, _ = pending.pop(number)
                    self._count(admission)
                    _note(admission)
                    if self._signals is not None and admission.merged is not None:
                        await self._signals.carry(admission.merged.article_id, admission.article_id)
                    results[number] = Admitted(
                        candidate=candidate,
                        article_id=admission.article_id,
                        verdict=admission.verdict,
                        changes_constantly=admission.changes_constantly,
                        is_reserved=_is_reserved(admission),
                        recognised=recognised,
                    )
            if not pending:
                return [results[number] for number in sorted(results)]
        raise StoreError(f"{len(pending)} candidates could not be admitted: they moved {_ATTEMPTS} times")

    def _count(self, done: Admission) -> None:
        if self._metrics is not None and done.article is not None and done.article.revised is not None:
            is_correction = done.event is not None and done.event.type is EventType.ARTICLE_CORRECTED
            correction = "yes" if is_correction else "no"
            self._metrics.revisions.labels(done.article.revised.size.value, correction).inc()

    async def _judge(
        self,
        pending: dict[int, tuple[Candidate, Identity]],
        options: _AdmissionOptions,
    ) -> list[tuple[Admission, Recognised]]:
        candidates = [candidate for candidate, _ in pending.values()]
        identities = [identity for _, identity in pending.values()]
        now = self._clock()
        known = recognise(candidates, identities, await self._articles.lookup(identities, now))
        admissions = [
            self._admission(candidate, recognised, now + number * _TICK, options)
            for number, candidate, recognised in zip(pending, candidates, known, strict=True)
        ]
        if self._grouping is not None:
            admissions = await self._grouped(admissions, self._grouping)
        return list(zip(admissions, known, strict=True))

    async def _grouped(self, admissions: Sequence[Admission], grouping: Grouping) -> list[Admission]:
        """Return the admissions with their effects on stories.

        New articles are reserved until they are assigned to a story; changed ones may no longer be copies.
        """
        new = [
            admission.article
            for admission in admissions
            if admission.article is not None and _is_new(admission)
        ]
        remaining = iter(fingerprints(new))
        grouped: list[Admission] = []
        for admission in admissions:
            article = admission.article
            if article is not None and _is_new(admission):
                fingerprint = next(remaining)
                own = founded(article, fingerprint.terms)
                grouping.texts.remember(article.id, article.content_hash, fingerprint.text, own)
                runs = packed_keys(fingerprint.shingle_keys)
                grouped.append(reserved(admission, article, own, runs, self._specs))
            else:
                grouped.append(await self._with_revoked_copies(admission, grouping))
        return grouped

    async def _with_revoked_copies(self, intent: Admission, grouping: Grouping) -> Admission:
        """Return the admission of a changed article with its effects on copies and on its story."""
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
        return with_revoked_copies(intent, revoked_copies(article, kin, grouping.policy), self._specs)

    def _admission(
        self, candidate: Candidate, recognised: Recognised, now: datetime, options: _AdmissionOptions
    ) -> Admission:
        if recognised.name_is_anothers:
            candidate = replace(candidate, canonical_url=None)
        admission = decide(
            candidate,
            recognised.identity,
            recognised.known,
            specs=self._specs,
            now=now,
            backfill=_is_before(candidate, options.own_dates_before),
            rechecked=options.rechecked,
            announcing=options.announcing,
        )
        if not (recognised.fresh or recognised.stale or recognised.merged):
            return admission
        merged = recognised.merged
        left = concerned(self._specs, merged.article, merged.article) if merged and merged.article else ()
        return replace(
            admission,
            fresh=recognised.fresh,
            stale=recognised.stale,
            merged=merged,
            aliases=aliases(candidate, recognised, now),
            feeds=tuple(dict.fromkeys((*admission.feeds, *left))),
        )


def _batches(
    known: Sequence[tuple[Candidate, Identity]],
) -> Iterator[list[tuple[Candidate, Identity]]]:
    """Yield batches of at most BATCH candidates and _READ_HERE_CHARACTERS characters."""
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
    if sum(len(candidate.body_html) for candidate in candidates) <= _READ_HERE_CHARACTERS:
        return identify(candidates)
    return await asyncio.to_thread(identify, candidates)


def _note(admission: Admission) -> None:
    """Log a new article or revision, and begin its trace."""
    article, event = admission.article, admission.event
    if article is None:
        return
    was_reserved = admission.known is not None and admission.known.is_reserved
    with span(
        "article admitted",
        trace=event.trace if event else article.id,
        is_root=not was_reserved,
        source=admission.carried_by,
        article=article.id,
        event=event.id if event else None,
        verdict=admission.verdict.value,
    ):
        log.debug(
            "article_admitted",
            source=admission.carried_by,
            article=admission.article_id,
            verdict=admission.verdict.value,
            revision=article.revision,
        )


def _is_new(admission: Admission) -> bool:
    """Return whether an admitted article has no story yet."""
    known = admission.known
    return admission.article is not None and (known is None or known.is_reserved)


def _is_reserved(done: Admission) -> bool:
    """Return whether an article waits for its assignment to a story, also from an earlier admission."""
    return done.reservation is not None or (done.known is not None and done.known.is_reserved)


def _is_before(candidate: Candidate, moment: datetime | None) -> bool:
    claimed = candidate.published_at
    return claimed is not None and moment is not None and claimed < moment


def tally(admitted: Sequence[Admitted]) -> Round:
    """Count the verdicts of a round."""
    verdicts = [entry.verdict for entry in admitted]
    return Round(
        new=verdicts.count(AdmissionVerdict.NEW),
        changed=verdicts.count(AdmissionVerdict.CHANGED),
        duplicate=verdicts.count(AdmissionVerdict.DUPLICATE),
        unchanged=verdicts.count(AdmissionVerdict.UNCHANGED),
    )


def poll_of(admitted: Sequence[Admitted], *, known: int = 0, backfill: bool, pushed: bool = False) -> Poll:
    """Return what the rhythm of a source is learned from: its new articles' dates, the number of known ones.

    `known`: known articles that are not among `admitted`.
    """
    new = [entry.candidate for entry in admitted if entry.verdict is AdmissionVerdict.NEW]
    return Poll(
        new=len(new),
        known=known + len(admitted) - len(new),
        published=tuple(candidate.published_at for candidate in new if candidate.published_at),
        backfill=backfill,
        pushed=pushed,
    )


def sightings_of(admitted: Sequence[Admitted], *, backfill: bool) -> tuple[Sighting, ...]:
    """Return the new articles of a document with their dates; none of a first round."""
    return tuple(
        Sighting(published_at=entry.candidate.published_at, shown_at=entry.shown_at)
        for entry in admitted
        if entry.shown_at is not None and entry.candidate.published_at is not None and not backfill
    )
