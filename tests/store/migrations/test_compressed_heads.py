"""Layout 4: heads and earlier revisions as former releases stored them are compressed, and say the same."""

from pathlib import Path

from msgspec.structs import replace
from support import ManualClock, candidate

from syndicator.model.article import Article
from syndicator.pipeline.articles.admission import Admitter
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.store import Store, StoreOptions, open_store

PLAIN = 0xDE
"""First byte of a map of more than 15 fields in msgpack."""


async def former(store: Store, keys: Keys, clock: ManualClock) -> tuple[Article, list[Article]]:
    """Store an article of two revisions as a release with layout 3 left it; return both."""
    admitter = Admitter(store.articles, (), clock)
    await admitter.admit([candidate(1, body_html="<p>Isi pertama.</p>")])
    [done] = await admitter.admit([candidate(1, body_html="<p>Isi kedua yang lain.</p>")])
    article = await store.articles.get(done.article_id)
    assert article is not None
    earlier = await store.articles.kept_revisions(article.id)
    key, revisions = keys.article(article.id), keys.revisions(article.id)
    writes: list[Command] = [
        ("HSET", keys.meta(), "schema", 3),
        ("HSET", key, "head", pack(replace(article, body_html=""))),
        *(("HSET", revisions, one.revision, pack(one)) for one in earlier),
    ]
    await store.connection.batch(writes)
    return article, earlier


async def test_articles_of_former_releases_are_compressed(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    options = StoreOptions(url=redis_url, namespace="plain-heads", data_dir=tmp_path)
    keys = Keys(options.namespace)
    async with open_store(options) as store:
        article, earlier = await former(store, keys, clock)
        assert [one.body_html for one in earlier] == ["<p>Isi pertama.</p>"]
        assert await store.articles.get(article.id) == article, "it is read before it is migrated, too"
        assert await first_bytes(store, keys, article) == {PLAIN}
    for _ in range(2):  # the second time as after a `kill -9` before the number was written
        async with open_store(options, migrates=True) as store:
            assert (await store.layout.read()).version == LAYOUT
            assert await first_bytes(store, keys, article) == {ord("(")}
            assert await store.articles.get(article.id) == article
            assert await store.articles.kept_revisions(article.id) == earlier
            await store.connection.call("HSET", keys.meta(), "schema", 3)


async def first_bytes(store: Store, keys: Keys, article: Article) -> set[int]:
    head, *earlier = await store.connection.batch(
        [("HGET", keys.article(article.id), "head"), ("HGET", keys.revisions(article.id), 1)]
    )
    return {head[0], *(one[0] for one in earlier)}
