"""Groups of sources: how their sources stand, what is configured for them, and how much of it is used."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import SourceStanding
from syndicator.model.schedule import Calendar, Schedule
from syndicator.model.source import Source, SourceScope
from syndicator.model.sources.round_history import HourSum
from syndicator.pipeline.ops.source_standings import Standings
from syndicator.rules.politeness_scope import scope_key
from syndicator.rules.sources.round_history import STRIP_HOURS, Strip, strip_of
from syndicator.store.store import Store

MOST_READ = 1000
"""Sources of a group whose last day is added up, and servers whose requests are counted: 0.1 s of work."""

MOST_BUDGETS = 10
"""Servers that are listed."""

Setting = TypeVar("Setting", bound=Hashable)


class Shared(Struct, Generic[Setting], frozen=True, kw_only=True):
    """A setting, and how many sources of a group have it."""

    value: Setting
    sources: int


class Plan(Struct, frozen=True, kw_only=True):
    """When a source is gathered."""

    schedule: Schedule
    calendar: Calendar


class SourceLimits(Struct, frozen=True, kw_only=True):
    """How much a source may ask of its server."""

    scope: SourceScope
    max_in_flight: int
    per_minute: float | None
    max_articles: int
    max_pages: int | None
    """List pages of a round; None for a source that reads one document."""


class BudgetUse(Struct, frozen=True, kw_only=True):
    """What of the budget of a server is used now, also by sources of other groups."""

    server: str
    """Host and port, or domain."""
    sources: int
    """Of the group."""
    in_flight: int
    max_in_flight: int
    per_minute: float | None
    held_until: datetime | None


class GroupSummary(Struct, frozen=True, kw_only=True):
    """A group in a list."""

    name: str
    sources: int
    standings: Mapping[SourceStanding, int]
    """Worst first, without zeros."""
    plans: Sequence[Shared[Plan]]
    """Most sources first."""


class GroupShown(GroupSummary, frozen=True, kw_only=True):
    """A group on a page of its own."""

    limits: Sequence[Shared[SourceLimits]]
    day: Strip
    """The last 24 hours of its sources, added up."""
    received_bytes: int
    """In that time."""
    measured: int
    """Sources that these are of: `MOST_READ` at most."""
    budgets: Sequence[BudgetUse]
    """The busiest first, at most `MOST_BUDGETS`."""
    servers: int


class SourceGroups:
    """The groups of the configured sources."""

    def __init__(
        self, store: Store, sources: Mapping[SourceId, Source], standings: Standings, clock: Clock
    ) -> None:
        self._store = store
        self._sources = sources
        self._standings = standings
        self._clock = clock

    @property
    def names(self) -> Collection[str]:
        """Return the names of all groups with sources, in alphabetical order."""
        return self._members.keys()

    async def listed(self, names: Iterable[str]) -> list[GroupSummary]:
        """Return these groups, also those without sources."""
        standings = await self._standings.by_group()
        return [
            GroupSummary(
                name=name,
                sources=len(self._members.get(name, ())),
                standings=standings.get(name, {}),
                plans=_shared(map(plan_of, self._members.get(name, ()))),
            )
            for name in names
        ]

    async def shown(self, name: str) -> GroupShown:
        """Return a group with its limits, and what is used of them."""
        (summary,) = await self.listed([name])
        sources, now = self._members.get(name, ()), self._clock()
        measured = [one.id for one in sources[:MOST_READ]]
        hours = await self._store.round_histories.last_hours(measured, now, STRIP_HOURS)
        day = _added_up(hour for of_source in hours for hour in of_source)
        budgets = _budgets(sources)
        return GroupShown(
            name=name,
            sources=summary.sources,
            standings=summary.standings,
            plans=summary.plans,
            limits=_shared(map(_limits, sources)),
            day=strip_of(day, now),
            received_bytes=sum(hour.received_bytes for hour in day),
            measured=len(measured),
            budgets=await self._used(dict(list(budgets.items())[:MOST_READ]), now),
            servers=len(budgets),
        )

    async def _used(self, budgets: Mapping[str, Sequence[Source]], now: datetime) -> list[BudgetUse]:
        uses = await self._store.request_slots.in_use(list(budgets), now)
        found = [
            BudgetUse(
                server=scope.partition(":")[2],
                sources=len(of_it),
                in_flight=use.in_flight,
                max_in_flight=max(one.politeness.max_in_flight for one in of_it),
                per_minute=min((each for one in of_it if (each := one.politeness.per_minute)), default=None),
                held_until=use.held_until,
            )
            for (scope, of_it), use in zip(budgets.items(), uses, strict=True)
        ]
        found.sort(key=lambda one: (one.held_until is None, -one.in_flight, -one.sources, one.server))
        return found[:MOST_BUDGETS]

    @cached_property
    def _members(self) -> Mapping[str, Sequence[Source]]:
        members: dict[str, list[Source]] = {}
        for source in self._sources.values():
            if source.group:
                members.setdefault(source.group, []).append(source)
        return dict(sorted(members.items()))


def _added_up(hours: Iterable[HourSum]) -> list[HourSum]:
    """Return one sum for each hour."""
    sums: dict[datetime, HourSum] = {}
    for hour in hours:
        known = sums.get(hour.began_at)
        sums[hour.began_at] = hour if known is None else _sum_of(known, hour)
    return list(sums.values())


def _sum_of(one: HourSum, other: HourSum) -> HourSum:
    return replace(
        one,
        rounds=one.rounds + other.rounds,
        failed=one.failed + other.failed,
        new=one.new + other.new,
        received_bytes=one.received_bytes + other.received_bytes,
    )


def plan_of(source: Source) -> Plan:
    """Return when a source is gathered."""
    return Plan(schedule=source.schedule, calendar=source.calendar)


def _shared(values: Iterable[Setting]) -> list[Shared[Setting]]:
    return [Shared(value=value, sources=count) for value, count in Counter(values).most_common()]


def _limits(source: Source) -> SourceLimits:
    politeness, has_pages = source.politeness, source.list is not None and source.list.next is not None
    return SourceLimits(
        scope=politeness.scope,
        max_in_flight=politeness.max_in_flight,
        per_minute=politeness.per_minute,
        max_articles=source.max_articles,
        max_pages=source.max_pages if has_pages else None,
    )


def _budgets(sources: Iterable[Source]) -> Mapping[str, Sequence[Source]]:
    """Return the sources of each budget. Budgets of single addresses are left out: each has one source."""
    budgets: dict[str, list[Source]] = {}
    for source in sources:
        if source.politeness.scope is not SourceScope.URL:
            scope = scope_key(source.politeness.scope, source.url)
            budgets.setdefault(scope, []).append(source)
    return dict(sorted(budgets.items(), key=lambda budget: -len(budget[1])))
