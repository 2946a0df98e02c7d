"""Keeps admitted articles from waiting for their assignment to a story."""

from datetime import timedelta

from syndicator.model.clock import Clock
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.store.store import Store


class AssignStep:
    """Assigns what waits though nobody is at it: its process was stopped, or Redis was away."""

    name = "assign"

    def __init__(self, store: Store, assigner: Assigner, clock: Clock, within: timedelta) -> None:
        self._store = store
        self._assigner = assigner
        self._clock = clock
        self._within = within
        self._is_prepared = False

    async def take(self, room: int) -> Taken:
        """Return a job where articles wait; at first, one that builds the index of recent articles."""
        if not room:
            return Taken()
        if not self._is_prepared:
            self._is_prepared = True
            return Taken(jobs=(self._assigner.prepare,))
        return Taken(jobs=(self._assign,) if await self._store.assignments.count() else ())

    async def _assign(self) -> JobReport | None:
        await self._assigner.assign()  # for `assign_within` at most
        shown = await self._store.assignments.show_overdue(self._clock(), self._within)
        if not shown:
            return None
        return JobReport(
            step=self.name, event="articles_shown_unassigned", fields=(("articles", shown),),
            brought_news=True,
        )  # fmt: skip
