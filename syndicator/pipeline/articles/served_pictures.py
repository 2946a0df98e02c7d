"""Delivers pictures to readers: from the cache on disk, or fetched, decoded and re-encoded once.

Only pictures that came with an article can be requested, by the digest of their address. So this is no open
proxy.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import NotReadable, StoreError, SyndicatorError
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.documents.picture_cleaning import MEMORY_BYTES, clean_picture
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import FetchLimits, Source
from syndicator.observe.logs import get_logger
from syndicator.pipeline.articles.pictures import AGAIN_AFTER, UNREADABLE, broken, failed
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.rules.rate_limit import RateLimit
from syndicator.store.articles.picture_files import PictureFiles
from syndicator.store.articles.pictures import KnownPicture, PictureFinding, Pictures

MAX_FETCHED_BYTES = 10 * 1024 * 1024
FETCH_TIMEOUT_S = 20.0
MISSES_PER_MINUTE = 120
"""Most pictures that one process fetches: a reader who requests all of them must not overload portals."""

_MAGIC: Mapping[bytes, str] = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"RI": "image/webp"}
"""Media types by the first bytes of the formats that the cache holds."""

log = get_logger(__name__)


class ServedPicture(Struct, frozen=True, kw_only=True):
    media_type: str
    body: bytes
    digest: str
    """Of the bytes: hex."""


class PictureBusy(SyndicatorError):
    """The picture is not available now, but may be in a minute."""


class ServedPictures:
    """The pictures of sources whose policy is `cache`. Share one by all requests of an event loop."""

    def __init__(
        self,
        *,
        store: Pictures,
        files: PictureFiles,
        egress: Egress,
        pool: ParserPool,
        sources: Mapping[SourceId, Source],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._files = files
        self._egress = egress
        self._pool = pool
        self._sources = sources
        self._barred = {source.id for source in sources.values() if not source.rights.images}
        self._clock = clock
        self._misses = RateLimit[str].a_minute(MISSES_PER_MINUTE, monotonic)
        self._fetching = SingleFlight[str, ServedPicture | None]()
        # One at a time, so that the other workers of the pool stay free for documents.
        self._decoding = asyncio.Semaphore(1)

    async def get(self, digest: str) -> ServedPicture | None:
        """Return a picture by the digest of its address; None where there is none.

        Raises PictureBusy where it is not available now, StoreUnavailable when Redis is away and the picture
        is not in the cache.
        """
        if self._barred and await self._is_barred(digest):
            return None
        kept = await self._kept(digest)
        if kept is not None:
            return kept
        return await self._fetching.get(digest, lambda: self._fetch(digest), name="fetch a picture")

    async def close(self) -> None:
        """Cancel fetches that are under way."""
        await self._fetching.close()

    async def _is_barred(self, digest: str) -> bool:
        """Return whether a picture belongs to a source without the right to show pictures."""
        known = await self._store.get(digest, self._clock())
        return known is not None and known.source in self._barred

    async def _kept(self, digest: str) -> ServedPicture | None:
        try:
            kept = await asyncio.to_thread(self._files.read, digest)
        except OSError as error:
            log.warning("picture_cache_read_failed", reason=str(error))
            return None
        if kept is None:
            return None
        if kept.rested:
            with suppress(StoreError):  # the read only keeps the record alive
                await self._store.get(digest, self._clock())
        return _served(kept.body)

    async def _fetch(self, digest: str) -> ServedPicture | None:
        known = await self._store.get(digest, self._clock())
        if known is None or not known.served or self._is_given_up(known):
            return None
        if self._misses.take(""):  # whoever asks
            raise PictureBusy("Too many pictures are being fetched.")
        body = await self._download(known)
        if body is None:
            return None
        clean = await self._cleaned(known, body)
        if clean is None:
            return None
        await self._keep(digest, clean)
        if known.finding is not PictureFinding.FINE:
            await self._note(replace(known, finding=PictureFinding.FINE, why="", failures=0))
        return _served(clean)

    def _is_given_up(self, known: KnownPicture) -> bool:
        if known.finding is not PictureFinding.BROKEN or known.checked_at is None:
            return False
        return self._clock() - known.checked_at <= AGAIN_AFTER[PictureFinding.BROKEN]

    async def _download(self, known: KnownPicture) -> bytes | None:
        """Fetch a picture within its source's limits, without its headers: they may open private ones."""
        source = self._sources.get(known.source)
        limits = source.limits if source else FetchLimits()
        limits = FetchLimits(
            timeout_s=min(limits.timeout_s, FETCH_TIMEOUT_S),
            connect_timeout_s=limits.connect_timeout_s,
            max_body_bytes=min(limits.max_body_bytes, MAX_FETCHED_BYTES),
            max_redirects=limits.max_redirects,
        )
        proxy = source.proxy if source else None
        headers = {"accept": "image/webp, image/avif, image/*;q=0.9"}
        result = await self._egress.fetch(known.url, headers=headers, limits=limits, proxy=proxy)
        if isinstance(result, Fetched):
            return result.body
        if isinstance(result, FetchFailed):
            await self._missed(failed(known, result, self._clock()))
            return None
        raise PictureBusy("The portal says that nothing changed, though we did not ask that.")

    async def _missed(self, known: KnownPicture) -> None:
        """Store a failure; raise PictureBusy unless the picture counts as broken."""
        await self._note(known)
        if known.finding is not PictureFinding.BROKEN:
            raise PictureBusy("The portal does not give this picture right now.")

    async def _cleaned(self, known: KnownPicture, body: bytes) -> bytes | None:
        try:
            async with self._decoding:
                return (await self._pool.run(clean_picture, body, memory_bytes=MEMORY_BYTES)).body
        except NotReadable as error:
            if error.reason == Reason.PARSER and known.failures == 0:
                # The worker may have been stopped for another reason: allow one more attempt.
                await self._missed(replace(known, failures=1, checked_at=self._clock()))
            log.info("picture_invalid", url=known.url, source=known.source, reason=error.detail)
            await self._missed(broken(known, UNREADABLE, self._clock()))
            return None

    async def _keep(self, digest: str, body: bytes) -> None:
        try:
            await asyncio.to_thread(self._files.write, digest, body)
        except OSError as error:
            log.warning("picture_cache_write_failed", reason=str(error))

    async def _note(self, known: KnownPicture) -> None:
        await self._store.put([known], self._clock())


def _served(body: bytes) -> ServedPicture | None:
    media_type = _MAGIC.get(body[:2])
    if media_type is None:  # not written by this service, or damaged
        return None
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return ServedPicture(media_type=media_type, body=body, digest=digest)
