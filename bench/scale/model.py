"""How many processes and nodes a load needs, what it takes of memory and network, and what is short first.

Pure arithmetic: pieces of work a second, times what each costs (`bench.scale.costs`).
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bench.scale.costs import GIB, Costs, Pair
from syndicator.store.webhooks.handover import MOST_QUEUED

DAY_S = 86_400


class Load(Struct, frozen=True, kw_only=True):
    """What a service has to do."""

    feeds: int = 1_000_000
    every_s: float = 900
    """How often each feed is asked."""
    articles_per_day: float = 10_000_000
    partners: int = 1_000
    partner_per_s: float = 100
    """Deliveries a second to each partner."""
    requests_per_s: float = 10_000
    """Feeds that readers ask the servers for; a cache in front takes most."""
    feeds_per_article: float = 2
    """Feeds of ours that show an article."""
    subscribers: int = 0
    kept_days: float = 90
    bodies_days: float = 30
    hot_days: float | None = None
    """`[retention] hot`; None: texts stay in Redis for `bodies_days`."""
    spreads_texts: bool = False
    """Whether `[store.partitions] texts` puts texts on all nodes; else they are on that of the namespace."""
    endpoint_nodes: int = 0
    """Nodes with `[store.partitions] endpoints`, beside that of the namespace; 0: one slot has all."""
    identities_days: float = 180
    backlog_s: float = 600
    """For so long deliveries of all partners may wait; what a full queue does not take stays in the log."""
    node_bytes: float = 64 * GIB
    """Memory of one Redis node for data."""


class Needs(Struct, frozen=True, kw_only=True):
    """What a load needs."""

    rates: Mapping[str, float]
    """Pieces of work a second, by kind."""
    redis: Mapping[str, float]
    """Cores of Redis, by kind of work."""
    worker_cores: float
    server_cores: float
    memory: Mapping[str, float]
    """Bytes of Redis, by kind of data."""
    incoming_bytes_s: float
    outgoing_bytes_s: float
    limits: Mapping[str, float]
    """How many times one namespace on one node is exceeded, by what is short."""
    workers: int
    """Processes, of one core each."""
    servers: int
    namespaces: int
    """The fewest over which this load would have to be spread evenly."""
    primaries: int

    @property
    def first_limit(self) -> str:
        """Return what is exceeded most."""
        return max(self.limits, key=self.limits.__getitem__)


def needs(load: Load, costs: Costs) -> Needs:
    """Return what a load needs at these costs."""
    rates = _rates(load)
    work: Mapping[str, Pair] = {
        "rounds": costs.round,
        "articles": costs.article,
        "deliveries": costs.delivery,
        "renders": costs.render,
        "requests": costs.request,
    }
    redis = {kind: rates[kind] * work[kind].redis_s for kind in work}
    if load.endpoint_nodes:
        redis["deliveries"] = rates["deliveries"] * (costs.spread_delivery_s + costs.home_delivery_s)
    ours = {kind: rates[kind] * work[kind].ours_s for kind in work}
    memory = _memory(load, costs)
    held = sum(memory.values())
    on_one_node = held - memory["texts"] if load.spreads_texts else held
    server_cores = ours["requests"] + ours["renders"]
    worker_cores = sum(ours.values()) - server_cores
    limits = {
        "processor of Redis": _busiest(load, rates["deliveries"], redis, costs) / costs.load,
        "memory of Redis": on_one_node / load.node_bytes,
        "index of recent articles in each worker": 3 * load.articles_per_day / costs.index_articles,
    }
    return Needs(
        rates=rates,
        redis=redis,
        worker_cores=worker_cores,
        server_cores=server_cores,
        memory=memory,
        incoming_bytes_s=rates["rounds"] * costs.unchanged_bytes + rates["articles"] * costs.feed_bytes,
        outgoing_bytes_s=rates["deliveries"] * costs.body_bytes + rates["requests"] * costs.answer_bytes,
        limits=limits,
        workers=_processes(worker_cores, costs),
        servers=_processes(server_cores, costs),
        namespaces=math.ceil(max(1.0, *limits.values())),
        primaries=math.ceil(max(1.0, sum(redis.values()) / costs.load, held / load.node_bytes)),
    )


def _busiest(load: Load, deliveries: float, redis: Mapping[str, float], costs: Costs) -> float:
    """Return the cores of the node of one namespace that has most to do."""
    if not load.endpoint_nodes:
        return sum(redis.values())
    home = sum(redis.values()) - deliveries * costs.spread_delivery_s
    return max(home, deliveries * costs.spread_delivery_s / load.endpoint_nodes)


def _rates(load: Load) -> Mapping[str, float]:
    articles = load.articles_per_day / DAY_S
    return {
        "rounds": load.feeds / load.every_s,
        "articles": articles,
        "deliveries": load.partners * load.partner_per_s,
        "renders": articles * load.feeds_per_article,
        "requests": load.requests_per_s,
    }


def _memory(load: Load, costs: Costs) -> Mapping[str, float]:
    day = load.articles_per_day
    with_text = min(load.kept_days, load.bodies_days if load.hot_days is None else load.hot_days)
    later = costs.textless_bytes if load.hot_days is None else costs.cold_bytes
    queued = min(load.partner_per_s * load.backlog_s, MOST_QUEUED)
    return {
        "texts": day * with_text * (costs.hot_bytes - costs.textless_bytes),
        "articles": day * (with_text * costs.textless_bytes + (load.kept_days - with_text) * later),
        "identities": day * max(0.0, load.identities_days - load.kept_days) * costs.identity_bytes,
        "events": day * 30 * costs.event_bytes,
        "deliveries that wait": load.partners * queued * costs.pending_bytes,
        "attempts": load.partners * costs.attempts_bytes,
        "subscribers": load.subscribers * costs.subscriber_bytes,
    }


def _processes(cores: float, costs: Costs) -> int:
    return max(1, math.ceil(cores / costs.load))


_REMEDIES = {
    "processor of Redis": "`[store.partitions] endpoints` on a cluster, for deliveries; several namespaces; "
    "longer intervals",
    "memory of Redis": "`[retention] hot` with a cold store; `[store.partitions] texts` on a cluster; "
    "shorter retention; nodes with more memory; several namespaces on a cluster",
    "index of recent articles in each worker": "several namespaces: more than this was not measured",
}


def report(load: Load, costs: Costs) -> Sequence[str]:
    """Return what a load needs, line by line, in words."""
    found = needs(load, costs)
    rates = ", ".join(f"{value:,.0f} {kind}" for kind, value in found.rates.items())
    lines = [
        f"{load.feeds:,} feeds, {load.articles_per_day:,.0f} articles a day, {load.partners:,} partners",
        f"a second: {rates}",
        f"workers: {found.worker_cores:,.1f} cores, {found.workers:,} processes",
        f"web servers: {found.server_cores:,.1f} cores, {found.servers:,} processes",
        f"network: {found.incoming_bytes_s / 1e6:,.1f} MB/s in, {found.outgoing_bytes_s / 1e6:,.1f} MB/s out",
        f"Redis, cores: {sum(found.redis.values()):,.2f} ({_parts(found.redis, 1.0)})",
        f"Redis, GiB: {sum(found.memory.values()) / GIB:,.1f} ({_parts(found.memory, GIB)})",
    ]
    if found.limits[found.first_limit] <= 1:
        lines.append(f"One namespace on one Redis is enough; {found.first_limit} is used most.")
    else:
        over = "; ".join(f"{what} {times:,.1f} times" for what, times in found.limits.items() if times > 1)
        lines += [
            f"One namespace does not carry it: {over}",
            f"first limit: {found.first_limit}. What would do: {_REMEDIES[found.first_limit]}",
            f"spread evenly: {found.namespaces:,} namespaces on {found.primaries:,} primaries with replicas",
        ]
    return lines


def _parts(amounts: Mapping[str, float], unit: float) -> str:
    shown = sorted(amounts.items(), key=lambda one: -one[1])
    return ", ".join(f"{kind} {amount / unit:,.2f}" for kind, amount in shown if amount / unit >= 0.005)
