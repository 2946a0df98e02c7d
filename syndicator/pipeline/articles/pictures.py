"""Applies the picture policy of a source to candidates, between reading and admission.

All candidates of a document are processed, new or known: the first finding about a picture is stored and
applied each time, so that an article does not change from round to round. Only unknown pictures are requested
over the network, within the politeness limits of their servers.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.model.article import Candidate, Change, Photo
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import FetchLimits, ImagePolicy, Source
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.rules.articles.pictures import (
    MAX_ADDRESS,
    MAX_LINKED_BYTES,
    MAX_RECEIVED,
    body_pictures,
    is_clearly_broken,
    is_pixel,
    is_untyped,
    left_out,
    media_type,
    secure_url,
    whole_length,
    without_broken,
    without_pictures,
    without_pixels,
)
from syndicator.store.articles.pictures import KnownPicture, PictureFinding, Pictures

MAX_LOOKS = 40
"""Most pictures requested in one call of `prepare`; the rest are used as the source describes them."""
LOOKS_AT_ONCE = 4
"""Concurrent requests for pictures in one call."""
LOOKS_S = 20.0
"""Time limit for all picture requests of one call together."""
LOOK_TIMEOUT_S = 10.0
"""Time limit for each of them."""
SILENT_FOR = timedelta(minutes=5)
"""After a request timed out, no picture is requested from that server for this time."""
AGAIN_AFTER = {PictureFinding.ANNOUNCED: timedelta(hours=1), PictureFinding.BROKEN: timedelta(hours=6)}
"""When a picture is requested again, by what was found last. A picture found FINE is never checked again."""
MAX_FAILURES = 3
"""A picture counts as broken after this many temporary failures."""
UNREADABLE = "unreadable"
"""Reason noted for a broken picture whose bytes cannot be decoded as an image."""
_MAX_WARNINGS = 5
_MAX_SILENT = 1000
_COUNTS_VISITS = "it is one pixel, which counts visits"
MAX_PIXELS_RECORDED = 5
"""Most tracking pixels of one body that its provenance lists."""


class PicturePolicy:
    """Applies `Source.images` to candidates."""

    def __init__(
        self, store: Pictures, polite_client: PoliteClient, clock: Clock, *, looks_s: float = LOOKS_S
    ) -> None:
        self._store = store
        self._polite_client = polite_client
        self._clock = clock
        self._looks_s = looks_s
        self._silent: dict[str, datetime] = {}

    async def prepare(
        self, source: Source, candidates: Sequence[Candidate]
    ) -> tuple[list[Candidate], tuple[str, ...]]:
        """Return the candidates of one document with the policy applied to their pictures, and warnings.

        `none`: all pictures are removed. `link`: broken pictures are removed, from bodies too; media type and
        size of the others are filled in, and `https:` is preferred where it works at the first request.
        `cache`: the same, but addresses stay and are registered as pictures that this service delivers.
        A picture that could not be requested is taken as the source describes it; a later request can only
        add type and size, or find it broken.
        """
        candidates = [as_announced(candidate, source.images) for candidate in candidates]
        if source.images is ImagePolicy.NONE:
            return candidates, ()
        urls = _addresses(candidates, with_bodies=source.images is ImagePolicy.CACHE)
        if not urls:
            return candidates, ()
        known = await self._store.known(urls, self._clock())
        if source.images is ImagePolicy.CACHE:
            photos = _addresses(candidates, with_bodies=False)
            known |= await self._enlist(source, photos, urls, known)
        else:
            known |= await self._look(source, urls, known)
        shown = [_shown(candidate, known) for candidate in candidates]
        return [one for one, _ in shown], _few([sentence for _, broken in shown for sentence in broken])

    async def _enlist(
        self, source: Source, photos: Sequence[str], urls: Sequence[str], known: Mapping[str, KnownPicture]
    ) -> dict[str, KnownPicture]:
        """Register pictures for delivery, and request the photos as far as time allows.

        Pictures of bodies are requested only where an earlier delivery has failed.
        """
        now, shown = self._clock(), frozenset(photos)
        fresh = {
            url: KnownPicture(url=url, source=source.id, link=url, served=True)
            for url in urls
            if url not in known
        }
        linked = {url: replace(picture, served=True) for url, picture in known.items() if not picture.served}
        served = {**known, **linked, **fresh}
        due = [url for url in urls if _is_due(served[url], now)]
        due = [url for url in due if url in shown or served[url].finding is PictureFinding.BROKEN]
        found = await self._look_at(source, due[:MAX_LOOKS], served)
        later = {url: picture for url, picture in {**linked, **found}.items() if url in known}
        await self._store.put(list(later.values()), now)
        return later | await self._store.add([found.get(url, fresh[url]) for url in fresh], now)

    async def _look(
        self, source: Source, urls: Sequence[str], known: Mapping[str, KnownPicture]
    ) -> dict[str, KnownPicture]:
        """Request pictures that are unknown or due again, as far as time allows."""
        now = self._clock()
        unknown = [url for url in urls if url not in known]
        again = [url for url in urls if url in known and _is_due(known[url], now)]
        found = await self._look_at(source, (unknown + again)[:MAX_LOOKS], known)
        for url in unknown:
            found.setdefault(url, KnownPicture(url=url, source=source.id, link=url))
        later = {url: picture for url, picture in found.items() if url in known}
        await self._store.put(list(later.values()), now)
        return later | await self._store.add([found[url] for url in unknown], now)

    async def _look_at(
        self, source: Source, urls: Sequence[str], known: Mapping[str, KnownPicture]
    ) -> dict[str, KnownPicture]:
        found: dict[str, KnownPicture] = {}
        slots = asyncio.Semaphore(LOOKS_AT_ONCE)

        async def look(url: str) -> None:
            async with slots:
                found[url] = await self._seen(source, url, known.get(url))

        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._looks_s), asyncio.TaskGroup() as group:
                    for url in urls:
                        group.create_task(look(url))
        except ExceptionGroup as raised:  # callers handle the error itself, such as StoreUnavailable
            raise raised.exceptions[0] from None
        return found

    async def _seen(self, source: Source, url: str, before: KnownPicture | None) -> KnownPicture:
        """Request one picture: the first time by `https:` too, later at its stored link."""
        if before is not None:
            return judged(before, await self._ask(source, before.link), self._clock())
        first = KnownPicture(url=url, source=source.id, link=url)
        secure = secure_url(url)
        if secure is not None:
            result = await self._ask(source, secure)
            picture = judged(replace(first, link=secure), result, self._clock())
            stays_secure = isinstance(result, Fetched) and result.url.startswith("https:")
            if picture.finding is PictureFinding.FINE and stays_secure:
                return picture
        return judged(first, await self._ask(source, url), self._clock())

    async def _ask(self, source: Source, url: str) -> FetchResult:
        origin, now = "//".join(urlsplit(url)[:2]), self._clock()
        if now < self._silent.get(origin, now):
            detail = "Its server did not answer in time just now."
            return FetchFailed(requested_url=url, reason=Reason.BUSY, detail=detail, fetched_at=now)
        limits = FetchLimits(
            timeout_s=min(source.limits.timeout_s, LOOK_TIMEOUT_S),
            connect_timeout_s=min(source.limits.connect_timeout_s, LOOK_TIMEOUT_S),
            max_redirects=source.limits.max_redirects,
        )
        result = await self._polite_client.head(replace(source, limits=limits), url)
        if isinstance(result, FetchFailed) and result.reason is Reason.TIMEOUT:
            if len(self._silent) >= _MAX_SILENT:
                self._silent.clear()
            self._silent[origin] = self._clock() + SILENT_FOR
        return result


async def as_known(store: Pictures, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates with the stored findings about their pictures applied, without any request."""
    known = await store.peek(_addresses(candidates, with_bodies=False))
    return [_shown(candidate, known)[0] for candidate in candidates]


