"""Feeds that are so large that a process of their own renders them."""

from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.test_publishing import admit

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.pipeline.apart import LARGE
from syndicator.render import render

ALL = FeedId("all")
CONFIG = f'[feed.all]\ntitle = "Semua"\nsize = {LARGE + 1}\n'


async def test_another_process_gives_the_same_bytes_as_this_one_would(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service:
        await service.enlist()
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
        await service.enlist()
        await admit(service, *range(1, 520))
        shown = await service.publisher.rendition(ALL, Format.JSON)
        assert len(shown.shown) == LARGE + 1
