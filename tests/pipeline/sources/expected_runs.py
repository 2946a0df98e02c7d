"""When a source has to run, after all that happens to it in a year: written without the package's code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from pipeline.sources.minutes_of_zones import (
    Flags,
    Hours,
    cron_minutes,
    hours,
    minute_of,
    moment_of,
    on_days,
    open_minutes,
    public_holidays,
)

SPREAD = timedelta(seconds=60)
"""Sources that rested begin within a minute after their hours open."""
SHORT = timedelta(minutes=2)
"""What was due for less when a process starts was not missed."""
LATE = timedelta(seconds=20)
"""Longer than the lease of a worker that died."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A blackout, or a burst with a time between two rounds."""

    begin: datetime
    end: datetime
    every_s: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The schedule of a source, and what lies over it."""

    zone: str
    cron: str = ""
    every_s: int = 0
    jitter_s: int = 0
    active: Sequence[str] = ()
    country: str = ""
    on_holidays: Sequence[str] | int = ()
    """Hours, or seconds between two rounds."""
    blackouts: Sequence[Span] = ()
    bursts: Sequence[Span] = ()
    runs: Sequence[datetime] = ()
    skips: bool = False
    tag: str = "other"

    def toml(self, name: str, url: str, max_articles: int) -> str:
        """Return the table of a source with this plan."""
        every = f'cron = "{self.cron}"' if self.cron else f'every = "{self.every_s}s"'
        catch_up = "skip" if self.skips else "once"
        lines = [
            f'[source.{name}]\ntitle = "{name}"\nkind = "feed"\nurl = "{url}"\ntimezone = "{self.zone}"',
            f'tags = ["{self.tag}"]\nmax_articles = {max_articles}',
            f'schedule = {{ {every}, jitter = "{self.jitter_s}s", catch_up = "{catch_up}" }}',
        ]
        if self.active:
            lines.append(f"active = {list(self.active)}")
        if self.country:
            then = (
                f'{{ every = "{self.on_holidays}s", jitter = "0s" }}'
                if isinstance(self.on_holidays, int)
                else list(self.on_holidays) or '"rest"'
            )
            lines.append(f'holidays = {{ country = "{self.country}", then = {then} }}')
        for key, spans in (("blackouts", self.blackouts), ("bursts", self.bursts)):
            tables = [
                f"{{ from = {one.begin:%Y-%m-%dT%H:%M:%SZ}, until = {one.end:%Y-%m-%dT%H:%M:%SZ}"
                + (f', every = "{one.every_s}s"' if one.every_s else "")
                + " }"
                for one in spans
            ]
            lines += [f"{key} = [{', '.join(tables)}]"] if tables else []
        if self.runs:
            lines.append(f"runs = [{', '.join(f'{run:%Y-%m-%dT%H:%M:%SZ}' for run in self.runs)}]")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Due:
    """The next round: at the earliest, and at the latest."""

    earliest: datetime
    latest: datetime


class Expected:
    """What one source has to do, told what it did and what happened to it."""

    def __init__(self, name: str, plan: Plan, now: datetime) -> None:
        self.name = name
        self.faults: list[str] = []
        self.late_s: list[float] = []
        self._plan = plan
        self._began_at: datetime | None = None
        self._is_paused = False
        self._cron = cron_minutes(plan.cron, plan.zone) if plan.cron else None
        days = public_holidays(plan.country) if plan.country else frozenset[date]()
        self._holidays = on_days(plan.zone, days)
        usual = hours(plan.active) if plan.active else None
        special = usual if isinstance(plan.on_holidays, int) else hours(plan.on_holidays)

        def of_day(day: date) -> list[Hours] | None:
            return special if day in days else usual

        self._open = open_minutes(plan.zone, of_day)
        for one in plan.blackouts:
            self._open[minute_of(one.begin) : minute_of(one.end)] = False
        self._due = self._now_or_when_open(now)

    def ran(self, at: datetime) -> None:
        """Note a run, and whether it was due."""
        if self._is_paused:
            self.faults.append(f"{self.name}: run in a pause at {at}")
        elif at < self._due.earliest - timedelta(milliseconds=1):
            self.faults.append(f"{self.name}: run at {at}, due at {self._due.earliest}")
        else:
            self.late_s.append(max((at - self._due.latest).total_seconds(), 0.0))
        self._began_at = at
        self._due = self._laid_over(self._regular(at), at)

    def look(self, now: datetime) -> None:
        """Note what was due while processes ran, and has not run."""
        if not self._is_paused and self._due.latest < now - LATE:
            self.faults.append(f"{self.name}: not run at {self._due.latest}, now it is {now}")
            self._due = Due(now, now)

    def change(self, now: datetime) -> None:
        """Note a change of its configuration: it is due now, or when it is resumed."""
        self._due = self._now_or_when_open(now)

    def pause(self) -> None:
        """Note a pause."""
        self._is_paused = True

    def resume(self, now: datetime, *, named: bool) -> None:
        """Note the end of a pause: it is due now where a round was left out, or it is named."""
        self._is_paused = False
        if named or self._due.latest < now:
            self._due = self._now_or_when_open(now)
        elif self._due.earliest < now:
            self._due = Due(now, self._due.latest)

    def start(self, now: datetime) -> None:
        """Note that processes run again."""
        if self._is_paused or self._due.latest >= now:
            return
        if self._plan.skips and self._due.latest < now - SHORT:
            self._due = self._laid_over(self._skipped(now), now)
        else:
            self._due = self._now_or_when_open(now)

    def _regular(self, began: datetime) -> Due:
        if self._cron is None:
            at = began + timedelta(seconds=self._plan.every_s)
            return Due(at, at)
        if isinstance(self._plan.on_holidays, int):
            return self._by_the_day(self._cron, began, self._plan.on_holidays)
        jitter = timedelta(seconds=self._plan.jitter_s)
        at = moment_of(_next(self._cron, minute_of(began) + 1))
        if jitter and at - began <= jitter:  # this was the run of that time
            at = moment_of(_next(self._cron, minute_of(at) + 1))
        return Due(max(at - jitter, began), at + jitter)

    def _by_the_day(self, cron: Flags, began: datetime, every_s: int) -> Due:
        """Find the first minute that is due by the schedule of its day."""
        rare = began + timedelta(seconds=every_s)
        minutes = np.arange(minute_of(began) + 1, len(cron))
        is_due = np.where(self._holidays[minutes], minutes >= minute_of(rare), cron[minutes])
        found = minutes[np.argmax(is_due)]
        at = rare if self._holidays[found] and found == minute_of(rare) else moment_of(found)
        return Due(at, at)

    def _skipped(self, now: datetime) -> Due:
        if self._cron is not None:
            if isinstance(self._plan.on_holidays, int):
                return self._by_the_day(self._cron, now, self._plan.on_holidays)
            at = moment_of(_next(self._cron, minute_of(now) + 1))
            jitter = timedelta(seconds=self._plan.jitter_s)
            return Due(max(at - jitter, now), at + jitter)
        at = self._due.earliest
        while at <= now:
            at += timedelta(seconds=self._plan.every_s)
        return Due(at, at)

    def _now_or_when_open(self, now: datetime) -> Due:
        plan, began = self._plan, self._began_at
        is_extra = _inside(plan.bursts, now) or any(began and began < run <= now for run in plan.runs)
        if is_extra and not _inside(plan.blackouts, now):
            return Due(now, now)
        return self._laid_over(Due(now, now), now)

    def _laid_over(self, due: Due, began: datetime) -> Due:
        """Move a round into open hours; a burst or a one-off run may come before it."""
        if not self._open[minute_of(due.earliest)]:
            opens = moment_of(_next(self._open, minute_of(due.earliest)))
            due = Due(opens, opens + SPREAD)
        for extra in self._extras(began):
            if extra.latest <= due.earliest:
                due = extra
            elif extra.earliest < due.latest:
                due = Due(min(due.earliest, extra.earliest), min(due.latest, extra.latest))
        return due

    def _extras(self, began: datetime) -> Iterator[Due]:
        for burst in self._plan.bursts:
            at = max(began + timedelta(seconds=burst.every_s), burst.begin)
            spread_s = burst.every_s if at == burst.begin else 0
            while blackout := _inside(self._plan.blackouts, at):
                at, spread_s = blackout.end, 0
            if at < burst.end:
                yield Due(at, min(at + timedelta(seconds=spread_s), burst.end))
        for run in self._plan.runs:
            if run > began:
                is_dark = _inside(self._plan.blackouts, run)
                at = moment_of(_next(self._open, minute_of(run))) if is_dark else run
                yield Due(at, at)


def _inside(spans: Sequence[Span], at: datetime) -> Span | None:
    return next((one for one in spans if one.begin <= at < one.end), None)


def _next(flags: Flags, minute: int) -> int:
    """Return the first minute from one on that has the flag, or the last of all."""
    found = minute + int(np.argmax(flags[minute:]))
    return found if flags[found] else len(flags) - 1
