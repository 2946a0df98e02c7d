"""Texts in another number of partitions, by a back-up: all articles are as they were."""

import uuid
from pathlib import Path

import pytest
from store.articles.test_texts import NO_FEEDS, admit, keys_of, texts
from store.migrations.recorded_world import FOLDER
from support import CHANGED_PARTITIONS, ManualClock, new_store

from syndicator.errors import StoreError
from syndicator.model.article import Article, Withdrawal, WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.rules.articles.withdrawal import withdrawing
from syndicator.store.keys.partitions import Spread
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.restore import restore
from syndicator.store.store import Store, StoreOptions, open_server

ARTICLES = 12


async def filled(store: Store, clock: ManualClock) -> list[ArticleId]:
    """Admit articles; a third of them is changed, and the last is withdrawn."""
    ids = [await admit(store, clock, number, f"<p>Isi nomor {number}.</p>") for number in range(ARTICLES)]
    for number in range(0, ARTICLES, 3):
        await admit(store, clock, number, f"<p>Isi lain, nomor {number}.</p>")
    article = await store.articles.get(ids[-1])
    assert article is not None
    intent = withdrawing(article, WithdrawnBy.OPERATOR, "x", specs=NO_FEEDS, now=clock(), members=())
    assert await store.withdrawals.withdraw(intent)
    return ids


State = tuple[list[Article | None], list[list[Article]], Withdrawal | None]


async def state(store: Store, ids: list[ArticleId]) -> State:
    revisions = [await store.articles.kept_revisions(one) for one in ids]
    return await store.articles.get_many(ids), revisions, await store.withdrawals.get(ids[-1])


@CHANGED_PARTITIONS
async def test_all_texts_are_there_with_another_number(
    redis_url: str, tmp_path: Path, clock: ManualClock, partitions: int, then: int
) -> None:
    file, other = tmp_path / "b.syn", f"test-{uuid.uuid4().hex}"
    async with new_store(redis_url, tmp_path, texts=partitions) as store:
        ids = await filled(store, clock)
        before = await state(store, ids)
        assert all(article is not None and article.body_html for article in before[0][:-1])
        assert before[2] is not None
        assert before[2].article.body_html
        spread = Spread(texts=partitions)
        await back_up(store.connection, keys_of(store).namespace, file, partitions=spread)
        again = StoreOptions(url=redis_url, namespace=other, data_dir=tmp_path, partitions=Spread(texts=64))
        async with open_server(again) as (connection, _):
            await restore(connection, other, file, partitions=Spread(texts=then))
            await restore(connection, other, file, partitions=Spread(texts=then), replace=True)
    async with new_store(redis_url, tmp_path, texts=then, namespace=other) as store:
        assert await state(store, ids) == before
        assert len(await texts(store)) == ARTICLES
        assert await store.cold_texts.hot.sweep(clock()) == 0
        parts = keys_of(store).text_partitions
        used = {parts.of_key(key) for key in await texts(store)}
        assert used == {None if parts.is_one else parts.of(one) for one in ids}
        assert len(used) == min(then, 3), "of these ids none is in the last of four"
        await admit(store, clock, 1, "<p>Isi yang baru.</p>")
        assert len(await texts(store)) == ARTICLES
    with pytest.raises(StoreError, match=rf"texts is {then + 1}, .* has {then}: set it to {then}"):
        async with new_store(redis_url, tmp_path, texts=then + 1, namespace=other):
            pass


async def test_a_former_layout_is_restored_with_one_partition_only(redis_url: str, tmp_path: Path) -> None:
    other = f"test-{uuid.uuid4().hex}"
    options = StoreOptions(url=redis_url, namespace=other, data_dir=tmp_path, partitions=Spread(texts=4))
    async with open_server(options) as (connection, _):
        with pytest.raises(StoreError, match=r"with 1 of \[store.partitions\] texts"):
            await restore(connection, other, FOLDER / "state-6.backup", partitions=Spread(texts=4))


async def test_a_number_that_the_data_does_not_have_is_refused(redis_url: str, tmp_path: Path) -> None:
    async with new_store(redis_url, tmp_path, texts=4) as store:
        with pytest.raises(StoreError, match="texts is 1, and the data of this namespace has 4"):
            await back_up(store.connection, keys_of(store).namespace, tmp_path / "b.syn")
