"""Texts of articles under keys of their own: each is there while its article names it, and no longer."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from support import ManualClock, candidate, new_store

from syndicator.errors import UnreadableRecord
from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.rules.articles.withdrawal import restoring, withdrawing
from syndicator.rules.filter_matching import FeedIndex
from syndicator.store.codec import compressed_text, read_text
from syndicator.store.connection import Transaction
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store

NO_FEEDS = FeedIndex(())


def keys_of(store: Store) -> Keys:
    return store.articles._keys


@pytest.fixture(params=[1, 4], ids=["one-slot", "four-slots"])
async def store(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with new_store(redis_url, tmp_path, texts=request.param) as opened:
        yield opened


async def admit(store: Store, clock: ManualClock, number: int, text: str) -> ArticleId:
    admitter = Admitter(store.articles, (), clock)
    [done] = await admitter.admit([replace(candidate(number), body_html=text)])
    return done.article_id


async def texts(store: Store) -> list[str]:
    """Return the keys of all texts."""
    prefixes = [prefix for prefix in keys_of(store).text_prefixes if prefix.endswith("text:")]
    return [
        name.decode()
        for prefix in prefixes
        async for names in store.connection.names(prefix)
        for name in names
    ]


async def body(store: Store, article: ArticleId) -> str | None:
    found = await store.articles.get(article)
    return found.body_html if found else None


@pytest.mark.parametrize("text", ["", "(kurung", "x", "<p>Isi</p>" * 1000, "a\ud800b"])
def test_a_compressed_text_is_read_as_it_was(text: str) -> None:
    assert read_text(compressed_text(text)) == text.encode("utf-8", "surrogatepass")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableRecord):
        read_text(b"<p>Isi</p>")


async def test_a_changed_article_has_one_text(store: Store, clock: ManualClock) -> None:
    article = await admit(store, clock, 1, "<p>Isi pertama.</p>")
    [first] = await texts(store)
    assert await admit(store, clock, 1, "<p>Isi kedua yang lain.</p>") == article
    assert await body(store, article) == "<p>Isi kedua yang lain.</p>"
    [second] = await texts(store)
    await admit(store, clock, 1, "<p>Isi pertama.</p>")
    [third] = await texts(store)
    assert len({first, second, third}) == 3, "a mark is never used twice"
    await admit(store, clock, 1, "")
    assert await body(store, article) == ""
    assert await texts(store) == []
    kept = await store.articles.kept_revisions(article)
    assert [one.body_html for one in kept] == [
        "<p>Isi pertama.</p>",
        "<p>Isi kedua yang lain.</p>",
        "<p>Isi pertama.</p>",
    ]


async def test_texts_end_with_their_articles(store: Store, clock: ManualClock) -> None:
    for number in (1, 2, 3):
        await admit(store, clock, number, f"<p>Isi {number}.</p>")
    assert len(await texts(store)) == 3
    clock.advance(40 * 86400)
    assert await store.articles.sweep_bodies(clock(), timedelta(days=30), 2) == 2
    assert len(await texts(store)) == 1
    assert len(await store.articles.sweep(clock(), timedelta(days=30), 10)) == 3
    assert await texts(store) == []


async def test_the_text_of_a_withdrawn_article_comes_back(store: Store, clock: ManualClock) -> None:
    one = await admit(store, clock, 1, "<p>Isi.</p>")
    article = await store.articles.get(one)
    assert article is not None
    by = WithdrawnBy.OPERATOR
    intent = withdrawing(article, by, "uji", specs=NO_FEEDS, now=clock(), members=())
    assert await store.withdrawals.withdraw(intent)
    assert await body(store, one) is None
    withdrawal = await store.withdrawals.get(one)
    assert withdrawal is not None
    assert withdrawal.article.body_html == "<p>Isi.</p>"
    assert await store.withdrawals.restore(restoring(withdrawal, specs=NO_FEEDS, now=clock()))
    assert await body(store, one) == "<p>Isi.</p>"
    assert len(await texts(store)) == 1
    restored = await store.articles.get(one)
    assert restored is not None
    again = withdrawing(restored, by, "uji", specs=NO_FEEDS, now=clock(), members=())
    assert await store.withdrawals.withdraw(again)
    clock.advance(40 * 86400)
    assert await store.withdrawals.sweep(clock(), timedelta(days=30), 10) == 1
    assert await texts(store) == []


async def test_a_text_that_no_article_names_is_removed(store: Store, clock: ManualClock) -> None:
    keys, hot = keys_of(store), store.cold_texts.hot
    one = await admit(store, clock, 1, "<p>Isi.</p>")
    [named] = await texts(store)
    left = [keys.text(one, "0badcafe"), keys.text(ArticleId("gone"), "0badcafe")]
    await store.connection.batch([("SET", key, compressed_text("x")) for key in left])
    assert await hot.sweep(clock()) == 2
    assert await texts(store) == [named]
    await store.connection.call("SET", left[0], compressed_text("x"))
    clock.advance(5 * 3600)
    assert await hot.sweep(clock()) == 0, "it looks once in six hours"
    clock.advance(2 * 3600)
    assert await hot.sweep(clock()) == 1


async def test_readers_never_find_an_article_without_its_text(store: Store, clock: ManualClock) -> None:
    article = await admit(store, clock, 1, "<p>Isi 0.</p>")
    found = set[str | None]()

    async def read() -> None:
        while len(found) < 20:
            found.add(await body(store, article))

    async def write() -> None:
        for number in range(1, 21):
            await admit(store, clock, 1, f"<p>Isi {number}.</p>")
            while f"<p>Isi {number}.</p>" not in found and len(found) < 20:
                await asyncio.sleep(0)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(read())
        group.create_task(write())
    assert None not in found
    assert "" not in found


async def test_earlier_revisions_without_an_article_are_removed(store: Store, clock: ManualClock) -> None:
    keys = keys_of(store)
    article = await admit(store, clock, 1, "<p>Isi pertama.</p>")
    await admit(store, clock, 1, "<p>Isi kedua yang lain.</p>")
    await store.connection.call("HSET", keys.revisions(ArticleId("gone")), 1, b"x")
    assert await store.cold_texts.hot.sweep(clock()) == 1
    assert len(await store.articles.kept_revisions(article)) == 1


async def test_a_writer_that_stood_still_names_no_text_that_was_removed(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    async with (
        new_store(redis_url, tmp_path, texts=4) as slow,
        new_store(redis_url, tmp_path, texts=4, namespace=keys_of(slow).namespace) as other,
    ):
        article = await admit(slow, clock, 1, "<p>Isi pertama.</p>")
        commit, stands, goes_on = slow.connection.commit, asyncio.Event(), asyncio.Event()

        async def later(units: Sequence[Transaction], *, replicated: bool = False) -> Any:
            stands.set()
            await goes_on.wait()
            return await commit(units, replicated=replicated)

        slow.connection.commit = later  # type: ignore[method-assign]
        writing = asyncio.create_task(admit(slow, clock, 1, "<p>Isi kedua yang lain.</p>"))
        await stands.wait()
        assert len(await texts(other)) == 2
        assert await other.cold_texts.hot.sweep(clock()) == 1
        assert await body(other, article) == "<p>Isi pertama.</p>"
        goes_on.set()
        await writing
        assert await body(other, article) == "<p>Isi kedua yang lain.</p>", "the article was judged again"
        assert len(await texts(other)) == 1


DIES = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from support import ManualClock, new_store
    from store.articles.test_texts import admit

    async def dies(units, *, replicated=False):
        os.kill(os.getpid(), signal.SIGKILL)

    async def main():
        async with new_store(sys.argv[1], Path(sys.argv[2]), texts=4, namespace=sys.argv[3]) as store:
            store.connection.commit = dies
            await admit(store, ManualClock(), 2, "<p>Isi yang lain.</p>")

    asyncio.run(main())
"""


async def test_a_kill_between_text_and_article_leaves_a_text_that_is_swept(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    async with new_store(redis_url, tmp_path, texts=4) as store:
        article = await admit(store, clock, 1, "<p>Isi.</p>")
        [named] = await texts(store)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(DIES), redis_url, str(tmp_path), keys_of(store).namespace,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert await process.wait() == -signal.SIGKILL
        assert len(await texts(store)) == 2
        assert await store.articles.count() == 1
        assert await store.cold_texts.hot.sweep(clock()) == 1
        assert await texts(store) == [named]
        other = await admit(store, clock, 2, "<p>Isi yang lain.</p>")
        assert [await body(store, one) for one in (article, other)] == [
            "<p>Isi.</p>",
            "<p>Isi yang lain.</p>",
        ]
