"""Large feeds, read and rendered by a process of their own: in a thread, they would hold up all requests."""

import asyncio
import os
from collections.abc import Mapping
from functools import lru_cache

from msgspec.structs import replace

from syndicator.errors import NotReadable, RenderError
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.model.clock import system_clock
from syndicator.model.feed import FeedSpec, Format, Origin, Rendition, Site
from syndicator.model.ids import SourceId
from syndicator.pipeline.feeds.composer import Composer
from syndicator.render.rendition import render
from syndicator.store.codec import pack, unpack
from syndicator.store.store import StoreOptions, open_again

LARGE = 500
"""Feeds with more entries are rendered by the worker process. Smaller ones hold the interpreter lock for a
few milliseconds at a time only, and are rendered by a thread."""
_TIMEOUT_S = 60.0
_NICENESS = 5
_MEMORY_BYTES = 768 * 2**20


class RenderWorker:
    """Renders large feeds in a worker process, which reads their entries from Redis itself."""

    def __init__(
        self, pool: ParserPool, options: StoreOptions, site: Site, origins: Mapping[SourceId, Origin]
    ) -> None:
        """`options`: how the worker opens the store; its URL is that of the store opened in this process."""
        self._pool = pool
        self._options = options
        self._site = site
        # Written once: of 100,000 sources that takes the event loop 0.5 s for each feed otherwise.
        self._origins = pack(origins)

    async def rendered(self, spec: FeedSpec, form: Format) -> Rendition:
        """Return the current rendition of a feed; raise StoreUnavailable, or RenderError if it is killed."""
        try:
            return await self._pool.run(
                _rendered,
                self._options,
                self._site,
                self._origins,
                spec,
                form,
                timeout_s=_TIMEOUT_S,
                memory_bytes=_MEMORY_BYTES,
            )
        except NotReadable as error:
            raise RenderError(f"{spec.id}.{form.value} could not be rendered: {error.detail}") from error


def _rendered(options: StoreOptions, site: Site, origins: bytes, spec: FeedSpec, form: Format) -> Rendition:
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)  # requests come first
    return asyncio.run(_read_and_render(options, site, _unpacked(origins), spec, form))


@lru_cache(maxsize=1)
def _unpacked(origins: bytes) -> Mapping[SourceId, Origin]:
    return unpack(origins, dict[SourceId, Origin])


async def _read_and_render(
    options: StoreOptions, site: Site, origins: Mapping[SourceId, Origin], spec: FeedSpec, form: Format
) -> Rendition:
    async with open_again(options) as store:
        composer = Composer(store=store, site=site, specs=[spec], origins=origins, clock=system_clock)
        snapshot = await composer.snapshot(spec.id)
    return replace(render(snapshot, form), changed_at=snapshot.version.changed_at)
