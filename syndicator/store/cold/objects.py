"""What a cold store is: small objects by name. In a file of SQLite, or wherever `obstore` writes to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

IN_DATA_DIR = "data_dir"
"""The setting that means the file in the data folder."""

NO_PLACE, NO_PLACE_REMEDY = "needs a place where texts go", "set [store] cold, beside [store] url"
"""What is wrong with `[retention] hot` on a Redis of one's own without a cold store, and what to do."""


class ColdObjects(Protocol):
    """Objects of one namespace. Each call raises ColdStoreAway where the store does not do it."""

    async def get(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return what is there of these objects."""

    async def put(self, objects: Mapping[str, bytes]) -> None:
        """Write objects; they are durable when this returns."""

    async def delete(self, names: Sequence[str]) -> None:
        """Remove objects, those that are there."""

    async def listed(self, folder: str) -> list[str]:
        """Return the names of all objects in a folder: the part of a name before `/`."""

    async def close(self) -> None:
        """Let go of what is open."""


def opened(place: str, namespace: str, data_dir: Path) -> ColdObjects:
    """Return the objects of a namespace at a place: IN_DATA_DIR, or a URL. Raises StoreError."""
    if place == IN_DATA_DIR:
        from syndicator.store.cold.sqlite_objects import SqliteObjects  # noqa: PLC0415

        return SqliteObjects(data_dir / f"cold-{namespace}.db")
    from syndicator.store.cold.url_objects import UrlObjects  # noqa: PLC0415  # an optional package

    return UrlObjects(place, namespace)
