"""What is known of pictures: the first finding counts, and lasts as long as articles show it."""

from datetime import timedelta

import pytest
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.rules.pictures import picture_digest
from syndicator.store.pictures import LINKED_KEPT, Finding, KnownPicture
from syndicator.store.store import Store

URL = "https://city.example/1.jpg"
DAY_MS = 24 * 3600 * 1000


def known(finding: Finding = Finding.FINE, *, served: bool = False) -> KnownPicture:
    return KnownPicture(url=URL, source=SourceId("city"), link=URL, finding=finding, served=served)


async def remaining_ms(store: Store) -> int:
    return int(await store.connection.call("PTTL", store.pictures._key(known())))


async def test_the_first_finding_counts(store: Store) -> None:
    assert await store.pictures.known([URL], NOON) == {}
    first = await store.pictures.add([known()], NOON)
    assert await store.pictures.add([known(Finding.BROKEN)], NOON) == first
    assert await store.pictures.known([URL, URL, "https://city.example/2.jpg"], NOON) == first
    await store.pictures.put([known(Finding.BROKEN)], NOON)
    found = await store.pictures.get(picture_digest(URL), NOON)
    assert found is not None
    assert found.finding is Finding.BROKEN


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
