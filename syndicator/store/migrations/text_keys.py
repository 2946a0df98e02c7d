"""Layout 7: the text of an article has a key of its own. Before, it was the field `body` of the article.

Each article is written anew, without its text: only so Redis packs a hash that has become small.
"""

from collections.abc import Mapping, Sequence

from syndicator.model.ids import ArticleId
from syndicator.store.connection import Command, pairs, pieces
from syndicator.store.migrations.migration import MigratedData, Migration
from syndicator.store.texts import writing

_AT_ONCE = 100
"""Articles of one call: about 5 ms of Redis' time."""


async def _carry_out(data: MigratedData) -> Mapping[str, int]:
    moved = 0
    for place in (data.keys.article, data.keys.reserved, data.keys.withdrawn):
        prefix = place(ArticleId(""))
        async for names in data.redis.names(prefix):
            for some in pieces(names, _AT_ONCE):
                moved += await _move(data, [name.decode() for name in some], prefix)
    return {"texts": moved}


async def _move(data: MigratedData, names: Sequence[str], prefix: str) -> int:
    """Move the texts of these hashes; return how many had one."""
    bodies = await data.redis.batch([("HEXISTS", name, "body") for name in names])
    former = [name for name, is_there in zip(names, bodies, strict=True) if is_there]
    rows = await data.redis.batch([("HGETALL", name) for name in former])
    writes = [
        command
        for name, row in zip(former, rows, strict=True)
        for command in _moving(data, name, ArticleId(name.removeprefix(prefix)), dict(pairs(row)))
    ]
    if writes:
        await data.write_at_once(writes)
    return len(former)


def _moving(data: MigratedData, name: str, article: ArticleId, fields: dict[bytes, bytes]) -> list[Command]:
    mark, writes = writing(data.keys, article, fields.pop(b"body").decode("utf-8", "replace"))
    kept = [part for field in fields.items() for part in field]
    return [*writes, ("DEL", name), ("HSET", name, "text", mark, *kept)]


MIGRATION = Migration(
    layout=7,
    about="texts of articles have keys of their own",
    beside_older=False,  # they would find no texts
    carry_out=_carry_out,
)
