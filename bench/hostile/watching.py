"""What something costs meanwhile: memory of this process and its parsers, stalls of the event loop."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

MIB = 1024 * 1024
_PROBE_S = 0.005
_SAMPLE_S = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watched:
    """Figures that grow while it is watched."""

    def __init__(self) -> None:
        self.lag_s = 0.0
        self.grown_bytes = 0


@asynccontextmanager
async def watching() -> AsyncIterator[Watched]:
    """Watch until the end of the body: the loop by a task, memory by a thread of its own."""
    watched = Watched()
    over = threading.Event()
    memory = threading.Thread(target=_watch_memory, args=(watched, over))
    memory.start()
    loop = asyncio.create_task(_watch_loop(watched))
    try:
        yield watched
        await asyncio.sleep(2 * _PROBE_S)  # one more probe, which was due while the loop stood still
    finally:
        loop.cancel()
        over.set()
        await asyncio.to_thread(memory.join)


async def _watch_loop(watched: Watched) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_PROBE_S)
        watched.lag_s = max(watched.lag_s, time.perf_counter() - began - _PROBE_S)


def _watch_memory(watched: Watched, over: threading.Event) -> None:
    """Add up how much this process has grown at a moment, and how much the worker that has grown most.

    A worker that is new meanwhile is compared with what the smallest of the old ones had.
    """
    own = _resident(os.getpid())
    before = {worker: _resident(worker) for worker in _workers()}
    usual = min((size for size in before.values() if size), default=0)
    while not over.wait(_SAMPLE_S):
        workers = [_resident(worker) - (before.get(worker) or usual) for worker in _workers()]
        grown = _resident(os.getpid()) - own + max(workers, default=0)
        watched.grown_bytes = max(watched.grown_bytes, grown)


def _workers() -> list[int]:
    """Give the parsing workers: children of the one child of ours that forks them."""
    return [worker for child in _children(os.getpid()) for worker in _children(child)]


def _children(process: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
