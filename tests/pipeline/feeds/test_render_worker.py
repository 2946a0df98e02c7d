"""Feeds that are so large that a process of their own renders them."""

import asyncio
import time

import pytest
from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from support import until

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.render_worker import LARGE
from syndicator.render import render

ALL = FeedId("all")
CONFIG = f'[feed.all]\ntitle = "Semua"\nsize = {LARGE + 1}\n'


async def test_another_process_gives_the_same_bytes_as_this_one_would(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, *range(1, 30))
        for form in (Format.ATOM, Format.JSON):
            shown = await service.publisher.rendition(ALL, form)
            here = render(await service.publisher.snapshot(ALL), form)
            assert (shown.body, shown.digest, shown.gzip, shown.brotli) == (
                here.body, here.digest, here.gzip, here.brotli
            )  # fmt: skip
            version = await service.store.feeds.version(ALL)
            assert (shown.version, shown.changed_at) == (version.version, version.changed_at)
        await admit(service, 2, title="Judul baru")
        again = await service.publisher.rendition(ALL, Format.ATOM)
        assert b"Judul baru" in again.body
        assert replace(again, body=b"") != replace(shown, body=b"")


async def test_many_entries_are_all_there(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, *range(1, 520))
        shown = await service.publisher.rendition(ALL, Format.JSON)
        assert len(shown.shown) == LARGE + 1


async def test_readers_of_a_large_feed_do_not_wait_for_the_other_process(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await admit(service, 1)
        before = await service.publisher.rendition(ALL, Format.RSS)
        await admit(service, 2)
        apart = service.publisher._render_worker
        assert apart is not None
        held_up = asyncio.create_task(apart._pool.run(time.sleep, 4, timeout_s=20))
        await asyncio.sleep(0.5)
        with pytest.raises(StoreUnavailable):
            await service.publisher.rendition(ALL, Format.RSS, patiently=False)
        assert not held_up.done()
        await held_up
        kept = await until(
            lambda: service.publisher.stale_cache.get(ALL, Format.RSS),
            lambda found: found is not None and found[0].digest != before.digest,
        )
        assert kept is not None
        assert b"Berita nomor 2" in kept[0].body
