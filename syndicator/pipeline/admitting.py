"""Candidates in, articles, indexes and events out: look up, judge, admit, and judge again what moved."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.article import Candidate, Identity
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import ArticleId
from syndicator.model.source import Round
from syndicator.pipeline.placing import Placer
from syndicator.rules.admission import Admission, Verdict, decide, with_grown
from syndicator.rules.identity import identify
from syndicator.rules.placement import Fingerprint, Near
from syndicator.store.articles import Articles

BATCH = 40
"""Candidates per script call: keeps a call well under 5 ms of Redis' time."""

_ATTEMPTS = 20
"""A candidate that moves this often is fought over by a storm of workers; its source's next round has it."""


_TICK = timedelta(milliseconds=1)
"""Between two candidates of a document, so that articles without a time keep their order."""

_ALWAYS = datetime.max.replace(tzinfo=UTC)


class Admitted(Struct, frozen=True, kw_only=True):
    candidate: Candidate
    article_id: ArticleId
    verdict: Verdict
    is_restless: bool = False
    """Whether it was left as it is though it reads otherwise."""


class Admitter:
    """Decides what is new, together with every other worker, exactly once."""

    def __init__(
        self, articles: Articles, specs: Collection[FeedSpec], clock: Clock, placer: Placer | None = None
    ) -> None:
        """Without a `placer`, every article is a story of its own."""
        self._articles = articles
        self._specs = specs
        self._clock = clock
        self._placer = placer

    async def admit(
        self,
        candidates: Sequence[Candidate],
        *,
        backfill: bool = False,
        rechecked: bool = False,
        archive_before: datetime | None = None,
    ) -> list[Admitted]:
        """Admit the candidates of one document, the oldest first: that order decides where no date does.

        `backfill`: the first round of a source, whose articles are listed by their own dates; so are those
        dated before `archive_before` in later ones.
        `rechecked`: their pages are to be read again while they are young.
        """
        own_dates_before = _ALWAYS if backfill else archive_before
        known = list(zip(candidates, identify(candidates), strict=True))
        admitted: list[Admitted] = []
        for start in range(0, len(known), BATCH):
            batch = dict(enumerate(known[start : start + BATCH], start))
            admitted += await self._batch(batch, own_dates_before, rechecked)
        return admitted

    async def _batch(
        self,
        batch: Mapping[int, tuple[Candidate, Identity]],
        own_dates_before: datetime | None,
        rechecked: bool,
    ) -> list[Admitted]:
        results: dict[int, Admitted] = {}
        pending = dict(batch)
        for _ in range(_ATTEMPTS):
            intents = await self._judge(pending, own_dates_before, rechecked)
            done = await self._articles.admit(list(intents.values()), self._clock())
            for (number, intent), written in zip(intents.items(), done, strict=True):
                if written:
                    candidate, _ = pending.pop(number)
                    results[number] = Admitted(
                        candidate=candidate,
                        article_id=intent.article_id,
                        verdict=intent.verdict,
                        is_restless=intent.is_restless,
                    )
            if not pending:
                return [results[number] for number in sorted(results)]
        raise StoreError(f"{len(pending)} candidates could not be admitted: they moved {_ATTEMPTS} times")

    async def _judge(
        self,
        pending: dict[int, tuple[Candidate, Identity]],
        own_dates_before: datetime | None,
        rechecked: bool,
    ) -> dict[int, Admission]:
        placer = self._placer
        found, near = await asyncio.gather(
            self._articles.lookup([identity for _, identity in pending.values()]),
            placer.look_up(pending) if placer else _nothing(),
        )
        now = self._clock()
        intents = {
            number: decide(
                candidate,
                identity,
                known,
                specs=self._specs,
                now=now + number * _TICK,
                backfill=_is_before(candidate, own_dates_before),
                rechecked=rechecked,
            )
            for (number, (candidate, identity)), known in zip(pending.items(), found, strict=True)
        }
        if placer is None:
            return intents
        placed = await placer.place(intents, pending, near)
        return {number: with_grown(intent, self._specs) for number, intent in placed.items()}


async def _nothing() -> dict[int, tuple[Fingerprint, Near]]:
    return {}


def _is_before(candidate: Candidate, moment: datetime | None) -> bool:
    claimed = candidate.published_at
    return claimed is not None and moment is not None and claimed < moment


def tally(admitted: Sequence[Admitted]) -> Round:
    """Count the verdicts of a round."""
    verdicts = [one.verdict for one in admitted]
    return Round(
        new=verdicts.count(Verdict.NEW),
        changed=verdicts.count(Verdict.CHANGED),
        duplicate=verdicts.count(Verdict.DUPLICATE),
        unchanged=verdicts.count(Verdict.UNCHANGED),
    )
