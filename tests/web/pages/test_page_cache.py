import asyncio
from datetime import timedelta

import pytest
from support import ManualClock

from syndicator.web.http.negotiation import Coding
from syndicator.web.pages.feed_pages import MOST, KeptPages

KEY = ("/", "id")


class Drawings:
    """Draws pages that differ, and waits where it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def draw(self) -> bytes:
        self.count += 1
        number = self.count
        await self.go_on.wait()
        return b"page %d" % number


@pytest.fixture
def drawings() -> Drawings:
    return Drawings()


@pytest.fixture
def kept(clock: ManualClock) -> KeptPages:
    return KeptPages(timedelta(seconds=30), clock)


async def test_a_page_is_drawn_once_until_its_version_changes(kept: KeptPages, drawings: Drawings) -> None:
    first = await kept.get(KEY, 1, drawings.draw)
    assert await kept.get(KEY, 1, drawings.draw) is first
    assert (await kept.get(KEY, 2, drawings.draw)).document.coded(Coding.IDENTITY) == b"page 2"
    assert (await kept.get(("/", "en"), 2, drawings.draw)).document.coded(Coding.IDENTITY) == b"page 3"
    assert drawings.count == 3


async def test_a_page_grows_old_also_by_a_clock_that_is_put_back(
    kept: KeptPages, drawings: Drawings, clock: ManualClock
) -> None:
    await kept.get(KEY, 1, drawings.draw)
    clock.advance(29)
    await kept.get(KEY, 1, drawings.draw)
    assert drawings.count == 1
    clock.advance(1)
    await kept.get(KEY, 1, drawings.draw)
    assert drawings.count == 2
    clock.now -= timedelta(hours=1)
    await kept.get(KEY, 1, drawings.draw)
    assert drawings.count == 3


async def test_all_who_ask_meanwhile_share_one_drawing(kept: KeptPages, drawings: Drawings) -> None:
    drawings.go_on.clear()
    asking = [asyncio.create_task(kept.get(KEY, 1, drawings.draw)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    drawings.go_on.set()
    pages = await asyncio.gather(*asking[1:])
    assert drawings.count == 1
    assert len({id(page) for page in pages}) == 1


async def test_a_drawing_that_fails_is_tried_again_and_the_last_page_stays(
    kept: KeptPages, drawings: Drawings
) -> None:
    page = await kept.get(KEY, 1, drawings.draw)

    async def fail() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await kept.get(KEY, 2, fail)
    assert kept.last(KEY) is page
    assert (await kept.get(KEY, 2, drawings.draw)).document.coded(Coding.IDENTITY) == b"page 2"


async def test_what_was_not_asked_for_the_longest_leaves(kept: KeptPages, drawings: Drawings) -> None:
    for number in range(MOST):
        await kept.get((f"/{number}", "id"), 1, drawings.draw)
    await kept.get(("/0", "id"), 1, drawings.draw)
    await kept.get(("/new", "id"), 1, drawings.draw)
    assert kept.last(("/0", "id")) is not None
    assert kept.last(("/1", "id")) is None


async def test_each_coding_is_made_once(kept: KeptPages, drawings: Drawings) -> None:
    page = await kept.get(KEY, 1, drawings.draw)
    for coding in Coding:
        assert page.document.coded(coding) is page.document.coded(coding)
