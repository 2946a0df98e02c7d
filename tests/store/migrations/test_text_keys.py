"""Layout 7: texts that former releases kept in the hashes of articles have keys of their own."""

from pathlib import Path

from msgspec.structs import replace
from support import ManualClock, candidate

from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.rules.articles.withdrawal import withdrawing
from syndicator.rules.filter_matching import FeedIndex
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.store import Store, StoreOptions, open_store

BODY = "<p>Isi berita (ralat), x & y.</p>"


async def admitted(store: Store, clock: ManualClock) -> list[ArticleId]:
    """Admit an article with a text, one without, and one that is withdrawn."""
    admitter = Admitter(store.articles, (), clock)
    done = await admitter.admit(
        [candidate(1, body_html=BODY), replace(candidate(2), body_html=""), candidate(3)]
    )
    ids = [one.article_id for one in done]
    article = await store.articles.get(ids[2])
    assert article is not None
    intent = withdrawing(article, WithdrawnBy.OPERATOR, "uji", specs=FeedIndex(()), now=clock(), members=())
    assert await store.withdrawals.withdraw(intent)
    return ids


async def make_former(store: Store, keys: Keys, places: list[str], ids: list[ArticleId]) -> None:
    """Have these articles as a release with layout 6 left them."""
    for key, one in zip(places, ids, strict=True):
        mark = (await store.connection.call("HGET", key, "text") or b"").decode()
        [body] = await store.cold_texts.hot.get([(one, mark.encode())])
        await store.connection.batch(
            [("HSET", key, "body", body or b""), ("HDEL", key, "text"), ("UNLINK", keys.text(one, mark))]
        )
    await store.connection.call("HSET", keys.meta(), "schema", 6)


async def text_keys(store: Store, keys: Keys) -> int:
    prefix = keys.text(ArticleId(""), "").removesuffix(":")
    return len([name async for names in store.connection.names(prefix) for name in names])


async def test_texts_have_keys_of_their_own(redis_url: str, tmp_path: Path, clock: ManualClock) -> None:
    options = StoreOptions(url=redis_url, namespace="former-texts", data_dir=tmp_path)
    keys = Keys(options.namespace)
    async with open_store(options) as store:
        first, second, third = ids = await admitted(store, clock)
        places = [keys.article(first), keys.article(second), keys.withdrawn(third)]
        before = await store.articles.get_many([first, second])
        withdrawn = await store.withdrawals.get(third)
        assert withdrawn is not None
        assert withdrawn.article.body_html
        await make_former(store, keys, places, ids)
        assert await text_keys(store, keys) == 0
        assert await store.articles.get_many([first, second]) != before
    for _ in range(2):  # the second time as after a `kill -9` before the number was written
        async with open_store(options, migrates=True) as store:
            assert (await store.layout.read()).version == LAYOUT
            assert await store.articles.get_many([first, second]) == before
            assert await store.withdrawals.get(third) == withdrawn
            assert [await store.connection.call("HEXISTS", key, "body") for key in places] == [0, 0, 0]
            assert await text_keys(store, keys) == 2
            assert await store.cold_texts.hot.sweep(clock()) == 0
            clock.advance(7 * 3600)
            await store.connection.call("HSET", keys.meta(), "schema", 6)
