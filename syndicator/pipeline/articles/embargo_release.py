"""Admits held articles at the second at which their embargo ends."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.pipeline.articles.admission import Admitted, Admitter
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.articles.embargo import released
from syndicator.rules.sources.announcement import announced_on_release
from syndicator.store.articles.embargo import Embargoed
from syndicator.store.data_mark import DataMarks
from syndicator.store.lease_owners import new_token

LEASE = timedelta(seconds=15)


class ReleaseStep:
    """Leases held articles whose embargo has ended, admits each, and deletes the held copy.

    If a worker dies in between, its lease ends and the article is admitted again, which changes nothing.
    `rechecked`: the sources whose article pages are read again while they are young.
    """

    name = "release"

    def __init__(
        self,
        held: Embargoed,
        admitter: Admitter,
        clock: Clock,
        *,
        marks: DataMarks,
        rechecked: Collection[SourceId] = (),
    ) -> None:
        self._marks = marks
        self._held = held
        self._admitter = admitter
        self._clock = clock
        self._rechecked = frozenset(rechecked)

    async def take(self, room: int) -> Taken:
        """Lease at most `room` due articles; the answer carries the end of the next embargo."""
        if not room:
            return Taken()
        token = new_token()
        claim = await self._held.claim(token, self._clock(), LEASE, room)
        jobs = tuple(partial(self._release, item, token) for item in claim.items)
        return Taken(jobs=jobs, next_due_at=claim.next_due_at)

    async def _release(self, item: str, token: str) -> JobReport | None:
        held = await self._held.get(item)
        now = self._clock()
        if held is not None and held.until > now:
            return None  # a newer candidate with a later embargo has replaced it
        admitted: list[Admitted] = []
        if held is not None:
            candidate = released(held.candidate, held.candidate.embargo_until)
            admitted = await self._admitter.admit(
                [candidate],
                rechecked=candidate.source in self._rechecked,
                announcing=announced_on_release(now, self._marks.lost_at),
            )
        await retry_until_available(lambda: self._held.settle(item, token, held))
        news = [
            entry for entry in admitted if entry.verdict in {AdmissionVerdict.NEW, AdmissionVerdict.CHANGED}
        ]
        return _report(news[0]) if news else None


def _report(admitted: Admitted) -> JobReport:
    candidate = admitted.candidate
    return JobReport(
        step=ReleaseStep.name,
        event="embargo_released",
        fields=(
            ("source", candidate.source),
            ("article", admitted.article_id),
            ("title", candidate.title),
            ("as", admitted.verdict.value),
        ),
        brought_news=True,
    )
