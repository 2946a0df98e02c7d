"""Listed pages that cannot be read are not asked for in every round."""

from datetime import timedelta

from support import NOON

from syndicator.model.ids import SourceId
from syndicator.store.articles.page_retry import FIRST_PAUSE, LONGEST_PAUSE, MAX_PAGES
from syndicator.store.store import Store

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


async def test_what_passes_by_itself_is_soon_tried_again(store: Store) -> None:
    quarter = timedelta(minutes=15)
    for _ in range(8):
        await store.unreadable.failed(CITY, ["u:a"], NOON, quarter)
    assert await store.unreadable.waiting(CITY, ["u:a"], NOON + quarter - SECOND) == {"u:a"}
    assert await store.unreadable.waiting(CITY, ["u:a"], NOON + quarter) == frozenset()


async def test_of_many_dead_links_those_that_are_due_again_are_forgotten_first(store: Store) -> None:
    over = [f"u:over{number}" for number in range(MAX_PAGES // 2)]
    waiting = [f"u:waiting{number}" for number in range(MAX_PAGES // 2 + 1)]
    await store.unreadable.failed(CITY, over, NOON - timedelta(days=1))
    await store.unreadable.failed(CITY, waiting, NOON)
    await store.unreadable.failed(CITY, ["u:last"], NOON)
    asked = [*waiting, "u:last"]
    assert await store.unreadable.waiting(CITY, asked, NOON) == set(asked)
    # A long row of failures is not begun again: the pages that were kept are remembered with theirs.
    await store.unreadable.failed(CITY, waiting, NOON + FIRST_PAUSE)
    assert await store.unreadable.waiting(CITY, waiting, NOON + FIRST_PAUSE * 3 - SECOND) == set(waiting)


async def test_a_list_of_dead_links_is_bounded(store: Store) -> None:
    for start in range(0, 2 * MAX_PAGES, 500):
        await store.unreadable.failed(CITY, [f"u:{number}" for number in range(start, start + 500)], NOON)
    remembered = await store.unreadable.waiting(CITY, [f"u:{n}" for n in range(2 * MAX_PAGES)], NOON)
    assert len(remembered) <= MAX_PAGES + 500
