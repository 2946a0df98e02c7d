"""What is known of pictures: found once, by whichever worker saw them first, and then the same for all."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import EPOCH, to_ms
from syndicator.model.ids import SourceId
from syndicator.rules.articles.pictures import picture_digest
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Repository
from syndicator.store.keys.table import Keys

LINKED_KEPT = timedelta(days=30)
"""After an article last showed it."""
SEEN_PRECISION = timedelta(days=1)
"""How exactly that is known: pictures that stay write nothing."""
MAX_LINKED = 5000
"""Of one source; what was not seen for longest is forgotten first. Addresses may be new in each round."""
MAX_SERVED = 50_000
"""More: what is forgotten of these, readers do not see in old articles any more."""


class PictureFinding(StrEnum):
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
    finding: PictureFinding = PictureFinding.ANNOUNCED
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


class Pictures(Repository):
    """The addresses of pictures that came with articles, and what was found there."""

    def __init__(self, connection: Connection, keys: Keys, served_kept: timedelta) -> None:
        super().__init__(connection, keys)
        self._served_kept = served_kept

    async def known(self, urls: Iterable[str], now: datetime) -> dict[str, KnownPicture]:
        """Return what is known of these addresses, and keep it for longer."""
        found = await self.peek(urls)
        await self._keep(list(found.values()), now)
        return found

    async def peek(self, urls: Iterable[str]) -> dict[str, KnownPicture]:
        """Return what is known of these addresses, and write nothing."""
        keys = [self._keys.picture(picture_digest(url)) for url in dict.fromkeys(urls)]
        rows = await self._redis.call("MGET", *keys) if keys else []
        return {picture.url: picture for picture in map(_unpacked, filter(None, rows))}

    async def get(self, digest: str, now: datetime) -> KnownPicture | None:
        """Return the picture of a digest, and keep it for longer; None where no article came with it."""
        row = await self._redis.call("GET", self._keys.picture(digest))
        if not row:
            return None
        picture = _unpacked(row)
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
        noted = [_unpacked(row) for row in rows if row]
        await self._list(noted, now)
        return {picture.url: picture for picture in noted}

    async def put(self, pictures: Sequence[KnownPicture], now: datetime) -> None:
        """Note what was found later."""
        await self._redis.batch([self._write(picture, now) for picture in pictures])
        await self._list(pictures, now)

    async def _keep(self, pictures: Sequence[KnownPicture], now: datetime) -> None:
        aged = [picture for picture in pictures if now - picture.noted_at > SEEN_PRECISION]
        await self.put(aged, now)

    def _write(self, picture: KnownPicture, now: datetime) -> Command:
        link = "" if picture.link == picture.url else picture.link
        value = pack(replace(picture, link=link, noted_at=now))
        return ("SET", self._key(picture), value, "PX", self._life_ms(served=picture.served))

    async def _list(self, pictures: Sequence[KnownPicture], now: datetime) -> None:
        """List pictures by their sources, and forget what is too much of one."""
        listed: dict[tuple[SourceId, bool], list[str]] = {}
        for picture in pictures:
            listed.setdefault((picture.source, picture.served), []).append(picture_digest(picture.url))
        for (source, served), digests in listed.items():
            key, most = self._list_of(source, served=served), MAX_SERVED if served else MAX_LINKED
            scored = [part for digest in digests for part in (to_ms(now), digest)]
            commands: list[Command] = [
                ("ZADD", key, *scored),
                ("PEXPIRE", key, self._life_ms(served=served)),
                ("ZRANGE", key, 0, -most - 1),
            ]
            if served:  # it may have been linked before
                commands.append(("ZREM", self._list_of(source, served=False), *digests))
            surplus = [digest.decode() for digest in (await self._redis.batch(commands))[2]]
            if surplus:
                gone = [self._keys.picture(digest) for digest in surplus]
                await self._redis.batch([("ZREM", key, *surplus), ("UNLINK", *gone)])

    def _list_of(self, source: SourceId, *, served: bool) -> str:
        return self._keys.pictures(source, "served" if served else "linked")

    def _life_ms(self, *, served: bool) -> int:
        return (self._served_kept if served else LINKED_KEPT) // timedelta(milliseconds=1)

    def _key(self, picture: KnownPicture) -> str:
        return self._keys.picture(picture_digest(picture.url))


def _unpacked(row: bytes) -> KnownPicture:
    picture = unpack(row, KnownPicture)
    return picture if picture.link else replace(picture, link=picture.url)
