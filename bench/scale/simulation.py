"""A discrete-event simulation: sources that are due, workers, Redis nodes, endpoints with queues, portals.

Every process is a queue with one server. All share the processors of one machine evenly: with more processes
that have something to do than there are processors, each is slower. Workers take as many rounds and
deliveries at once as ours do, and an endpoint gets at most `MAX_IN_FLIGHT` at once.
"""

from collections import deque
from collections.abc import Iterable

from bench.scale.shapes import Result, RunCosts, Shape, StageCosts
from syndicator.schedule.workers import CAPACITY

MAX_IN_FLIGHT = 256
_SLICES = 10
"""So often a round asks Redis, one after the other; between these, others of its worker go on."""


class _Process:
    """One process: jobs wait in a queue, each with the processor seconds that it takes here."""

    def __init__(self) -> None:
        self.queue = deque[tuple["_Job", float]]()
        self.left_s = 0.0
        self.spent_s = 0.0

    def add(self, job: "_Job", seconds: float) -> None:
        self.queue.append((job, seconds))
        if len(self.queue) == 1:
            self.left_s = seconds

    def end(self) -> "_Job":
        """Take the job that is done out."""
        job, seconds = self.queue.popleft()
        self.spent_s += seconds
        self.left_s = self.queue[0][1] if self.queue else 0.0
        return job


class _Job:
    """A round or a delivery: the stages that it has yet to go through."""

    def __init__(
        self, worker: "_Worker", stages: Iterable[tuple[_Process, float]], endpoint: int | None
    ) -> None:
        self.worker = worker
        self.stages = deque(stages)
        self.endpoint = endpoint
        """Number of the endpoint of a delivery; None of a round."""


class _Worker(_Process):
    def __init__(self) -> None:
        super().__init__()
        self.rounds = 0
        self.deliveries = 0


class _Namespace:
    """What waits for the workers of a namespace."""

    def __init__(self, shape: Shape) -> None:
        self.redis = _Process()
        self.workers = [_Worker() for _ in range(shape.workers)]
        self.due = shape.feeds
        self.ended = 0
        self.waiting = [0.0] * shape.endpoints
        """Deliveries of each endpoint that could go out."""
        self.in_flight = [0] * shape.endpoints


class _Run:
    def __init__(self, shape: Shape, costs: RunCosts, cores: float) -> None:
        self._costs, self._cores = costs, cores
        self._now = 0.0
        self._late = list[float]()
        self._deliveries = 0
        self._portal, self._receiver = _Process(), _Process()
        self._places = [_Namespace(shape) for _ in range(shape.namespaces)]

    def result(self) -> Result:
        """Run until nothing is left to do."""
        for place in self._places:
            self._pull(place)
        while self._step():
            pass
        return Result(
            wall_s=self._now,
            redis_s=sum(place.redis.spent_s for place in self._places),
            workers_s=sum(one.spent_s for place in self._places for one in place.workers),
            outside_s=self._portal.spent_s + self._receiver.spent_s,
            deliveries=self._deliveries,
            late_s=tuple(self._late),
            cores=self._cores,
        )

    def _step(self) -> bool:
        """Go on to the moment at which the next job leaves a process; return whether there was one."""
        busy = [one for one in self._processes() if one.queue]
        if not busy:
            return False
        speed = min(1.0, self._cores / len(busy))
        first = min(busy, key=lambda one: one.left_s)
        passed = first.left_s
        self._now += passed / speed
        for one in busy:
            one.left_s -= passed
        self._go_on(first.end())
        return True

    def _processes(self) -> Iterable[_Process]:
        yield from (self._portal, self._receiver)
        for place in self._places:
            yield place.redis
            yield from place.workers

    def _go_on(self, job: _Job) -> None:
        if job.stages:
            where, seconds = job.stages.popleft()
            where.add(job, seconds)
            return
        place = next(one for one in self._places if job.worker in one.workers)
        if job.endpoint is None:
            job.worker.rounds -= 1
            place.ended += 1
            place.waiting = [count + self._costs.deliveries_per_round for count in place.waiting]
        else:
            job.worker.deliveries -= 1
            place.in_flight[job.endpoint] -= 1
            self._deliveries += 1
        self._pull(place)

    def _pull(self, place: _Namespace) -> None:
        """Have workers of a namespace take what they may."""
        for worker in sorted(place.workers, key=lambda one: one.rounds):
            while place.due and worker.rounds < CAPACITY["gather"]:
                place.due -= 1
                worker.rounds += 1
                self._late.append(self._now)
                self._go_on(_Job(worker, self._round(worker, place), None))
        least = 1.0 if place.due or place.ended < self._rounds_of(place) else 0.5
        for endpoint in range(len(place.waiting)):
            while place.waiting[endpoint] >= least and place.in_flight[endpoint] < MAX_IN_FLIGHT:
                worker = min(place.workers, key=lambda one: one.deliveries)
                if worker.deliveries >= CAPACITY["deliver"]:
                    return
                place.waiting[endpoint] -= 1
                place.in_flight[endpoint] += 1
                worker.deliveries += 1
                self._go_on(_Job(worker, self._delivery(worker, place), endpoint))

    def _rounds_of(self, place: _Namespace) -> int:
        return place.due + place.ended + sum(worker.rounds for worker in place.workers)

    def _round(self, worker: _Worker, place: _Namespace) -> list[tuple[_Process, float]]:
        costs: StageCosts = self._costs.round
        slices = [(worker, costs.worker_s / _SLICES), (place.redis, costs.redis_s / _SLICES)]
        return [(self._portal, costs.outside_s), *(slices * _SLICES)]

    def _delivery(self, worker: _Worker, place: _Namespace) -> list[tuple[_Process, float]]:
        costs: StageCosts = self._costs.delivery
        return [
            (worker, costs.worker_s / 2),
            (self._receiver, costs.outside_s),
            (worker, costs.worker_s / 2),
            (place.redis, costs.redis_s),
        ]


def simulate(shape: Shape, costs: RunCosts, cores: float) -> Result:
    """Return what a run of this shape takes on a machine with so many free processors."""
    return _Run(shape, costs, cores).result()
