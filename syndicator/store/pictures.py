"""What is known of pictures: found once, by whichever worker saw them first, and then the same for all."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import EPOCH
from syndicator.model.ids import SourceId
from syndicator.rules.pictures import picture_digest
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection
from syndicator.store.keys import Keys

LINKED_KEPT = timedelta(days=30)
"""After an article last showed it."""
SEEN_PRECISION = timedelta(days=1)
"""How exactly that is known: pictures that stay write nothing."""


class Finding(StrEnum):
    """What looking at a picture brought."""

    ANNOUNCED = "announced"
    """Nothing yet: it is taken as the source gives it."""
    FINE = "fine"
    BROKEN = "broken"


class KnownPicture(Struct, frozen=True, kw_only=True):
    """A picture by its address."""

    url: str
    """As the source gives it."""
    source: SourceId
    """That it was first seen in."""
    link: str
    """What readers are sent to: chosen at first sight, and never changed, or articles would change by it."""
    finding: Finding = Finding.ANNOUNCED
    why: str = ""
    """Of a broken one: what is wrong with it."""
    media_type: str | None = None
    length_bytes: int | None = None
    failures: int = 0
    """How often it could not be had, for reasons that may pass."""
    checked_at: datetime | None = None
    served: bool = False
    """Whether it is served by us."""
    noted_at: datetime = EPOCH
    """When this was written: what is seen again is written again once a day, and kept for longer."""


class Pictures:
    """The addresses of pictures that came with articles, and what was found there."""

    def __init__(self, connection: Connection, keys: Keys, served_kept: timedelta) -> None:
        self._redis = connection
        self._keys = keys
        self._served_kept = served_kept

    async def known(self, urls: Iterable[str], now: datetime) -> dict[str, KnownPicture]:
        """Give what is known of these addresses, and keep it for longer."""
        keys = [self._keys.picture(picture_digest(url)) for url in dict.fromkeys(urls)]
        if not keys:
            return {}
        rows = await self._redis.call("MGET", *keys)
        found = [unpack(row, KnownPicture) for row in rows if row]
        await self._keep(found, now)
        return {picture.url: picture for picture in found}

    async def get(self, digest: str, now: datetime) -> KnownPicture | None:
        """Give the picture of a digest, and keep it for longer; None where no article came with it."""
        row = await self._redis.call("GET", self._keys.picture(digest))
        if not row:
            return None
        picture = unpack(row, KnownPicture)
        await self._keep([picture], now)
        return picture

    async def add(self, pictures: Sequence[KnownPicture], now: datetime) -> dict[str, KnownPicture]:
        """Note what was found at first sight; where another worker was faster, its finding is given."""
        commands = [
            command
            for picture in pictures
            for command in ((*self._write(picture, now), "NX"), ("GET", self._key(picture)))
        ]
        rows = (await self._redis.batch(commands))[1::2]
        noted = [unpack(row, KnownPicture) for row in rows if row]
        return {picture.url: picture for picture in noted}

    async def put(self, pictures: Sequence[KnownPicture], now: datetime) -> None:
        """Note what was found later."""
        await self._redis.batch([self._write(picture, now) for picture in pictures])

    async def _keep(self, pictures: Sequence[KnownPicture], now: datetime) -> None:
        aged = [picture for picture in pictures if now - picture.noted_at > SEEN_PRECISION]
        await self.put(aged, now)

    def _write(self, picture: KnownPicture, now: datetime) -> Command:
        kept = self._served_kept if picture.served else LINKED_KEPT
        value = pack(replace(picture, noted_at=now))
        return ("SET", self._key(picture), value, "PX", kept // timedelta(milliseconds=1))

    def _key(self, picture: KnownPicture) -> str:
        return self._keys.picture(picture_digest(picture.url))
