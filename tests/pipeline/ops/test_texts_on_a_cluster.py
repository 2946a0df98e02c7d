"""Texts on the nodes of a cluster: articles are gathered, shown, withdrawn, moved and removed as on one server."""

from pathlib import Path

import pytest
from pipeline.conftest import OpenService, Portal
from pipeline.ops.test_offload import IN_FILE, KEPT, LATEST, offload
from pipeline.ops.test_retention import sweep
from pipeline.rounds.test_feed_round import config, gather, rss
from redis.crc import key_slot
from redis_cluster import RedisCluster
from store.articles.test_texts import admit, texts
from support import ManualClock, new_store, until

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId
from syndicator.service import Service
from syndicator.store.codec import compressed_text

pytestmark = [pytest.mark.scale, pytest.mark.timeout(180)]

DAY_S = 86400.0
COUNT = 12
FULL = (
    rss(*range(COUNT))
    .replace("<rss ", '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
    .replace("<description>", "<content:encoded>")
    .replace("</description>", " Ini teks lengkapnya, dengan beberapa kata lain.</content:encoded>")
)
"""A feed with whole texts."""


@pytest.fixture
def redis_url(cluster: RedisCluster) -> str:
    return cluster.url


@pytest.fixture
def text_partitions() -> int:
    return 4


async def in_redis(service: Service) -> list[bytes]:
    """Return the keys of texts and earlier revisions in all partitions."""
    return [
        name
        for prefix in service.store._keys.text_prefixes
        async for names in service.store.connection.names(prefix)
        for name in names
    ]


async def shown(service: Service) -> list[str]:
    """Return the texts in a feed."""
    assert (await service.publisher.rendition(LATEST, Format.ATOM)).body
    return [entry.article.body_html for entry in (await service.publisher.snapshot(LATEST)).entries]


async def test_texts_are_on_all_nodes_and_all_goes_on(
    service_of: OpenService, cluster: RedisCluster, portal: Portal, clock: ManualClock
) -> None:
    portal.documents["/rss"] = FULL
    async with service_of(KEPT + config(portal), store=IN_FILE) as service:
        await gather(service)
        texts = await in_redis(service)
        nodes = {id(await cluster.owner(key_slot(name))) for name in texts}
        assert (len(texts), len(nodes) > 1) == (COUNT, True)
        before = await shown(service)
        assert len(before) == COUNT
        assert all(before)
        ids = await service.store.articles.shown_since(clock.now.replace(year=2020))
        await service.withdrawer.withdraw(ids[0], WithdrawnBy.OPERATOR, "uji")
        assert len(await shown(service)) == COUNT - 1
        withdrawal = await service.store.withdrawals.get(ids[0])
        assert withdrawal is not None
        assert withdrawal.article.body_html in before
        await service.withdrawer.restore(ids[0])
        assert sorted(await shown(service)) == sorted(before)
        clock.advance(8 * DAY_S)
        await offload(service)
        assert await in_redis(service) == []
        assert sorted(await shown(service)) == sorted(before)
        clock.advance(14 * DAY_S)
        await sweep(service)
        assert await in_redis(service) == []
        assert not any(await shown(service))
        clock.advance(14 * DAY_S)
        await sweep(service)
        assert await service.store.articles.count() == 0


async def test_a_node_that_is_away_holds_up_its_own_texts_alone(
    own_cluster: RedisCluster, tmp_path: Path, clock: ManualClock
) -> None:
    async with new_store(own_cluster.url, tmp_path, texts=16) as store:
        keys, hot = store._keys, store.cold_texts.hot
        article = await admit(store, clock, 1, "<p>Isi.</p>")
        left = [keys.text(ArticleId(f"gone-{number}"), "0badcafe") for number in range(40)]
        await store.connection.batch([("SET", key, compressed_text("x")) for key in left])
        home = await own_cluster.owner(key_slot(keys.meta().encode()))
        owners = {key: await own_cluster.owner(key_slot(key.encode())) for key in left}
        victim = next(owner for owner in owners.values() if owner is not home)
        victim.freeze()
        try:
            assert (await store.articles.get_many([article], bodies=False))[0] is not None
            removed = await hot.sweep(clock())
            assert removed >= sum(owner is not victim for owner in owners.values())
        finally:
            victim.thaw()

        async def all_are_gone() -> bool:
            await hot.sweep(clock())
            return len(await texts(store)) == 1

        await until(all_are_gone)
        found = await store.articles.get(article)
        assert found is not None
        assert found.body_html == "<p>Isi.</p>"