def judged(picture: KnownPicture, result: FetchResult, now: datetime) -> KnownPicture:
    """Return what is known of a picture after a request."""
    if isinstance(result, Fetched):
        return _measured(replace(picture, checked_at=now, failures=0), result)
    if isinstance(result, FetchFailed):
        return failed(picture, result, now)
    return replace(picture, checked_at=now)


def failed(picture: KnownPicture, result: FetchFailed, now: datetime) -> KnownPicture:
    """Return what is known of a picture after a failed request: broken at once, or after MAX_FAILURES."""
    failures = picture.failures + (result.reason is not Reason.BUSY)
    is_broken = is_clearly_broken(result) or failures >= MAX_FAILURES
    if is_broken:
        return broken(replace(picture, failures=failures), result.code, now)
    return replace(picture, failures=failures, checked_at=now)


def broken(picture: KnownPicture, why: str, now: datetime) -> KnownPicture:
    """Return the finding that a picture is broken."""
    return replace(picture, finding=PictureFinding.BROKEN, why=why, checked_at=now)


def _measured(picture: KnownPicture, fetched: Fetched) -> KnownPicture:
    kind, length = media_type(fetched.headers), whole_length(fetched.headers)
    now = fetched.fetched_at
    # A picture that this service delivers gets its type from its bytes, so a missing type is no fault.
    if kind is None and not (picture.served and is_untyped(fetched.headers)):
        return broken(picture, "not_an_image", now)
    if length is not None and length > MAX_LINKED_BYTES:
        return broken(picture, Reason.TOO_LARGE.value, now)
    return replace(picture, finding=PictureFinding.FINE, why="", media_type=kind, length_bytes=length or None)


