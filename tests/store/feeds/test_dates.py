"""The dates of documents that are made on request: kept for a bounded number of them."""

import pytest

from syndicator.model.feed import FeedDates
from syndicator.model.ids import FeedId
from syndicator.store.feeds import feeds
from syndicator.store.feeds.feeds import DATED_FOR
from syndicator.store.store import Store

MOST = 5


async def put(store: Store, name: str, used_s: int, *, on_request: bool = True) -> None:
    before = await store.feeds.dates(FeedId(name))
    dates = FeedDates(count=before.count, looks=b"x", at_s=before.at_s + 1, used_s=used_s)
    assert await store.feeds.put_dates(FeedId(name), dates, on_request=on_request)


async def dated(store: Store, names: list[str]) -> list[str]:
    return [name for name in names if (await store.feeds.dates(FeedId(name))).count]


async def test_those_that_somebody_asked_for_last_are_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "DATED_DOCUMENTS", MOST)
    names = [f"/{number}" for number in range(20)]
    for at_s, name in enumerate(names):
        await put(store, name, at_s)
        await put(store, "/asked again and again", at_s)
        await put(store, "configured", at_s, on_request=False)
    assert await dated(store, names) == names[-MOST + 1 :]
    assert (await store.feeds.dates(FeedId("/asked again and again"))).at_s == len(names)
    assert (await store.feeds.dates(FeedId("configured"))).at_s == len(names)


async def test_those_that_nobody_asks_for_any_more_are_removed(store: Store) -> None:
    day_s = 86_400
    await put(store, "/old", day_s)
    await put(store, "/new", 20 * day_s)
    assert await dated(store, ["/old", "/new"]) == ["/old", "/new"]
    await put(store, "/newest", day_s + int(DATED_FOR.total_seconds()))
    assert await dated(store, ["/old", "/new", "/newest"]) == ["/new", "/newest"]
