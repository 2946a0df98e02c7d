"""Listed pages that cannot be read are not asked for in every round."""

from datetime import timedelta

from support import NOON

from syndicator.model.ids import SourceId
from syndicator.store.store import Store
from syndicator.store.unreadable import FIRST_PAUSE, LONGEST_PAUSE, MAX_PAGES

CITY, OTHER = SourceId("city"), SourceId("other")
SECOND = timedelta(seconds=1)


async def test_each_failure_makes_the_pause_longer(store: Store) -> None:
    pages = store.unreadable
    now, pause = NOON, FIRST_PAUSE
    for _ in range(12):
        await pages.failed(CITY, ["u:a"], now)
        assert await pages.waiting(CITY, ["u:a", "u:b"], now + pause - SECOND) == {"u:a"}
        assert await pages.waiting(CITY, ["u:a"], now + pause) == frozenset()
        now, pause = now + pause, min(pause * 2, LONGEST_PAUSE)
    assert pause == LONGEST_PAUSE


async def test_sources_do_not_learn_from_each_other(store: Store) -> None:
    await store.unreadable.failed(CITY, ["u:a"], NOON)
    assert await store.unreadable.waiting(OTHER, ["u:a"], NOON) == frozenset()


async def test_a_list_of_dead_links_is_bounded(store: Store) -> None:
    await store.unreadable.failed(CITY, [f"u:{number}" for number in range(MAX_PAGES + 1)], NOON)
    await store.unreadable.failed(CITY, ["u:last"], NOON)
    assert await store.unreadable.waiting(CITY, ["u:0", "u:last"], NOON) == {"u:last"}