def _is_due(picture: KnownPicture, now: datetime) -> bool:
    after = AGAIN_AFTER.get(picture.finding)
    if picture.why == UNREADABLE:  # headers do not show whether the bytes are a picture
        return False
    return after is not None and (picture.checked_at is None or now - picture.checked_at > after)


def _addresses(candidates: Iterable[Candidate], *, with_bodies: bool) -> list[str]:
    """Return the addresses of pictures: first photos of all candidates, then second ones, then bodies."""
    ranked = [(rank, photo.url) for candidate in candidates for rank, photo in enumerate(candidate.photos)]
    urls = [url for _, url in sorted(ranked, key=lambda entry: entry[0])]
    if with_bodies:
        urls += [url for candidate in candidates for url in body_pictures(candidate.body_html)]
    return list(dict.fromkeys(urls))


def as_announced(candidate: Candidate, policy: ImagePolicy) -> Candidate:
    """Return a candidate with the pictures that a policy allows, before any request."""
    marked = _marked(candidate, policy)
    return _bare(marked) if policy is ImagePolicy.NONE else marked


def _marked(candidate: Candidate, policy: ImagePolicy) -> Candidate:
    """Return a candidate with the policy in its provenance, without tracking pixels and endless addresses."""
    pixels = [photo for photo in candidate.photos if is_pixel(photo)]
    body_html, inside = without_pixels(candidate.body_html)
    changes = [left_out(photo.url, _COUNTS_VISITS) for photo in pixels]
    changes += [left_out(url, _COUNTS_VISITS, field="body") for url in inside[:MAX_PIXELS_RECORDED]]
    endless = [photo for photo in candidate.photos if len(photo.url) > MAX_ADDRESS]
    changes += [left_out(photo.url, f"its address has {len(photo.url)} characters") for photo in endless]
    provenance = replace(candidate.provenance, images=policy).with_changes(*changes)
    photos = tuple(photo for photo in candidate.photos if photo not in pixels and photo not in endless)
    return replace(candidate, photos=photos, body_html=body_html, provenance=provenance)


def _bare(candidate: Candidate) -> Candidate:
    changes = tuple(left_out(photo.url, "this source's pictures are not taken") for photo in candidate.photos)
    body_html = without_pictures(candidate.body_html)
    provenance = candidate.provenance.with_changes(*changes)
    return replace(candidate, photos=(), body_html=body_html, provenance=provenance)


def _shown(candidate: Candidate, known: Mapping[str, KnownPicture]) -> tuple[Candidate, list[str]]:
    """Return a candidate with what is known of its pictures, and warnings about broken ones."""
    photos: dict[str, Photo] = {}
    changes: list[Change] = []
    broken = {url: picture.why for url, picture in known.items() if picture.finding is PictureFinding.BROKEN}
    for photo in candidate.photos:
        picture = known.get(photo.url)
        if picture is None:
            photos.setdefault(photo.url, photo)
        elif photo.url in broken:
            changes.append(_is_broken(photo.url, picture.why, "photos"))
        else:
            # A delivered picture is found by the digest of the address that the source gave.
            link = photo.url if candidate.provenance.images is ImagePolicy.CACHE else picture.link
            photos.setdefault(link, _filled(photo, picture, link))
            if link != photo.url:
                why = "Linked as https: the same picture is there, and pages that are https show no other."
                changes.append(Change(field="photos", received=photo.url[:MAX_RECEIVED], why=why))
    body_html, inside = without_broken(candidate.body_html, broken)
    inside = list(dict.fromkeys(inside))
    changes += [_is_broken(url, broken[url], "body") for url in inside]
    gone = dict.fromkeys([photo.url for photo in candidate.photos if photo.url in broken] + inside)
    provenance = candidate.provenance.with_changes(*changes)
    shown = replace(candidate, photos=tuple(photos.values()), body_html=body_html, provenance=provenance)
    return shown, [f"picture {url} of {candidate.url}: {broken[url]}" for url in gone]


def _is_broken(url: str, why: str, field: str) -> Change:
    return left_out(url, f"looking at it gave {why}", field)


def _filled(photo: Photo, picture: KnownPicture, link: str) -> Photo:
    return replace(
        photo,
        url=link,
        media_type=picture.media_type or photo.media_type,
        length_bytes=picture.length_bytes or photo.length_bytes,
    )


def _few(sentences: Sequence[str]) -> tuple[str, ...]:
    if len(sentences) <= _MAX_WARNINGS:
        return tuple(sentences)
    return (*sentences[:_MAX_WARNINGS], f"and {len(sentences) - _MAX_WARNINGS} more broken pictures")
