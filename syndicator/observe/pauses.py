"""Pauses of a process that stays: the garbage collector stops everything while it looks for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG_OBJECTS = 20_000
"""So many new objects are looked through in about 4 ms. With 5,000 that takes 2.5 % of the time of gathering,
with so many 0.5 %: most of what a round has made is freed before, without the collector."""
_YOUNG_TURNS = 10


@contextmanager
def without_collection() -> Iterator[None]:
    """Suspend garbage collection while much is made that stays; leave all that is there out of it for good.

    All objects are looked through each time that they have become a quarter more: a third of the time that
    reading 100,000 sources takes.
    """
    with paused_collection():
        yield
        gc.freeze()


@contextmanager
def paused_collection() -> Iterator[None]:
    """Suspend garbage collection while much is made, some of which may leave again."""
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_collecting:
            gc.enable()


def collect_briefly() -> None:
    """Leave what a start has made, which stays anyway, out of garbage collection; and collect less often.

    To look through all modules takes 100 ms and more, and went on every few seconds. Call it once, when
    everything is loaded and open.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_TURNS, _YOUNG_TURNS)


def collect_all() -> None:
    """Free what has left, also of what was kept out of garbage collection: a pause of 0.1 s and more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
