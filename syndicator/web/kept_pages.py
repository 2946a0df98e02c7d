"""Pages that many ask for: drawn once for all, coded once, and kept while they are good."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from syndicator.model.clock import Clock
from syndicator.pipeline.freshness import retrieve
from syndicator.web.negotiation import Coding
from syndicator.web.responses import coded

MOST = 256
"""Pages that are kept: some 20 MB, with all codings. The one that was not asked for the longest leaves."""

Key = tuple[str, str]
"""Path and language."""


class Page:
    """One page, as bytes."""

    def __init__(self, body: bytes, version: object, drawn_at: datetime) -> None:
        self.digest = hashlib.sha256(body).hexdigest()[:32]
        self.version = version
        self.drawn_at = drawn_at
        self._codings = {Coding.IDENTITY: body}

    def coded(self, coding: Coding) -> bytes:
        """Give the bytes in a coding; made when they are asked for first."""
        if coding not in self._codings:
            self._codings[coding] = coded(self._codings[Coding.IDENTITY], coding)
        return self._codings[coding]


class KeptPages:
    """A page is good for one version of what it shows, and never for longer than caches may keep it.

    (What stands beside the entries, as stories and courses, changes without a new version.)
    """

    def __init__(self, lifetime: timedelta, clock: Clock) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._kept: OrderedDict[Key, Page] = OrderedDict()
        self._drawing: dict[tuple[Key, object], asyncio.Task[Page]] = {}

    def last(self, key: Key) -> Page | None:
        """Give the page as it was drawn last, good or not."""
        return self._kept.get(key)

    async def get(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> Page:
        """Give a good page; who asks while it is being drawn waits for the same drawing."""
        kept = self._kept.get(key)
        if kept is not None and kept.version == version and self._is_young(kept):
            self._kept.move_to_end(key)
            return kept
        drawing = self._drawing.get((key, version))
        if drawing is None:
            drawing = asyncio.create_task(self._draw(key, version, draw), name=f"draw {key[0]}")
            drawing.add_done_callback(retrieve)
            drawing.add_done_callback(lambda _: self._drawing.pop((key, version)))
            self._drawing[key, version] = drawing
        # One who gives up waiting must not take the page from the others.
        return await asyncio.shield(drawing)

    async def _draw(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> Page:
        drawn_at = self._clock()
        page = Page(await draw(), version, drawn_at)
        self._kept[key] = page
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return page

    def _is_young(self, page: Page) -> bool:
        # A clock that was put back makes no page good for longer.
        return page.drawn_at <= self._clock() < page.drawn_at + self._lifetime
