"""What a run of services is made of, and what was measured or simulated of it."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Shape(Struct, frozen=True, kw_only=True):
    """Namespaces on nodes of their own; sources of all are due at one moment."""

    namespaces: int
    workers: int
    """Of each namespace."""
    feeds: int
    """Of each namespace; each with 20 articles that are new."""
    endpoints: int
    """Of each namespace; each gets every article."""

    @property
    def rounds(self) -> int:
        return self.namespaces * self.feeds

    def __str__(self) -> str:
        return (
            f"{self.namespaces} namespace(s), {self.workers} worker(s) each, "
            f"{self.feeds} feeds, {self.endpoints} endpoints"
        )


class Result(Struct, frozen=True, kw_only=True):
    """What a run took, from the moment at which all sources are due until nothing is left to do."""

    wall_s: float
    redis_s: float
    """Processor time of all nodes."""
    workers_s: float
    """Processor time of all workers."""
    outside_s: float = 0.0
    """Processor time of portals and receivers."""
    deliveries: int
    late_s: tuple[float, ...]
    """By how much each round began after it was due."""
    cores: float
    """Processors that others left for this run."""

    @property
    def mean_late_s(self) -> float:
        return statistics.fmean(self.late_s)


class StageCosts(Struct, frozen=True, kw_only=True):
    """Processor seconds of one piece of work in each process that it goes through."""

    worker_s: float
    redis_s: float
    outside_s: float


class RunCosts(Struct, frozen=True, kw_only=True):
    """What rounds and deliveries of one machine cost at one time."""

    round: StageCosts
    """Of a feed of 20 articles that are all new, until they are shown and fanned out."""
    delivery: StageCosts
    deliveries_per_round: float
    """For one endpoint."""


def costs_from(silent: tuple[Shape, Result], pushed: tuple[Shape, Result]) -> RunCosts:
    """Return the costs that two runs show: one without endpoints, one with some."""
    (few, alone), (many, beside) = silent, pushed
    whole = _each(alone, few.rounds)
    rounds = many.rounds
    return RunCosts(
        round=whole,
        delivery=StageCosts(
            worker_s=max(0.0, beside.workers_s - rounds * whole.worker_s) / beside.deliveries,
            redis_s=max(0.0, beside.redis_s - rounds * whole.redis_s) / beside.deliveries,
            outside_s=max(0.0, beside.outside_s - rounds * whole.outside_s) / beside.deliveries,
        ),
        deliveries_per_round=beside.deliveries / rounds / many.endpoints,
    )


def _each(result: Result, count: int) -> StageCosts:
    return StageCosts(
        worker_s=result.workers_s / count,
        redis_s=result.redis_s / count,
        outside_s=result.outside_s / count,
    )


def errors(real: Result, simulated: Result) -> Sequence[tuple[str, float, float, str]]:
    """Return what both say of a run, by name: measured, simulated, unit."""
    return (
        ("deliveries and rounds a second", _per_s(real), _per_s(simulated), "/s"),
        ("Redis, processor time", real.redis_s, simulated.redis_s, "s"),
        ("lateness, mean", real.mean_late_s, simulated.mean_late_s, "s"),
    )


def _per_s(result: Result) -> float:
    return (len(result.late_s) + result.deliveries) / result.wall_s
