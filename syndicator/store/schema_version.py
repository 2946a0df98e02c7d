"""The version of the layout of our keys in Redis."""

from datetime import datetime

from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.store.connection import Connection
from syndicator.store.keys.table import Keys

SCHEMA_VERSION = 1
"""Version of the layout in `store/keys/`: raised when older programs could no longer work on the data."""


async def check_schema(connection: Connection, keys: Keys, now: datetime) -> None:
    """Mark a new namespace with the version of our layout; refuse data of a later version."""
    meta = keys.meta()
    await connection.batch(
        [("HSETNX", meta, "schema", SCHEMA_VERSION), ("HSETNX", meta, "created_ms", to_ms(now))]
    )
    found = int(await connection.call("HGET", meta, "schema"))
    if found > SCHEMA_VERSION:
        raise StoreError(
            f"the data in Redis is of layout {found}, which this version ({SCHEMA_VERSION}) does not know: "
            "start the newer version, or choose another [store] namespace"
        )
