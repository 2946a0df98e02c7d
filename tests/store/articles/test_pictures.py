"""What is known of pictures: the first finding counts, and lasts as long as articles show it."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.rules.articles.pictures import picture_digest
from syndicator.store.articles import pictures as pictures_module
from syndicator.store.articles.pictures import LINKED_KEPT, KnownPicture, PictureFinding
from syndicator.store.store import Store

URL = "https://city.example/1.jpg"
DAY_MS = 24 * 3600 * 1000


def known(finding: PictureFinding = PictureFinding.FINE, *, served: bool = False) -> KnownPicture:
    return KnownPicture(url=URL, source=SourceId("city"), link=URL, finding=finding, served=served)


async def remaining_ms(store: Store) -> int:
    return int(await store.connection.call("PTTL", store.pictures._key(known())))


async def test_the_first_finding_counts(store: Store) -> None:
    assert await store.pictures.known([URL], NOON) == {}
    first = await store.pictures.add([known()], NOON)
    assert await store.pictures.add([known(PictureFinding.BROKEN)], NOON) == first
    assert await store.pictures.known([URL, URL, "https://city.example/2.jpg"], NOON) == first
    await store.pictures.put([known(PictureFinding.BROKEN)], NOON)
    found = await store.pictures.get(picture_digest(URL), NOON)
    assert found is not None
    assert found.finding is PictureFinding.BROKEN


@pytest.mark.parametrize(("served", "kept"), [(False, LINKED_KEPT), (True, timedelta(days=100))])
async def test_kept_for_as_long_as_it_is_seen(
    store: Store, clock: ManualClock, *, served: bool, kept: timedelta
) -> None:
    await store.pictures.add([known(served=served)], clock())
    whole_ms = kept // timedelta(milliseconds=1)
    assert whole_ms - 60_000 < await remaining_ms(store) <= whole_ms
    await store.connection.call("PEXPIRE", store.pictures._key(known()), DAY_MS)
    clock.advance(3600)
    await store.pictures.known([URL], clock())
    assert await remaining_ms(store) <= DAY_MS, "what was written today is not written again"
    clock.advance(24 * 3600)
    await store.pictures.known([URL], clock())
    assert await remaining_ms(store) > whole_ms - 60_000


def numbered(number: int, **changes: Any) -> KnownPicture:
    url = f"https://city.example/{number}.jpg"
    given: dict[str, Any] = {"url": url, "source": SourceId("city"), "link": url}
    return KnownPicture(**given | changes)


@pytest.mark.parametrize("served", [False, True])
async def test_of_a_source_only_the_latest_are_known(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, *, served: bool
) -> None:
    monkeypatch.setattr(pictures_module, "MAX_SERVED" if served else "MAX_LINKED", 100)
    elsewhere = numbered(-1, source=SourceId("other"), served=served)
    await store.pictures.add([elsewhere], clock())
    for start in range(0, 300, 50):
        clock.advance(60)
        await store.pictures.add([numbered(n, served=served) for n in range(start, start + 50)], clock())
        await store.pictures.put([numbered(0, served=served)], clock())  # it is seen each time
    keys = await store.connection.call("KEYS", store.pictures._keys.picture("*"))
    assert len(keys) == 101
    urls = [elsewhere.url, *(numbered(number).url for number in range(300))]
    left = set(await store.pictures.known(urls, clock()))
    assert {elsewhere.url, *(numbered(number).url for number in (0, *range(250, 300)))} < left
    assert not left & {numbered(number).url for number in range(1, 200)}


async def test_one_that_is_served_is_not_forgotten_with_those_that_are_linked(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures_module, "MAX_LINKED", 10)
    await store.pictures.add([numbered(0)], clock())
    await store.pictures.put([numbered(0, served=True)], clock())
    for number in range(1, 30):
        clock.advance(1)
        await store.pictures.add([numbered(number)], clock())
    left = await store.pictures.known([numbered(n).url for n in range(30)], clock())
    assert set(left) == {numbered(n).url for n in (0, *range(20, 30))}


async def test_an_address_is_kept_once(store: Store) -> None:
    long, secure = (
        numbered(1, url="https://city.example/" + "x" * 1900),
        numbered(2, link="https://b.example"),
    )
    long = replace(long, link=long.url)
    await store.pictures.add([long, secure], NOON)
    assert await store.connection.call("STRLEN", store.pictures._key(long)) < 2200
    found = await store.pictures.known([long.url, secure.url], NOON)
    assert {one.url: one.link for one in found.values()} == {long.url: long.url, secure.url: secure.link}
