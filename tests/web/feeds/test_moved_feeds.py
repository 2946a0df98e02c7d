"""Feeds that were renamed, merged and retired: readers find the new place, or are told that there is none."""

from collections.abc import AsyncIterator

import pytest
from support import ManualClock
from web.web_world import ORIGINS, SITE, SPECS, Client, World, client_of, story

from syndicator.model.feed import FeedSpec, Filter, Format
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.rules.access.credentials import digest_of
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

CITY = FeedSpec(
    id=FeedId("kota"),
    title="Berita Kota",
    filter=Filter(source=("kota",)),
    former_ids=(FeedId("berita-kota"), FeedId("kota-dan-desa")),
)
DESK = FeedSpec(id=FeedId("meja"), title="Meja", private=True, former_ids=(FeedId("desk"),))
RETIRED = FeedSpec(id=FeedId("piala"), title="Piala 2022", former_ids=(FeedId("piala-2018"),))
PUBLIC = SITE.public_url


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, specs=(*SPECS[:2], CITY, DESK), retired=(RETIRED,))


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    await world.admit(story(1))
    token = Token(id=TokenId("a"), sha256=digest_of("value"), feeds=(FeedId("desk"),))
    keys = PrivateFeeds(Gate(Access(world.store, {token.id: token}, world.clock), world.clock))
    async with client_of(create_app(world.reading, WebOptions(), keys=keys)) as opened:
        yield opened


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("name", ["berita-kota", "kota-dan-desa"])
async def test_a_former_name_leads_to_the_feed_in_the_same_format(
    client: Client, name: str, form: Format
) -> None:
    for method in ("GET", "HEAD"):
        answer = await client.get(f"/feeds/{name}.{form}?utm=x", method=method)
        assert answer.status == 301
        assert answer.headers["Location"] == f"{PUBLIC}/feeds/kota.{form}"
        assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert (await client.get(f"/feeds/kota.{form}")).status == 200


async def test_so_does_its_page(client: Client) -> None:
    for path in ("/feeds/berita-kota", "/feeds/berita-kota/"):
        answer = await client.get(path, {"Accept": "text/html"})
        assert (answer.status, answer.headers["Location"]) == (301, f"{PUBLIC}/feeds/kota")


async def test_who_comes_by_the_old_name_meets_the_same_entries(store: Store, clock: ManualClock) -> None:
    before = World(store, clock)
    await before.admit(story(1), story(2))
    old = await before.publisher.rendition(FeedId("kota"), Format.JSON)
    renamed = FeedSpec(id=FeedId("baru"), title="Baru", filter=CITY.filter, former_ids=(FeedId("kota"),))
    after = World(store, clock, specs=(*SPECS[:2], renamed))
    new = await after.publisher.rendition(FeedId("baru"), Format.JSON)
    assert old.body.split(b'"items"')[1] == new.body.split(b'"items"')[1]


@pytest.mark.parametrize("name", ["piala", "piala-2018"])
async def test_a_retired_one_says_so_and_to_take_it_out(client: Client, name: str) -> None:
    answer = await client.get(f"/feeds/{name}.rss", {"Accept": "*/*"})
    assert answer.status == 410
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["type"] == f"{PUBLIC}/problems/feed-retired"
    assert "Piala 2022" in answer.json["detail"]
    page = await client.get(f"/feeds/{name}", {"Accept": "text/html", "Accept-Language": "en"})
    assert page.status == 410
    assert "This feed has ended" in page.text


async def test_a_token_for_the_old_name_goes_along_and_opens_the_feed(client: Client) -> None:
    answer = await client.get("/feeds/desk.rss?token=value")
    assert (answer.status, answer.headers["Location"]) == (301, f"{PUBLIC}/feeds/meja.rss?token=value")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert (await client.get("/feeds/meja.rss?token=value")).status == 200
    assert (await client.get("/feeds/desk", {"Accept": "text/html"})).status == 404


async def test_what_never_was_a_feed_is_not_found(client: Client) -> None:
    assert (await client.get("/feeds/nothing")).status == 404
    assert (await client.get("/feeds/nothing/archive/2026-W45.rss")).status == 404


async def test_the_publisher_is_told_of_retired_ones_by_their_descriptions(
    store: Store, clock: ManualClock
) -> None:
    publisher = Publisher(
        store=store,
        site=SITE,
        specs=SPECS,
        origins=ORIGINS,
        metrics=open_metrics(),
        clock=clock,
        retired=[RETIRED],
    )
    assert publisher.retired == {"piala": "Piala 2022", "piala-2018": "Piala 2022"}
    assert "piala" not in publisher.specs
    publisher.close()
