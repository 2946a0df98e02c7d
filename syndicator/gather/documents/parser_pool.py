"""Worker processes for parsing that can be killed: at a deadline, or when a document eats their memory.

A thread cannot be stopped and a parser written in C does not look at the clock, so everything that may take
long on hostile input runs here. Workers are forked from a clean server process that has the heavy parsers
loaded, so that replacing a killed one costs milliseconds; nothing is started before the first task.

What a document may take does not depend on those that its worker read before: a worker whose memory has
grown is replaced, and until then its growth is charged to nobody.
"""

import asyncio
import functools
import multiprocessing
import os
import resource
import signal
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from pebble import ProcessExpired, ProcessPool
from selectolax.lexbor import SelectolaxError

from syndicator.errors import NotReadable
from syndicator.model.fetch import Reason

DEFAULT_TIMEOUT_S = 10.0
"""Of wall time, on a machine that may be busy; honest documents take milliseconds."""
DEFAULT_MEMORY_BYTES = 44 * 1024 * 1024
"""What one task may take on top of what its worker holds, its document included. The process that asks has
the document too, and up to twice its size more while it is sent. Measured, this is enough for clean feeds
and full sitemaps of 10 MiB, broken feeds of 5 MiB and pages of 2 MiB; what needs more is made to need it."""
_MOST_MEMORY_BYTES = 1024 * 1024 * 1024
"""What any task may be given."""
_OUT_OF_MEMORY = 77
"""Exit code of a worker that ran out of memory; of no meaning elsewhere."""
_TASKS_PER_WORKER = 1000
_GROWTH_SHARE = 3
"""A worker that keeps more than a third of what its last task was allowed to take is replaced. Measured on
real article pages that is every 38 pages: caches of parsers, and gaps in the heap. Replacing costs 40 ms."""
_PRELOADED = [
    "__main__",
    "feedparser",
    "trafilatura",
    "syndicator.gather.feeds.feed",
    "syndicator.gather.articles.article_page",
    "syndicator.gather.listings.list_page",
    "syndicator.gather.documents.picture_cleaning",
    "syndicator.gather.listings.sitemap",
    "syndicator.gather.documents.charset_preload",
]

_T = TypeVar("_T")


class ParserPool:
    """Runs functions of ours in worker processes. Open it with `open_pool`."""

    def __init__(self, *, workers: int) -> None:
        self.here = asyncio.Lock()
        """Held by who parses something small in this process: never two of them in one turn of the loop."""
        self._workers = workers
        self._slots = FairSlots(workers, per_queue=max(1, workers - 1))
        self._processes: ProcessPool | None = None
        self._waiting: set[Future[Any]] = set()
        self._starting = asyncio.Lock()
        self._closed = False

    async def run(
        self,
        function: Callable[..., _T],
        *args: Any,
        queue: Hashable = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
    ) -> _T:
        """Call a function of a module of ours in a worker, and give what it gives or raise what it raises.

        Workers are shared fairly between queues: name the source whose document it is. One queue never has
        all of several workers. A call without a queue is one of its own.
        `timeout_s` counts from when a worker takes the task. NotReadable("parser") when it runs out of time
        or memory, when its worker dies on it, and when the pool is closed. A cancelled call kills its worker.
        """
        call = functools.partial(_within, memory_bytes, function, list(args))
        async with self._slots.hold(object() if queue is None else queue):
            return await self._twice(call, timeout_s)

    async def _twice(self, call: Callable[[], _T], timeout_s: float) -> _T:
        """Call again where the first worker's end has nothing to do with what it was called with."""
        try:
            return await self._once(call, timeout_s)
        except (BrokenProcessPool, ProcessExpired) as error:
            if self._closed or not _came_from_outside(error):
                raise NotReadable(Reason.PARSER, _death(error)) from error
        try:
            return await self._once(call, timeout_s)
        except (BrokenProcessPool, ProcessExpired) as error:
            raise NotReadable(Reason.PARSER, _death(error)) from error

    async def _once(self, call: Callable[[], _T], timeout_s: float) -> _T:
        processes = await self._running()
        future = processes.schedule(call, timeout=timeout_s)
        self._waiting.add(future)
        try:
            return await asyncio.wrap_future(future)
        except ProcessExpired as error:
            if error.exitcode == -signal.SIGKILL:
                await self._give_up(processes)
            raise
        except TimeoutError as error:
            raise NotReadable(Reason.PARSER, f"not parsed within {timeout_s:g} s") from error
        except RecursionError as error:
            raise NotReadable(Reason.PARSER, "it is nested too deeply to be parsed") from error
        except asyncio.CancelledError:
            if future in self._waiting:
                raise
            raise BrokenProcessPool("it was stopped") from None
        finally:
            self._waiting.discard(future)

    async def _running(self) -> ProcessPool:
        """Return the pool, started; one that broke is replaced."""
        async with self._starting:
            if self._closed:
                raise BrokenProcessPool("it is closed")
            if self._processes is None or not self._processes.active:
                await self._stop()
                starting = asyncio.create_task(asyncio.to_thread(_start, self._workers))
                try:
                    self._processes = await asyncio.shield(starting)
                except asyncio.CancelledError:
                    self._processes = await starting  # its processes are there all the same: to be ended
                    raise
            return self._processes

    async def _give_up(self, processes: ProcessPool) -> None:
        """End a pool of which a worker was killed: amid an answer, it keeps the others' way out for good."""
        async with self._starting:
            if self._processes is processes:
                await self._stop()

    async def close(self) -> None:
        """Kill the workers, whatever they do."""
        self._closed = True
        async with self._starting:
            await self._stop()

    async def _stop(self) -> None:
        """End the processes, and then the calls that nobody will answer any more: pebble forgets them."""
        processes, self._processes = self._processes, None
        if processes is not None:
            await asyncio.to_thread(_stop, processes)
        forgotten, self._waiting = self._waiting, set()
        for future in forgotten:
            future.cancel()


