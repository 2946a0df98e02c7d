"""The bytes of feeds as files, for when Redis is away: for each feed and format the newest known.

Files of feeds that are configured otherwise by now are not read, and those of feeds that are no more are
removed. Several processes may share the folder.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.feed import Format, Rendition
from syndicator.model.ids import FeedId
from syndicator.store.codec import pack, unpack
from syndicator.store.feeds.feeds import pack_rendition, unpack_rendition
from syndicator.store.files.atomic_files import UNFINISHED, writing

MAX_BYTES = 512 * 2**20
"""Of all files together; above it nothing is added."""

_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,63})\.([a-z]+)")


class KeptRendition(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    confirmed_at_s: float
    """When these were last known to be the newest bytes, seconds of the wall clock."""


class _File(Struct, frozen=True, kw_only=True):
    described: str
    rendition: bytes


class RenditionFiles:
    """A folder of renditions. Blocking: call it in a thread. Where the disk fails, OSError names the file."""

    def __init__(self, folder: Path, described: Mapping[FeedId, str]) -> None:
        """`described`: for each feed that may be kept, a name of how it is configured."""
        self._folder = folder
        self._described = described
        self._sizes: dict[tuple[FeedId, Format], int] = {}

    def open(self) -> None:
        """Look at what is there; remove what no configured feed has, and what a killed process left."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            name = _NAME.fullmatch(path.name)
            forms = {form.value for form in Format}
            if path.suffix == UNFINISHED:
                if _is_abandoned(path):
                    path.unlink(missing_ok=True)
            elif name is not None and name[1] in self._described and name[2] in forms:
                self._sizes[FeedId(name[1]), Format(name[2])] = path.stat().st_size
            elif name is not None:
                path.unlink(missing_ok=True)

    @property
    def feeds(self) -> frozenset[FeedId]:
        return frozenset(feed for feed, _ in list(self._sizes))  # a copy: threads add to it

    def has(self, feed: FeedId, form: Format) -> bool:
        return (feed, form) in self._sizes

    def may_keep(self, feed: FeedId) -> bool:
        return feed in self._described

    def read(self, feed: FeedId, form: Format) -> KeptRendition | None:
        """Return what is kept; None for what is not there, is damaged, or was configured otherwise."""
        path = self._path(feed, form)
        try:
            data, confirmed_at_s = path.read_bytes(), path.stat().st_mtime
            file = unpack(data, _File)
            if file.described != self._described.get(feed):
                return None
            return KeptRendition(rendition=unpack_rendition(file.rendition), confirmed_at_s=confirmed_at_s)
        except (FileNotFoundError, StoreError):
            return None

    def write(self, kept: KeptRendition) -> bool:
        """Store bytes, whole or not at all; return whether there was room."""
        feed, form = kept.rendition.feed, kept.rendition.form
        data = pack(_File(described=self._described[feed], rendition=pack_rendition(kept.rendition)))
        if self._is_newer(self._path(feed, form), kept.confirmed_at_s):
            return True
        others = sum(self._sizes.values()) - self._sizes.get((feed, form), 0)
        if others + len(data) > MAX_BYTES:
            return False
        path = self._path(feed, form)
        with _naming(path), writing(path) as part:
            part.write(data)
            part.flush()
            os.utime(part.name, (kept.confirmed_at_s, kept.confirmed_at_s))
        self._sizes[feed, form] = len(data)
        return True

    def confirm(self, feed: FeedId, form: Format, at_s: float) -> bool:
        """Note that the bytes that are kept were the newest at this instant.

        False where they are gone: another process, or a newer configuration of this one, has no such feed.
        """
        path = self._path(feed, form)
        try:
            with _naming(path):
                os.utime(path, (at_s, at_s))
        except FileNotFoundError:
            return False
        return True

    @staticmethod
    def _is_newer(path: Path, confirmed_at_s: float) -> bool:
        """Return whether another process has kept bytes that were confirmed later."""
        try:
            return path.stat().st_mtime > confirmed_at_s
        except FileNotFoundError:
            return False

    def _path(self, feed: FeedId, form: Format) -> Path:
        return self._folder / f"{feed}.{form.value}"


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in an OSError: a full disk names none, and a temporary file is gone by then."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # of the same class, by its number


def _is_abandoned(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - 600
    except FileNotFoundError:
        return False
