"""Layout 6: identities are in many small hashes, with when each was last seen. Before, a set had that."""

from collections.abc import Mapping

from syndicator.model.ids import ArticleId
from syndicator.store.articles.identities import naming
from syndicator.store.connection import Command
from syndicator.store.migrations.migration import MigratedData, Migration


async def _carry_out(data: MigratedData) -> Mapping[str, int]:
    former, seen = data.keys.prefix + "identities", data.keys.prefix + "identities:seen"
    moved = 0
    async for piece in data.redis.scan("HSCAN", former):
        times = await data.redis.call("ZMSCORE", seen, *(name for name, _ in piece)) if piece else []
        writes: list[Command] = []
        for (name, article), at in zip(piece, times, strict=True):
            writes += naming(data.keys, [name.decode()], ArticleId(article.decode()), int(at or 0))
        await data.write(writes)
        moved += len(writes)
    await data.write([("UNLINK", former, seen)])
    return {"identities": moved}


MIGRATION = Migration(
    layout=6,
    about="identities are packed",
    beside_older=False,  # they would take all that is known for new
    carry_out=_carry_out,
)
