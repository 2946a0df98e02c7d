"""The model of loads and the simulation of runs: quantities that must come out whatever the costs are."""

import pytest
from msgspec.structs import replace

from bench.scale.costs import GIB, MEASURED, Pair
from bench.scale.model import Load, needs, report
from bench.scale.shapes import Result, RunCosts, Shape, StageCosts, costs_from
from bench.scale.simulation import MAX_IN_FLIGHT, simulate

SMALL = Load(feeds=2000, articles_per_day=50_000, partners=20, partner_per_s=1, requests_per_s=10)
COSTS = RunCosts(
    round=StageCosts(worker_s=0.02, redis_s=0.004, outside_s=0.001),
    delivery=StageCosts(worker_s=0.0003, redis_s=0.0001, outside_s=0.00005),
    deliveries_per_round=20,
)
SHAPE = Shape(namespaces=1, workers=1, feeds=100, endpoints=2)


def test_a_small_load_fits_into_one_namespace() -> None:
    found = needs(SMALL, MEASURED)
    assert (found.namespaces, found.primaries, found.workers) == (1, 1, 1)
    assert report(SMALL, MEASURED)[-1].startswith("One namespace on one Redis is enough")


def test_what_is_short_first_is_named_and_follows_the_load() -> None:
    pushing = replace(SMALL, partners=1000, partner_per_s=100)
    assert needs(pushing, MEASURED).first_limit == "processor of Redis"
    cheaper = needs(pushing, replace(MEASURED, delivery=Pair(MEASURED.delivery.ours_s, 0.0)))
    assert cheaper.limits["processor of Redis"] < 0.1
    hoarding = replace(SMALL, node_bytes=GIB)
    assert needs(hoarding, MEASURED).first_limit == "memory of Redis"
    assert needs(replace(hoarding, hot_days=7), MEASURED).namespaces < needs(hoarding, MEASURED).namespaces
    spread = needs(replace(hoarding, spreads_texts=True), MEASURED)
    assert spread.namespaces < needs(hoarding, MEASURED).namespaces
    assert spread.primaries == needs(hoarding, MEASURED).primaries, "all nodes together hold the same"


def test_partitions_of_endpoints_leave_the_node_of_the_namespace_its_part() -> None:
    pushing = replace(SMALL, partners=1000, partner_per_s=100)
    one, four, many = (needs(replace(pushing, endpoint_nodes=nodes), MEASURED) for nodes in (0, 4, 1000))
    assert sum(four.redis.values()) > sum(one.redis.values()), "all nodes together do more"
    assert many.redis == four.redis
    assert one.limits["processor of Redis"] > 2.5 * four.limits["processor of Redis"]
    home = sum(many.redis.values()) - 100_000 * MEASURED.spread_delivery_s
    assert many.limits["processor of Redis"] == pytest.approx(home / MEASURED.load)


def test_all_that_is_due_is_done_once_and_costs_what_it_costs() -> None:
    found = simulate(SHAPE, COSTS, cores=2)
    deliveries = SHAPE.feeds * SHAPE.endpoints * 20
    assert (len(found.late_s), found.deliveries) == (SHAPE.feeds, deliveries)
    assert found.redis_s == pytest.approx(SHAPE.feeds * 0.004 + deliveries * 0.0001)
    assert found.workers_s == pytest.approx(SHAPE.feeds * 0.02 + deliveries * 0.0003)
    assert found.late_s[:32] == (0,) * 32


def test_the_busiest_process_bounds_a_run_and_so_do_the_processors() -> None:
    alone = simulate(SHAPE, COSTS, cores=8)
    assert alone.workers_s <= alone.wall_s < 1.1 * alone.workers_s
    both = simulate(replace(SHAPE, workers=2), COSTS, cores=8)
    assert both.wall_s < 0.6 * alone.wall_s
    apart = simulate(replace(SHAPE, namespaces=2), COSTS, cores=8)
    assert apart.wall_s == pytest.approx(alone.wall_s, rel=0.05)
    crowded = simulate(replace(SHAPE, namespaces=2), COSTS, cores=1)
    assert crowded.wall_s == pytest.approx(crowded.workers_s + crowded.redis_s + crowded.outside_s)


def test_an_endpoint_that_is_slow_holds_deliveries_back() -> None:
    slow = replace(COSTS, delivery=replace(COSTS.delivery, outside_s=0.01), deliveries_per_round=100)
    found = simulate(replace(SHAPE, endpoints=1), slow, cores=8)
    assert found.deliveries == 100 * SHAPE.feeds > MAX_IN_FLIGHT
    assert found.wall_s >= found.deliveries * 0.01


def test_costs_are_learnt_from_two_runs() -> None:
    silent = replace(SHAPE, endpoints=0)
    learnt = costs_from((silent, _run(silent)), (SHAPE, _run(SHAPE)))
    assert learnt.round.worker_s == pytest.approx(COSTS.round.worker_s)
    assert learnt.delivery.redis_s == pytest.approx(COSTS.delivery.redis_s)
    assert learnt.deliveries_per_round == 20


def _run(shape: Shape) -> Result:
    return simulate(shape, COSTS, cores=2)
