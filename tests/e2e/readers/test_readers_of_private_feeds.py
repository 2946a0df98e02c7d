"""Private feeds, and feeds of any filter, in readers as people install them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from e2e.readers.real_readers import HAS_MINIFLUX, HAS_NEWSBOAT, in_newsboat, miniflux
from msgspec.structs import replace
from support import ManualClock
from web.feeds.test_private_feeds import DESK
from web.web_world import SITE, SPECS, Client, World, client_of, story

from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.access.credentials import digest_of
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

pytestmark = pytest.mark.slow
VALUE = "synd_0123456789abcdef0123456789abcdef"


@pytest.fixture
async def client(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    world = World(store, clock, specs=(*SPECS, DESK))
    await world.admit(story(1), story(2, section="Olahraga"))
    token = Token(id=TokenId("a"), sha256=digest_of(VALUE), feeds=(DESK.id,))
    feeds = AnyFilterFeeds(
        store=store, publisher=world.publisher, scoring=Scoring(store, PopularityPolicy()), clock=clock
    )
    keys = PrivateFeeds(Gate(Access(store, {token.id: token}, clock), clock))
    async with client_of(
        create_app(world.reading, WebOptions(), any_filter_feeds=feeds, keys=keys)
    ) as opened:
        yield opened


@pytest.mark.skipif(not HAS_NEWSBOAT, reason="newsboat is not installed")
async def test_newsboat(client: Client, tmp_path: Path) -> None:
    with_name = client.base.replace("http://", f"http://anyone:{VALUE}@")
    for number, url in enumerate(
        (f"{client.base}/feeds/desk.atom?token={VALUE}", f"{with_name}/feeds/desk.rss")
    ):
        assert len(await in_newsboat(url, tmp_path / str(number))) == 2
    filtered = f"{client.base}/articles.rss?section=OLAHRAGA&language=id&limit=5"
    assert [one.url for one in await in_newsboat(filtered, tmp_path / "filtered")] == [
        "https://kota.example/read/2/kabar"
    ]


@asynccontextmanager
async def renamed(store: Store, clock: ManualClock) -> AsyncIterator[str]:
    """Serve a feed that had another name, under the address that it says of itself."""
    opened = open_socket("127.0.0.1", 0)
    base = f"http://127.0.0.1:{port_of(opened)}"
    new = FeedSpec(id=FeedId("new"), title="Baru", former_ids=(FeedId("old"),))
    world = World(store, clock, site=replace(SITE, public_url=base), specs=(*SPECS[1:], new))
    await world.admit(story(1), story(2))
    async with serving(create_app(world.reading, WebOptions()), opened, shutdown_timeout_s=1.0):
        yield base


@pytest.mark.timeout(180)
@pytest.mark.skipif(not HAS_MINIFLUX, reason="miniflux and PostgreSQL are not installed, or this is not root")
async def test_miniflux(client: Client, store: Store, clock: ManualClock) -> None:
    async with miniflux() as reader:
        for form in ("rss", "atom", "json"):
            assert len(await reader.listed(f"{client.base}/feeds/desk.{form}?token={VALUE}")) == 2
        assert len(await reader.listed(f"{client.base}/articles.json?section=OLAHRAGA&language=id")) == 1
        asked = {
            "feed_url": f"{client.base}/feeds/desk.rss",
            "category_id": 1,
            "username": "anyone",
            "password": VALUE,
        }
        made = await reader.call("POST", "/v1/feeds", asked)
        told = await reader.call("GET", f"/v1/feeds/{made['feed_id']}")
        assert told["parsing_error_count"] == 0
        # What it reads again is still the address that was given.
        assert told["feed_url"] == asked["feed_url"]
        await reader.call("PUT", f"/v1/feeds/{made['feed_id']}/refresh")
        async with renamed(store, clock) as base:
            made = await reader.call(
                "POST", "/v1/feeds", {"feed_url": f"{base}/feeds/old.rss", "category_id": 1}
            )
            told = await reader.call("GET", f"/v1/feeds/{made['feed_id']}")
            assert told["feed_url"] == f"{base}/feeds/new.rss"
