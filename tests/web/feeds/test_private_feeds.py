"""Private feeds: opened by a token alone, named nowhere, kept by nobody in between."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import feedparser
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from support import ManualClock
from web.web_world import SPECS, Answer, Client, World, client_of, story

from syndicator.model.feed import FeedSpec, Filter, Format
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import Access, new_token
from syndicator.rules.access.credentials import digest_of
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

DESK = FeedSpec(id=FeedId("desk"), title="Meja <mitra>", filter=Filter(source=("kota",)), private=True)
CONFIGURED = Token(id=TokenId("ops"), sha256=digest_of("made-by-hand"), feeds=(DESK.id,))


@pytest.fixture
async def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, specs=(*SPECS, DESK))


@pytest.fixture
def access(store: Store, clock: ManualClock) -> Access:
    return Access(store, {CONFIGURED.id: CONFIGURED}, clock)


@pytest.fixture
async def client(world: World, access: Access) -> AsyncIterator[Client]:
    await world.admit(story(1))
    keys = PrivateFeeds(Gate(access, world.clock))
    async with client_of(create_app(world.reading, WebOptions(), keys=keys)) as opened:
        yield opened


async def made(access: Access, name: str = "a", *feeds: str, **wanted: object) -> str:
    token = Token(id=TokenId(name), feeds=tuple(map(FeedId, feeds)), **wanted)  # type: ignore[arg-type]
    new = new_token(token, access.now())
    await access.keep(new)
    return new.value


def basic(name: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


@pytest.mark.parametrize("form", list(Format))
async def test_who_shows_no_token_is_asked_for_one(client: Client, form: Format) -> None:
    answer = await client.get(f"/feeds/desk.{form}", {"Accept": "text/html"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="syndicator", charset="UTF-8"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["type"] == "https://feeds.example/news/problems/locked"
    assert "?token=" in answer.json["detail"]


@pytest.mark.parametrize("form", list(Format))
async def test_a_token_opens_it_in_the_url_as_a_password_and_as_a_bearer(
    client: Client, access: Access, form: Format
) -> None:
    value = await made(access, "a", "desk")
    in_url = await client.get(f"/feeds/desk.{form}?token={value}")
    as_password = await client.get(f"/feeds/desk.{form}", basic("siapa saja", value))
    as_bearer = await client.get(f"/feeds/desk.{form}", {"Authorization": f"Bearer {value}"})
    by_hand = await client.get(f"/feeds/desk.{form}", basic("", "made-by-hand"))
    assert {one.status for one in (in_url, as_password, as_bearer, by_hand)} == {200}
    assert in_url.body == as_password.body == as_bearer.body
    assert in_url.headers["ETag"] == as_password.headers["ETag"]


@pytest.mark.parametrize("form", list(Format))
async def test_nothing_in_between_keeps_it_and_no_document_leads_to_it(
    client: Client, access: Access, form: Format
) -> None:
    value = await made(access, "a", "desk")
    answer = await client.get(f"/feeds/desk.{form}?token={value}")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Vary"] == "Authorization, Accept-Encoding"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Link" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert value not in answer.text
    assert "https://feeds.example/news/feeds/desk" not in answer.text
    if form in {Format.RSS, Format.ATOM}:
        found = feedparser.parse(answer.body)
        assert found.feed.link == "https://feeds.example/news/"
        assert "self" not in [link.rel for link in found.feed.links]
        assert len(found.entries) == 1


async def test_its_entries_are_those_of_everyone(client: Client, access: Access) -> None:
    value = await made(access, "a", "desk")
    private = await client.get("/feeds/desk.json", basic("x", value))
    assert private.json["items"] == (await client.get("/feeds/kota.json")).json["items"]


async def test_readers_ask_conditionally_and_by_head(client: Client, access: Access) -> None:
    path = f"/feeds/desk.rss?token={await made(access, 'a', 'desk')}"
    first = await client.get(path)
    again = await client.get(path, {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.headers["Cache-Control"]) == (304, "private, no-store")
    head = await client.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert (await client.get("/feeds/desk.rss", {"If-None-Match": first.headers["ETag"]})).status == 401
    assert (await client.get("/feeds/desk.rss", {"If-None-Match": "*"})).status == 401


async def test_what_does_not_open_it(client: Client, access: Access, clock: ManualClock) -> None:
    other = await made(access, "other", "kota")
    reader = await made(access, "reader", scopes=(TokenScope.READ,))
    short = await made(access, "short", "desk", expires=clock() + timedelta(hours=1))
    shown = (
        "?token=synd_nothing",
        f"?token={other}",
        f"?token={reader}",
        "?token=%00",
        "?token=" + "x" * 900,
    )
    assert {(await client.get(f"/feeds/desk.rss{one}")).status for one in shown} == {401}
    wrong = ("Basic", "Basic !!", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Digest x", "Bearer")
    assert {(await client.get("/feeds/desk.rss", {"Authorization": one})).status for one in wrong} == {401}
    assert (await client.get(f"/feeds/desk.rss?token={short}")).status == 200
    clock.advance(3600)
    assert (await client.get(f"/feeds/desk.rss?token={short}")).status == 401


async def test_a_revoked_token_opens_nothing_from_then_on(client: Client, access: Access) -> None:
    value = await made(access, "a", "desk")
    assert (await client.get(f"/feeds/desk.rss?token={value}")).status == 200
    await access.revoke(TokenId("a"))
    answer = await client.get(f"/feeds/desk.rss?token={value}")
    assert answer.status == 401
    assert "was revoked" in answer.json["detail"]


async def test_who_guesses_is_held_off_and_a_neighbour_with_a_token_is_not(
    client: Client, access: Access
) -> None:
    value = await made(access, "a", "desk")
    assert (await client.get(f"/feeds/desk.rss?token={value}")).status == 200
    statuses = [(await client.get(f"/feeds/desk.rss?token=synd_{number}")).status for number in range(60)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert (await client.get(f"/feeds/desk.rss?token={value}")).status == 200


async def test_it_is_named_nowhere(client: Client) -> None:
    for path in ("/", "/feeds.opml", "/feeds/latest", "/feeds/latest.rss", "/robots.txt"):
        answer = await client.get(path, {"Accept": "text/html"})
        assert answer.status == 200, path
        assert "desk" not in answer.text, path
        assert "Meja" not in answer.text, path
    assert (await client.get("/feeds/desk", {"Accept": "text/html"})).status == 404
    assert (await client.get("/feeds/desk/")).status == 404


def told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    return (
        answer.status,
        {name: value for name, value in answer.headers.items() if name != "Date"},
        answer.body,
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_nobody_can_tell_its_name_from_one_that_no_feed_has(
    world: World, access: Access, clock: ManualClock, method: str
) -> None:
    former = replace(DESK, former_ids=(FeedId("meja"),))
    ended = FeedSpec(id=FeedId("arsip"), title="Arsip <mitra>", private=True)
    hidden = World(world.store, world.clock, specs=(*SPECS, former), retired=(ended,))
    other = await made(access, "other", "kota")
    keys = PrivateFeeds(Gate(access, world.clock))
    async with client_of(create_app(hidden.reading, WebOptions(), keys=keys)) as client:
        for asked in ("", "?token=synd_wrong", f"?token={other}"):
            for headers in ({}, basic("x", "synd_wrong"), {"If-None-Match": "*"}):
                clock.advance(600)  # who tried many tokens is held off, whatever the name
                no_feed = told(await client.get(f"/feeds/no-feed.rss{asked}", headers, method))
                assert no_feed[0] == 401
                for name in ("desk", "meja", "arsip"):
                    assert told(await client.get(f"/feeds/{name}.rss{asked}", headers, method)) == no_feed
        for path in ("/feeds/{}", "/feeds/{}/", "/feeds/{}/archive/2026-W45.rss", "/feeds/{}/before/x.rss"):
            no_feed = told(await client.get(path.format("no-feed"), {}, method))
            for name in ("desk", "meja", "arsip"):
                assert told(await client.get(path.format(name), {}, method)) == no_feed


async def test_who_may_have_everything_is_told_what_a_name_means(world: World, access: Access) -> None:
    former = replace(DESK, former_ids=(FeedId("meja"),))
    ended = FeedSpec(id=FeedId("arsip"), title="Arsip", private=True)
    hidden = World(world.store, world.clock, specs=(*SPECS, former), retired=(ended,))
    admin = basic("x", await made(access, "admin", scopes=(TokenScope.ADMIN,)))
    keys = PrivateFeeds(Gate(access, world.clock))
    async with client_of(create_app(hidden.reading, WebOptions(), keys=keys)) as client:
        for name, status in (("no-feed", 404), ("desk", 200), ("meja", 301), ("arsip", 410)):
            assert (await client.get(f"/feeds/{name}.rss", admin)).status == status, name


async def test_where_no_feed_is_private_an_unknown_one_is_not_found(store: Store, access: Access) -> None:
    world = World(store, ManualClock())
    keys = PrivateFeeds(Gate(access, world.clock))
    async with client_of(create_app(world.reading, WebOptions(), keys=keys)) as client:
        assert (await client.get("/feeds/no-feed.rss")).status == 404
        assert (await client.get("/feeds/no-feed.rss", basic("x", "synd_wrong"))).status == 404


async def test_without_tokens_at_all_it_is_not_there(world: World) -> None:
    async with client_of(create_app(world.reading, WebOptions())) as client:
        assert (await client.get("/feeds/desk.rss")).status == 404


async def test_a_token_is_never_logged(world: World, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    value = await made(access, "a", "desk")

    async def stumbles(feed: FeedId, form: Format) -> None:
        raise ValueError(f"{feed}.{form}")

    monkeypatch.setattr(world.publisher, "rendition", stumbles)
    keys = PrivateFeeds(Gate(access, world.clock))
    async with client_of(create_app(world.reading, WebOptions(), keys=keys)) as client:
        with capture_logs() as logs:
            answer = await client.get(f"/feeds/desk.rss?token={value}", basic("x", value))
    assert answer.status == 500
    assert logs
    assert value not in str(logs)
    assert value not in answer.text
