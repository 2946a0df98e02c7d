"""Pages that many ask for: drawn once for all, coded once, and kept while they are good."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from syndicator.model.clock import Clock
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.rules.least_recent import LeastRecent
from syndicator.web.http.responses import StaticDocument

MOST = 256
"""Pages that are kept: some 20 MB, with all codings. The one that was not asked for the longest leaves."""

Key = tuple[str, str]
"""Path and language."""


class KeptPage(NamedTuple):
    """One page, as bytes."""

    document: StaticDocument
    version: object
    drawn_at: datetime


class KeptPages:
    """A page is good for one version of what it shows, and never for longer than caches may keep it.

    (What stands beside the entries, as stories and rank histories, changes without a new version.)
    """

    def __init__(self, lifetime: timedelta, clock: Clock) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._kept = LeastRecent[Key, KeptPage](MOST, lambda _: 1)
        self._drawing = SingleFlight[tuple[Key, object], KeptPage]()

    def last(self, key: Key) -> KeptPage | None:
        """Return the page as it was drawn last, good or not."""
        return self._kept.peek(key)

    async def get(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> KeptPage:
        """Return a good page; who asks while it is being drawn waits for the same drawing."""
        kept = self._kept.get(key)
        if kept is not None and kept.version == version and self._is_young(kept):
            return kept
        return await self._drawing.get(
            (key, version), lambda: self._draw(key, version, draw), name=f"draw {key[0]}"
        )

    async def _draw(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> KeptPage:
        drawn_at = self._clock()
        page = KeptPage(StaticDocument(await draw()), version, drawn_at)
        self._kept.put(key, page)
        return page

    def _is_young(self, page: KeptPage) -> bool:
        # A clock that was put back makes no page good for longer.
        return page.drawn_at <= self._clock() < page.drawn_at + self._lifetime
