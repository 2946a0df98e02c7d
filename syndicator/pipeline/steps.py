"""What the runner and the use cases agree on: a step hands out jobs, a job returns a report."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from syndicator.observe.tracing import trace_id


class JobReport(Struct, frozen=True, kw_only=True):
    """What a job did, as one readable line of the log."""

    step: str
    event: str
    """Name of the log event, such as `source_gathered`."""
    fields: tuple[tuple[str, str | int | float], ...] = ()
    failed: bool = False
    quiet: bool = False
    """Nothing that people want to read every few seconds."""
    brought_news: bool = False
    """Whether articles were admitted: feeds and partners want to know at once."""
    trace_id: str | None = field(default_factory=trace_id)
    """The trace in which it was done, where there are traces."""


Job = Callable[[], Awaitable[JobReport | None]]
"""Does one piece of work; returns None when there is nothing to report."""


class Taken(Struct, frozen=True, kw_only=True):
    """Work that a step leased for this process."""

    jobs: tuple[Job, ...] = ()
    next_due_at: datetime | None = None
    """When there will be more, as far as is known now."""


class Step(Protocol):
    """A kind of work that is done again and again."""

    @property
    def name(self) -> str:
        """The step's name on the command line and in the log."""

    async def take(self, room: int) -> Taken:
        """Lease up to `room` pieces of work that are due; no jobs when nothing is."""