@asynccontextmanager
async def open_pool(*, workers: int = 2) -> AsyncIterator[ParserPool]:
    """Open a pool of at most `workers` processes."""
    pool = ParserPool(workers=workers)
    try:
        yield pool
    finally:
        await pool.close()


def _start(workers: int) -> ProcessPool:
    # Ctrl-C goes to all processes of a terminal, but ending them is the pool's: what is started from here on
    # inherits that. The tracker first, for its start lifts the block.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    processes = ProcessPool(
        max_workers=workers,
        max_tasks=_TaskLimit(_TASKS_PER_WORKER),
        initializer=_prepare_worker,
        context=context,
    )
    processes.schedule(_nothing)  # pebble starts its processes with the first task
    return processes


def _stop(processes: ProcessPool) -> None:
    processes.stop()  # type: ignore[no-untyped-call] # pebble leaves it so
    processes.join()


class _WorkerMemory(Struct):
    """Of the worker that this process is; in bytes that it may write to."""

    started: int = 0
    held: int = 0
    """Before the task that it runs now, or waits for."""
    may_keep: int = DEFAULT_MEMORY_BYTES // _GROWTH_SHARE


_memory = _WorkerMemory()


class _TaskLimit(int):
    """How many tasks a worker runs before it is replaced: fewer where its memory has grown.

    What leaks in a parser, or stays scattered over its heap, does not pile up.
    """

    __slots__ = ()

    def __gt__(self, tasks: int) -> bool:
        """Return whether a worker that has run so many takes one more; pebble asks after each answer."""
        _memory.held = _data_bytes()
        return super().__gt__(tasks) and _memory.held - _memory.started <= _memory.may_keep


def _prepare_worker() -> None:
    """Limit a worker, and let SIGTERM end it at once: a handler in Python waits for the parser in C.

    What is limited is the memory that it may write to. Its address space would be the wrong thing: allocators
    reserve far more of it than they use.
    """
    _memory.started = _memory.held = _data_bytes()
    most = _memory.started + _MOST_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _within(memory_bytes: int, function: Callable[..., _T], handed: list[Any]) -> _T:
    """Call a function in a worker with so much memory; the list of its arguments is emptied.

    So a document is gone before what was made of it is packed and sent.

    A worker that ran out of it ends: what is left of a document that was too much burdens no other. The
    limit is lifted afterwards: a worker that fails while it sends or receives holds the locks of the pool.
    """
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (min(most, _memory.held + memory_bytes), most))
    _memory.may_keep = memory_bytes // _GROWTH_SHARE
    args = tuple(handed)
    handed.clear()
    try:
        return function(*args)
    except (MemoryError, SelectolaxError):  # the latter is how that parser says the same
        os._exit(_OUT_OF_MEMORY)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_bytes() -> int:
    """Return how much memory this process may write to now (proc_pid_statm(5).

    The sixth number, in pages).
    """
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[5])
    return pages * resource.getpagesize()


def _nothing() -> None:
    pass


def _came_from_outside(error: BrokenProcessPool | ProcessExpired) -> bool:
    """Return whether the worker's end says nothing about the document: it was stopped, or died while idle."""
    return isinstance(error, BrokenProcessPool) or error.exitcode == -signal.SIGTERM


def _death(error: BrokenProcessPool | ProcessExpired) -> str:
    if isinstance(error, ProcessExpired) and error.exitcode == _OUT_OF_MEMORY:
        return "parsing it takes too much memory"
    if isinstance(error, ProcessExpired) and error.exitcode:
        return f"the parser died on it (exit {error.exitcode}), most likely for want of memory"
    return "the parser was stopped before it was done"


class FairSlots:
    """Hands out a number of slots round robin over queues, and to one queue at most `per_queue` at a time."""

    def __init__(self, slots: int, *, per_queue: int) -> None:
        self._free = slots
        self._per_queue = per_queue
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """The queue whose turn it is comes first."""

    @asynccontextmanager
    async def hold(self, queue: Hashable) -> AsyncIterator[None]:
        """Hold one slot while the body runs; those of one queue get theirs in the order they asked."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(queue, deque()).append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was granted in the same moment
                self._release(queue)
            raise
        try:
            yield
        finally:
            self._release(queue)

    def _grant(self) -> None:
        while self._free:
            queue = next((each for each in self._waiting if self._held[each] < self._per_queue), None)
            if queue is None:
                return
            turns = self._waiting.pop(queue)
            turn = turns.popleft()
            if turns:
                self._waiting[queue] = turns  # behind all others
            if not turn.cancelled():
                self._free -= 1
                self._held[queue] += 1
                turn.set_result(None)

    def _release(self, queue: Hashable) -> None:
        self._free += 1
        self._held[queue] -= 1
        if not self._held[queue]:
            del self._held[queue]
        self._grant()
