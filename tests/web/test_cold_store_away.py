"""When the store of older texts is away: nothing is shown without its text, and all else goes on."""

from datetime import timedelta
from pathlib import Path

from support import ManualClock, until
from web.web_world import World, client_of, story

from syndicator.model.ids import ArticleId
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

HOT, BODIES = timedelta(days=7), timedelta(days=30)


async def offload(store: Store, clock: ManualClock) -> None:
    now = clock()
    assert await store.offloading.lease(f"t{now}", now, now + timedelta(minutes=2))
    aged = await store.offloading.aged(now, HOT, BODIES, 100)
    assert await store.offloading.offload(aged, f"t{now}") == len(aged.ids) > 0


async def newest(world: World) -> ArticleId:
    places, _ = await world.store.articles.timeline(["all"], 1)
    return places[0].article_id


async def test_feeds_keep_their_bytes_and_pages_of_older_articles_say_503(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    options = StoreOptions(
        url=redis_url, namespace=f"cold-{tmp_path.name}", data_dir=tmp_path, hot=HOT, cold="data_dir"
    )
    async with open_store(options) as store:
        world = World(store, clock)
        await world.admit(story(1))
        old = await newest(world)
        async with client_of(create_app(world.reading, WebOptions())) as client:
            before = await client.get("/feeds/latest.rss")
            assert before.status == 200
        clock.advance(8 * 86400)
        await offload(store, clock)
        async with client_of(create_app(World(store, clock).reading, WebOptions())) as client:
            assert (await client.get("/feeds/latest.rss")).body == before.body
            assert "Isi kabar" in (await client.get(f"/articles/{old}")).text
    [path] = tmp_path.glob("cold-*.db")
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    async with open_store(options) as store:
        world = World(store, clock)
        await world.admit(story(2, published_at=clock()))
        new = await newest(world)
        assert new != old
        async with client_of(create_app(world.reading, WebOptions())) as client:
            away = await client.get("/feeds/latest.rss")
            assert (away.status, away.body) == (200, before.body)
            assert "Age" in away.headers
            assert (await client.get(f"/articles/{old}")).status == 503
            assert (await client.get(f"/articles/{new}")).status == 200
            path.rmdir()
            path.with_suffix(".away").rename(path)
            fresh = await until(lambda: client.get("/feeds/latest.rss"), lambda got: "Age" not in got.headers)
            assert "kota.example/read/2/" in fresh.text
            assert "kota.example/read/1/" in fresh.text
            assert (await client.get(f"/articles/{old}")).status == 200
