"""Gathering by whole processes, ours and Miniflux, from the first byte to the last article stored.

    python -m bench gather                              2,000 feeds, both services: about half an hour
    python -m bench gather --feeds 150 --no-miniflux    a short run
    python -m bench gather --feeds 150 --only growth    one of the parts: see PARTS

A world of feeds (`gather_world`) is served by a process of its own. Each service runs alone, over a store of
its own, and gathers the world cold (nothing is known), unchanged (every feed answers 304) and with 5 % of the
feeds changed (one new item each, the others answer 304). Processor time is that of all processes of the
service and of its store, children included, taken from /proc. The origin is not in it, but shares the cores
with both. After each phase every article must be there. Figures of cheap phases are medians of several
rounds.

"unchanged, first" are the rounds that follow the cold one. We check one in five answers of 304 there by
fetching the document all the same, until each source was checked once; later one in a hundred
(`rules.sources.validator_trust`). The other phases are measured after that.
"""

import argparse
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

from bench.gather import miniflux
from bench.gather.latency import PER_S, SECONDS, admission_latency
from bench.gather.origin import Origin, WorldOptions, serving_world
from bench.gather.ours import Ours, failed_rounds, running_ours
from bench.gather.peer import Figures, Peer, Results, rounds_of
from bench.gather.world import ITEMS

CONCURRENT = (1, 32, 128)
PROCESSES = (1, 2)
PARTS = ("failures", "ours", "two", "miniflux", "latency", "growth")
ALSO = ("latency", "growth")
"""Parts that are left out unless they are asked for."""
GROWN = (10_000, 1_000_000)
"""Articles in the store before a cold round, to see what growth costs."""
CHANGED = 0.05
COLD, FIRST, UNCHANGED, CHANGES = "cold", "unchanged, first", "unchanged", "5 % changed"

Phases = dict[str, Figures]
T = TypeVar("T")


