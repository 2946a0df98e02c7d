"""What robots.txt files asked of us, so that all workers ask for each but once a day."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.fetch import FetchFailed
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Connection
from syndicator.store.keys.table import Keys

KEPT = timedelta(days=30)
"""So long an older copy may stand in for a file that cannot be had (RFC 9309, 2.3.1.4)."""
ELSEWHERE_KEPT = timedelta(hours=1)
"""That of an origin that a source only links to: a source may link to any number of them."""


class KnownRobots(Struct, frozen=True, kw_only=True):
    """One file, or why it cannot be had."""

    agent: str
    """The product token that `text` is for."""
    text: str = ""
    """What concerns us of it (`gather.robots.Robots.text`); empty where there is no file: all is allowed."""
    read_at: datetime
    fresh_until: datetime
    failed: FetchFailed | None = None
    """Why it could not be had: then nothing is allowed until it can."""


class RobotsFiles:
    """The files by address (`https://portal.example/robots.txt`)."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def get(self, address: str, agent: str) -> KnownRobots | None:
        """Return what is known, fresh or not; None where that is nothing, or was read for another agent."""
        data = await self._redis.call("GET", self._keys.robots(address))
        known = unpack(data, KnownRobots) if data else None
        return known if known is not None and known.agent == agent else None

    async def keep(self, address: str, known: KnownRobots, now: datetime, *, elsewhere: bool = False) -> None:
        """Keep a file for as long as it may be used; that it could not be read, for a shorter time.

        At most an hour what is `elsewhere` than the source that it is asked for.
        """
        until = known.fresh_until if known.failed else max(known.read_at + KEPT, known.fresh_until)
        if elsewhere:
            until = min(until, now + ELSEWHERE_KEPT)
        life_ms = (until - now) // timedelta(milliseconds=1)
        if life_ms > 0:
            await self._redis.call("SET", self._keys.robots(address), pack(known), "PX", life_ms)
