"""What a load needs, by a model of measured costs; and a simulation, held against real runs.

python -m bench scale                                    a million feeds, 10 million articles a day
python -m bench scale --feeds 2000 --articles 50000 --partners 20 --rate 1
python -m bench scale --measure                          real runs beside simulated ones: four minutes
"""

import argparse
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from bench.scale import model
from bench.scale.costs import GIB, MEASURED
from bench.scale.real import measure
from bench.scale.shapes import Result, RunCosts, Shape, costs_from, errors
from bench.scale.simulation import simulate

_MS = timedelta(milliseconds=1).total_seconds()
_BOUND = 0.2
"""By which a simulation may be off."""


async def run(*words: str) -> None:
    """Print what a load needs; with `--measure`, measure and simulate runs."""
    options = _options(words)
    if options.measure:
        await _measure(options.size, options.receivers)
        return
    load = _load(options)
    costs = MEASURED
    for line in model.report(load, costs):
        print(f"  {line}")
    if options.hot is None and load == model.Load():
        print("\n  the same with [retention] hot = 7d:")
        for line in model.report(replace(load, hot_days=7), costs)[-5:]:
            print(f"  {line}")


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench scale")
    usual = model.Load()
    add = parser.add_argument
    add("--feeds", type=int, default=usual.feeds)
    add("--every", type=float, default=usual.every_s, help="seconds between two rounds of a feed")
    add("--articles", type=float, default=usual.articles_per_day, help="a day")
    add("--partners", type=int, default=usual.partners)
    add("--rate", type=float, default=usual.partner_per_s, help="deliveries a second to each partner")
    add("--requests", type=float, default=usual.requests_per_s, help="requests of feeds a second")
    add("--subscribers", type=int, default=usual.subscribers, help="of our hub")
    add("--days", type=float, default=usual.kept_days, help="[retention] articles")
    add("--bodies", type=float, default=usual.bodies_days, help="[retention] bodies, in days")
    add("--hot", type=float, help="[retention] hot, in days")
    add("--spread-texts", action="store_true", help="[store.partitions] texts on all nodes")
    add("--endpoint-nodes", type=int, default=usual.endpoint_nodes, help="with [store.partitions] endpoints")
    add("--memory", type=float, default=usual.node_bytes / GIB, help="of a Redis node, in GiB")
    add("--measure", action="store_true", help="measure real runs, and simulate them")
    add("--size", type=int, default=120, help="feeds of a namespace in a real run")
    add("--receivers", type=int, default=6, help="endpoints of a namespace in a real run")
    return parser.parse_args(words)


def _load(options: argparse.Namespace) -> model.Load:
    return model.Load(
        feeds=options.feeds,
        every_s=options.every,
        articles_per_day=options.articles,
        partners=options.partners,
        partner_per_s=options.rate,
        requests_per_s=options.requests,
        subscribers=options.subscribers,
        kept_days=options.days,
        bodies_days=options.bodies,
        hot_days=options.hot,
        spreads_texts=options.spread_texts,
        endpoint_nodes=options.endpoint_nodes,
        node_bytes=options.memory * GIB,
    )


async def _measure(feeds: int, endpoints: int) -> None:
    """Compare runs of some shapes with their simulations.

    Costs are learnt anew before each: the same work takes up to twice the time while others are busy.
    """
    silent = Shape(namespaces=1, workers=1, feeds=feeds, endpoints=0)
    pushed = replace(silent, endpoints=endpoints)
    found = list[Result]()
    for shape in (
        replace(pushed, feeds=2 * feeds),
        replace(pushed, feeds=2 * feeds, workers=2),
        replace(pushed, namespaces=2),
    ):
        costs = costs_from((silent, await _run(silent)), (pushed, await _run(pushed)))
        found.append(await _compare(shape, costs))
        _tell_costs(costs)
    one, two, apart = found
    print(
        f"\n2 workers on one slot: {one.wall_s / two.wall_s:.2f} times the rate of 1; "
        f"2 namespaces with 1 worker each: {one.wall_s / apart.wall_s:.2f} times"
    )


async def _run(shape: Shape) -> Result:
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        return await measure(shape, Path(folder))


async def _compare(shape: Shape, costs: RunCosts) -> Result:
    """Print what was measured beside what is simulated; return what was measured."""
    real = await _run(shape)
    simulated = simulate(shape, costs, real.cores)
    print(f"\n{shape}: {real.deliveries:,} deliveries, {real.cores:.2f} processors free", flush=True)
    print(f"  {'':<32} {'measured':>10} {'simulated':>10}")
    for what, measured, predicted, unit in errors(real, simulated):
        off = predicted / measured - 1
        told = "" if abs(off) <= _BOUND else f"   more than {_BOUND:.0%} off"
        print(f"  {what:<32} {measured:>10.2f} {predicted:>10.2f} {unit:<3} {off:>+6.0%}{told}")
    return real


def _tell_costs(costs: RunCosts) -> None:
    rows = (("a feed of 20 new articles", costs.round), ("a delivery", costs.delivery))
    for what, each in rows:
        print(f"  {what:<28} worker {each.worker_s / _MS:.3f} ms, Redis {each.redis_s / _MS:.3f} ms")
