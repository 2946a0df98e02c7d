"""Layout 4: heads and earlier revisions of all articles are compressed, by zstd with a dictionary.

Programs of layout 3 read what zlib compressed, and those before it nothing that is compressed.
"""

from collections.abc import Mapping

from syndicator.model.ids import ArticleId
from syndicator.store.codec import compressed
from syndicator.store.connection import Command, pairs
from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(data: MigratedData) -> Mapping[str, int]:
    heads, revisions = 0, 0
    for prefix in (data.keys.article(ArticleId("")), data.keys.reserved(ArticleId(""))):
        async for names in data.redis.names(prefix):
            found = await data.redis.batch([("HGET", name, "head") for name in names])
            fields = [
                (name, b"head", head) for name, head in zip(names, found, strict=True) if head is not None
            ]
            heads += await _compress(data, fields)
    async for names in data.redis.names(data.keys.revisions(ArticleId(""))):
        rows = await data.redis.batch([("HGETALL", name) for name in names])
        revisions += await _compress(
            data, [(name, *field) for name, row in zip(names, rows, strict=True) for field in pairs(row)]
        )
    return {"heads": heads, "revisions": revisions}


async def _compress(data: MigratedData, fields: list[tuple[bytes, bytes, bytes]]) -> int:
    """Write those of the fields (key, name, value) that are not compressed; return how many."""
    writes: list[Command] = [
        ("HSET", key, name, packed)
        for key, name, value in fields
        if (packed := compressed(value)) is not value
    ]
    await data.write(writes)
    return len(writes)


MIGRATION = Migration(
    layout=4,
    about="heads and earlier revisions of articles are compressed",
    beside_older=False,  # they would not read what is written here
    carry_out=_carry_out,
)
