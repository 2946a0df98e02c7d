"""The garbage collector looks at what is new only, and still finds it."""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from syndicator.observe.pauses import collect_briefly, without_collection


class Knot:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_a_start_has_made_is_not_looked_through_again() -> None:
    began = time.process_time()
    gc.collect()
    whole_s = time.process_time() - began
    collect_briefly()
    began = time.process_time()
    gc.collect()
    assert time.process_time() - began < whole_s


def test_cycles_are_freed_all_the_same() -> None:
    collect_briefly()
    first = weakref.ref(Knot())
    kept: list[list[int]] = [[] for _ in range(50_000)]
    assert first() is None
    assert len(kept) == 50_000


def test_nothing_is_collected_while_much_is_made_and_the_rest_is_as_before() -> None:
    with without_collection():
        first = weakref.ref(Knot())
        kept: list[list[int]] = [[] for _ in range(50_000)]
        assert first() is not None
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > len(kept)


def test_what_a_failed_start_left_is_not_kept() -> None:
    before = gc.get_freeze_count()
    with pytest.raises(ValueError, match="no start"), without_collection():
        raise ValueError("no start")
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
