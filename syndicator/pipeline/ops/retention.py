"""Retention: removes old data, a bounded amount in each sweep."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId
from syndicator.model.ops.states import EndpointStanding
from syndicator.observe.logs import get_logger
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.ops.rotation import RoundRobin
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.rules.filter_matching import matches_keys
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store

log = get_logger(__name__)

BATCH = 500
INTERVAL = timedelta(minutes=1)

SOURCES = 2000
"""Most sources whose old carried articles one sweep forgets: about 50 ms."""

MOST_LISTED = 20
"""Most names in one line of the log."""

FEW_NAMES = 1000
NAMES_INTERVAL = timedelta(minutes=5)
"""How often more than `FEW_NAMES` names are stored and examined; fewer are in each sweep.

It takes 0.4 s for 100,000 names. `configured_names.IN_USE` must be longer.
"""


class Retention(Struct, frozen=True, kw_only=True):
    """How long data is kept."""

    articles: timedelta = timedelta(days=90)
    bodies: timedelta = timedelta(days=30)
    hot: timedelta | None = None
    """How long texts stay in Redis, before they go to the cold store; None: until they end."""
    identities: timedelta = timedelta(days=180)
    """Counted from the last time that a source listed them."""


class SweepStep:
    """Removes data that has outlived its retention, and data of names that left the configuration.

    It also fans out events, so that the outbox stays bounded where no worker delivers.
    """

    name = "sweep"

    def __init__(
        self,
        *,
        store: Store,
        retention: Retention,
        specs: Collection[FeedSpec],
        names: ConfiguredNames,
        directory: Directory,
        rename: Callable[[], Awaitable[None]],
        fan_out: Callable[[], Awaitable[None]],
        clock: Clock,
        is_time_confirmed: Callable[[], bool],
    ) -> None:
        """`is_time_confirmed`: whether the clock can be trusted for removing old data."""
        self._store = store
        self._retention = retention
        self._specs = specs
        self._names = names
        self._directory = directory
        self._rename = rename
        self._fan_out = fan_out
        self._clock = clock
        self._is_time_confirmed = is_time_confirmed
        self._carriers = RoundRobin(names.sources, SOURCES)
        self._noted_at: datetime | None = None
        self._foreign = set[str]()
        self._due_at = EPOCH

    async def take(self, room: int) -> Taken:
        """Return the sweep when it is due."""
        now = self._clock()
        if not room or now < self._due_at:
            return Taken(next_due_at=self._due_at)
        self._due_at = now + INTERVAL
        return Taken(jobs=(self._sweep,), next_due_at=self._due_at)

    async def _sweep(self) -> JobReport | None:
        now = self._clock()
        is_time_for_names = self._is_time_for_names(now)
        if is_time_for_names:
            await self._note_names(now)
        await self._rename()  # data that workers with an older configuration wrote meanwhile
        await self._take_back(now)
        await self._fan_out()
        return await self._remove_old(now, names=is_time_for_names) if self._is_time_confirmed() else None

    async def _remove_old(self, now: datetime, *, names: bool) -> JobReport | None:
        articles = self._store.articles
        bodies = await articles.sweep_bodies(now, self._retention.bodies, BATCH)
        gone = await articles.sweep(now, self._retention.articles, BATCH)
        await self._store.withdrawals.sweep(now, self._retention.articles, BATCH)
        await self._store.cold_texts.hot.sweep(now)
        identities = await articles.identities.sweep(now, self._retention.identities)
        await articles.sweep_carried(self._carriers.take(), now, self._retention.articles)
        await self._sweep_deliveries(now)
        await self._store.feeds.touch(self._showing(gone), now)
        leavers = await self._store.configured.remove_leavers(now) if names else []
        await self._store.queuing.take_over(now)
        if not (bodies or gone or identities or leavers):
            return None
        fields: list[tuple[str, str | int | float]] = [
            ("articles", len(gone)), ("bodies", bodies), ("identities", identities),
        ]  # fmt: skip
        if leavers:
            fields.append(("left", _listed(leavers)))
        return JobReport(step=self.name, event="old_data_removed", fields=tuple(fields))

    async def _take_back(self, now: datetime) -> None:
        """Move events back into the outbox that an older worker could not read and set aside."""
        await self._store.outbox.sweep(now)
        count = await self._store.outbox.take_back()
        if count:
            log.info("events_taken_back", events=count)

    async def _sweep_deliveries(self, now: datetime) -> None:
        """Remove old dead deliveries and attempts, and what waits too long for a paused endpoint."""
        await self._store.events.sweep(now)
        await self._store.queuing.sweep(now)
        await self._store.replays.sweep(now)
        states = await self._store.endpoints.states(list(self._directory.listed))
        await self._store.overflows.enlist([name for name, one in states.items() if one.overflow], now)
        for name, entry in self._directory.listed.items():
            await self._store.deliveries.sweep(name, now)
            await self._store.attempts.sweep(name, now)
            rests = states[name].standing is not EndpointStanding.ACTIVE or not entry.is_trusted
            if not rests:
                continue
            oldest = now - timedelta(seconds=entry.endpoint.retry.max_age_s)
            if shed := await self._store.deliveries.shed(name, oldest):
                log.warning("deliveries_dropped", endpoint=name, count=shed)

    def _is_time_for_names(self, now: datetime) -> bool:
        names = self._names
        count = len(names.sources) + len(names.feeds) + len(names.endpoints)
        return self._noted_at is None or count <= FEW_NAMES or now - self._noted_at >= NAMES_INTERVAL

    async def _note_names(self, now: datetime) -> None:
        """Store the configured names before any is removed, so that they count as used after a long stop.

        A source that another process removed as unused meanwhile is scheduled again.
        """
        configured = self._store.configured
        await configured.note(self._names, now)
        await self._store.sources.enlist(self._names.sources, [], now)
        if self._noted_at is not None:
            foreign = await configured.known_to_others(self._names, self._noted_at)
            if not self._foreign.issuperset(foreign):
                log.warning("configurations_differ", unknown_here=_listed(foreign))
            self._foreign.update(foreign)
        self._noted_at = now

    def _showing(self, gone: Iterable[Article]) -> list[FeedId]:
        articles = list(gone)
        return [
            spec.id for spec in self._specs if any(matches_keys(spec.filter, article) for article in articles)
        ]


def _listed(names: Sequence[str]) -> str:
    """Return names joined for a line of the log, at most MOST_LISTED."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
