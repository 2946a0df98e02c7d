"""The simulation of a day of 10,000 sources, with the load that it brings, in one process."""

import random
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

from bench.measure import tell
from syndicator.model.clock import system_clock
from syndicator.model.ids import SourceId
from syndicator.model.schedule import ALWAYS_OPEN, ActiveHours, Adaptive, Calendar, Cron, Every, Schedule
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.rules.sources.simulation.schedule_load import load_of
from syndicator.rules.sources.simulation.simulation import simulate

SOURCES, HOSTS = 10_000, 3_000
DAY = timedelta(hours=24)
WANTED_S = 5.0
ZONE = "Asia/Jakarta"
_HOURS = Calendar(timezone=ZONE, windows=(ActiveHours(opens=300, closes=1410, text="05:00-23:30"),))


async def run() -> None:
    sources = {source.id: source for source in map(_source, range(SOURCES))}
    since, rng = system_clock(), random.Random(1)
    began = time.perf_counter()
    known = [(source, SourceState(), None) for source in sources.values()]
    runs = simulate(known, since=since, until=since + DAY, rng=rng)
    load = load_of(sources, runs, since, since + DAY, ZoneInfo("Asia/Jakarta"))
    took_s = time.perf_counter() - began
    tell(f"{SOURCES:,} sources, {load.runs:,} runs", took_s, WANTED_S, unit="s", against="at most")


def _source(number: int) -> Source:
    schedule, calendar = _schedule(number)
    return Source(
        id=SourceId(f"portal-{number}"),
        title="Portal",
        kind=SourceKind.FEED,
        url=f"https://host-{number % HOSTS}.example/{number}.rss",
        schedule=schedule,
        calendar=calendar,
    )


def _schedule(number: int) -> tuple[Schedule, Calendar]:
    """Of twenty sources, 14 by interval, three by cron, two with hours, and one that learns."""
    minutes = 5 + number % 26
    match number % 20:
        case 14 | 15 | 16:
            return Cron(expression=f"*/{5 * (number % 3 + 1)} 6-22 * * *", timezone=ZONE), ALWAYS_OPEN
        case 17 | 18:
            return Every(interval_s=60.0 * minutes), _HOURS
        case 19:
            return Adaptive(), ALWAYS_OPEN
        case _:
            return Every(interval_s=60.0 * minutes, sooner_s=30.0), ALWAYS_OPEN