class Course:
    """A run of the benchmark, as its options say."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.feeds: int = options.feeds
        self.topics: int = options.topics
        self.seed: int = options.seed
        self.rounds: int = options.rounds
        self.failing: int = min(options.failing, options.feeds)
        parts = options.only or [part for part in PARTS if part not in ALSO]
        self.parts = frozenset(parts) - (frozenset() if options.miniflux else {"miniflux"})
        self.grown: Sequence[int] = options.grown
        self.only_cold: bool = options.only_cold
        self._out: Path | None = options.out
        self._rng = Random(options.seed)

    def world(self, feeds: int) -> WorldOptions:
        now = datetime.now(UTC).replace(microsecond=0)
        return WorldOptions(feeds=feeds, topics=self.topics, seed=self.seed, now=now)

    def keep(self, measured: dict[str, Phases]) -> None:
        """Write what was measured so far to the file that was asked for."""
        if self._out is not None:
            results = Results(feeds=self.feeds, topics=self.topics, services=measured)
            self._out.write_bytes(msgspec.json.encode(results))

    def some(self) -> list[int]:
        """Choose the feeds that change."""
        return self._rng.sample(range(self.feeds), max(1, round(self.feeds * CHANGED)))


async def run(*words: str) -> None:
    """Measure and print."""
    course = Course(_options(words))
    print(f"{course.feeds:,} feeds of {ITEMS} items, {course.topics:,} topics, seed {course.seed}")
    if "failures" in course.parts:
        await _failures(course)
    measured: dict[str, Phases] = {}
    for part, (name, measure) in _MEASURED.items():
        if part not in course.parts:
            continue
        if part == "miniflux" and (missing := miniflux.missing()):
            print(f"Miniflux is left out: {', '.join(missing)} not installed")
            continue
        measured[name] = await _in_world(course, measure)
        _print_phases(measured, course.feeds)
        course.keep(measured)
    if "latency" in course.parts:
        await _in_world(course, _latency)
    if "growth" in course.parts:
        for articles in course.grown:
            await _in_world(course, partial(_growth, articles))


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench gather")
    parser.add_argument("--feeds", type=int, default=2000, help="how many feeds")
    parser.add_argument("--topics", type=int, default=60, help="how many topics; 4000 makes a kinder world")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each cheap phase")
    parser.add_argument("--failing", type=int, default=500, help="feeds of the runs that count failed rounds")
    parser.add_argument("--no-miniflux", dest="miniflux", action="store_false", help="measure ours alone")
    parser.add_argument("--only-cold", action="store_true", help="end after the cold phase")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON; see bench.gather.plot")
    parser.add_argument("--only", nargs="*", choices=PARTS, help=f"parts; else all but {', '.join(ALSO)}")
    parser.add_argument(
        "--grown", nargs="*", type=int, default=GROWN, help="articles in the store, for growth"
    )
    return parser.parse_args(words)


async def _in_world(course: Course, measure: Callable[[Course, Origin, Path], Awaitable[T]]) -> T:
    """Measure in a world and folder that are new."""
    with tempfile.TemporaryDirectory(prefix="gather-") as folder:
        async with serving_world(course.world(course.feeds)) as origin:
            return await measure(course, origin, Path(folder))


async def _failures(course: Course) -> None:
    print(f"\nfailed rounds of {course.failing:,} feeds, gathered cold by `once gather`")
    print(f"{'concurrent rounds':<24}" + "".join(f"{number:>10}" for number in CONCURRENT))
    for processes in PROCESSES:
        name = "1 process" if processes == 1 else f"{processes} processes, of each"
        print(f"{name:<24}", end="", flush=True)
        for workers in CONCURRENT:
            with tempfile.TemporaryDirectory(prefix="gather-") as folder:
                async with serving_world(course.world(course.failing)) as origin:
                    count = await failed_rounds(
                        Path(folder), course.failing, origin.port, workers=workers, processes=processes
                    )
            print(f"{count:>10,}", end="", flush=True)
        print()


async def _ours(course: Course, origin: Origin, folder: Path) -> Phases:
    await origin.close()
    async with running_ours(folder, course.feeds, origin.port, workers=1) as ours:
        return await _phases(course, origin, ours)


async def _ours_by_two(course: Course, origin: Origin, folder: Path) -> Phases:
    await origin.close()
    async with running_ours(folder, course.feeds, origin.port, workers=2) as ours:
        await origin.open()
        phases = {COLD: await ours.refresh()}
        await _see_all(course, ours, "ours, 2 workers, cold", 0)
        return phases


async def _miniflux(course: Course, origin: Origin, folder: Path) -> Phases:
    async with miniflux.running_miniflux(folder, course.feeds, origin.port) as peer:
        return await _phases(course, origin, peer)


async def _latency(course: Course, origin: Origin, folder: Path) -> None:
    """Print how long new articles take at a steady rate, in a store that has gathered the world."""
    await origin.close()
    async with running_ours(folder, course.feeds, origin.port) as ours:
        await origin.open()
        await ours.refresh()
        await _see_all(course, ours, "latency", 0)
        told = await admission_latency(ours, origin, course.feeds)
    print(
        f"{PER_S} new articles a second for {SECONDS} s, 1 worker: from bytes to visible"
        f" p50 {told.p50_ms:.0f} ms, p95 {told.p95_ms:.0f} ms;"
        f" {told.arrived:,} of {told.published:,} arrived, {told.per_s:.0f} a second",
        flush=True,
    )


async def _growth(articles: int, course: Course, origin: Origin, folder: Path) -> None:
    """Print what a cold round costs in a store that holds so many articles of others."""
    await origin.close()
    async with running_ours(folder, course.feeds, origin.port, loaded=articles) as ours:
        took = await ours.idle()
        print(f"{articles:,} articles: the index took {took.service_s:.1f} s of processor time", flush=True)
        await origin.open()
        print(_row(COLD, f"{articles:,} articles", await ours.refresh(), course.feeds), flush=True)
        await _see_all(course, ours, f"{articles:,} articles", articles)


async def _phases(course: Course, origin: Origin, peer: Peer) -> Phases:
    name = type(peer).__name__
    await origin.open()
    phases = {COLD: await peer.refresh()}
    await _see_all(course, peer, f"{name}, cold", 0)
    if course.only_cold:
        return phases
    await origin.counts()
    phases[FIRST] = await rounds_of(peer, course.rounds)
    print(f"{name}: the origin answered in {course.rounds} first rounds {dict(await origin.counts())}")
    if isinstance(peer, Ours):
        await peer.settle_in()
    await origin.counts()
    phases[UNCHANGED] = await rounds_of(peer, course.rounds)
    print(f"{name}: in {course.rounds} unchanged rounds {dict(await origin.counts())}")
    added = 0

    async def change() -> None:
        nonlocal added
        added += len(await origin.change(course.some()))

    phases[CHANGES] = await rounds_of(peer, course.rounds, change)
    print(f"{name}: in {course.rounds} rounds of 5 % changed {dict(await origin.counts())}")
    await _see_all(course, peer, f"{name}, changed", added)
    return phases


async def _see_all(course: Course, peer: Peer, where: str, added: int) -> None:
    """Print whether every article arrived; have what failed gathered again, which is not measured."""
    wanted, found = course.feeds * ITEMS + added, await peer.articles()
    print(f"{where}: {found:,} of {wanted:,} articles are there", flush=True)
    if isinstance(peer, Ours) and found < wanted:
        more = await peer.repeat_failed()
        print(f"{where}: after {more} more rounds of what failed, {await peer.articles():,}", flush=True)


_MEASURED = {
    "ours": ("ours", _ours),
    "two": ("ours, 2 workers", _ours_by_two),
    "miniflux": ("Miniflux", _miniflux),
}


def _print_phases(measured: dict[str, Phases], feeds: int) -> None:
    print(
        f"\n{'phase':<18} {'service':<18} {'CPU ms/feed':>11} {'service':>9} {'store':>9} {'wall s':>9}"
        f" {'failed':>7} {'CPU ratio':>10} {'wall ratio':>10}"
    )
    ours = measured.get("ours", {})
    for phase in (COLD, FIRST, UNCHANGED, CHANGES):
        for name, phases in measured.items():
            if phase in phases:
                one, floor = phases[phase], ours.get(phase)
                print(_row(phase, name, one, feeds) + (_ratios(one, floor) if floor else ""))


def _row(phase: str, name: str, one: Figures, feeds: int) -> str:
    per_feed = [1000 * seconds / feeds for seconds in (one.cpu_s, one.service_s, one.store_s)]
    figures = "".join(f" {figure:>{width}.2f}" for figure, width in zip(per_feed, (11, 9, 9), strict=True))
    return f"{phase:<18} {name:<18}{figures} {one.wall_s:>9.2f} {one.failed:>7,}"


def _ratios(one: Figures, ours: Figures) -> str:
    """Print how many times ours another takes: above 1, we are ahead. Of few feeds, ours may take no time."""
    pairs = ((one.cpu_s, ours.cpu_s), (one.wall_s, ours.wall_s))
    return "".join(f" {theirs / own:>10.2f}" if own else f" {'-':>10}" for theirs, own in pairs)
