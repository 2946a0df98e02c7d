"""The API of the public server: behind tokens, in pieces, described."""

import gzip
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock
from web.web_world import HARBOUR, ORIGINS, Answer, Client, World, story

from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId, TokenId
from syndicator.model.rights import Content, Rights
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.store import Store


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    headlines = replace(ORIGINS[HARBOUR], rights=Rights(content=Content.HEADLINE))
    return World(store, clock, origins=ORIGINS | {HARBOUR: headlines})


@pytest.fixture
async def tokens(world: World) -> dict[TokenScope, dict[str, str]]:
    headers = {}
    for scope in TokenScope:
        new = new_token(Token(id=TokenId(scope.value), scopes=(scope,)), world.clock())
        await world.access.keep(new)
        headers[scope] = {"Authorization": f"Bearer {new.value}", "Content-Type": "application/json"}
    return headers


async def pieces(api: Client, path: str, headers: dict[str, str]) -> list[list[str]]:
    """Follow `next` to the end; give the ids of each piece."""
    found, more = [], ""
    while True:
        answer = (await api.get(f"{path}{more}", headers)).json
        assert (answer["ok"], answer["errors"]) == (True, [])
        found.append([item["id"] for item in answer["items"]])
        if answer["next"] is None:
            return found
        more = f"&cursor={answer['next']}"


async def test_every_route_wants_the_scope_that_it_tells(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    for route in world.table:
        path = route.plain_path.replace("{", "").replace("}", "").replace("revision", "1")
        path = path.replace("/1s", "/revisions")
        assert (await api.send(route.method, path)).status == 401, path
        wrong = TokenScope.PARTNER if route.scope is TokenScope.READ else TokenScope.READ
        assert (await api.send(route.method, path, tokens[wrong])).status == 403, path
        assert (await api.send(route.method, path, tokens[route.scope])).status not in {401, 403}, path


async def test_articles_come_in_pieces_by_filter(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    same = NOON - timedelta(minutes=30)
    ids = await world.admit(*(story(number, published_at=same) for number in range(7)))
    ids += await world.admit(story(8, section="Ekonomi"), story(9, language="en"))
    read = tokens[TokenScope.READ]
    found = await pieces(api, "/api/v1/articles?limit=2", read)
    assert sorted(one for piece in found for one in piece) == sorted(ids)
    assert max(map(len, found)) == 2
    assert await pieces(api, "/api/v1/articles?section=ekonomi&limit=1", read) == [[ids[7]]]
    both = await pieces(api, "/api/v1/articles?language=id&language=en&limit=4", read)
    assert sorted(one for piece in both for one in piece) == sorted(ids)
    assert await pieces(api, "/api/v1/articles?q=nomor&language=en", read) == [[ids[8]]]
    (item,) = (await api.get("/api/v1/articles?section=ekonomi", read)).json["items"]
    assert (item["source"], item["story"], item["revision"]) == ("kota", ids[7], 1)
    assert "body_html" not in item


async def test_no_more_is_shown_than_a_portal_allows(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    (article,) = await world.admit(story(1, source="pelabuhan"))
    world.clock.advance(600)
    await world.admit(story(1, source="pelabuhan", body_html="<p>Isi yang lain.</p>"))
    for scope, body in ((TokenScope.READ, ""), (TokenScope.ADMIN, "<p>Isi yang lain.</p>")):
        headers, path = tokens[scope], f"/api/v1/articles/{article}"
        assert (await api.get(path, headers)).json["article"]["body_html"] == body
        compared = (await api.get(f"{path}/revisions/2", headers)).json
        assert compared["article"]["body_html"] == body
        assert (compared["diff"] is None) is (scope is TokenScope.READ)
        (line,) = (await api.get("/api/v1/articles", headers)).json["items"]
        assert bool(line["lead"]) is (scope is TokenScope.ADMIN)


async def test_an_article_that_comes_meanwhile_moves_nothing(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    ids = await world.admit(*(story(number) for number in range(1, 5)))
    first = (await api.get("/api/v1/articles?limit=2", tokens[TokenScope.READ])).json
    await world.admit(story(0))
    second = (await api.get(f"/api/v1/articles?limit=2&cursor={first['next']}", tokens[TokenScope.READ])).json
    assert [item["id"] for item in (*first["items"], *second["items"])] == ids
    assert second["next"] is None


async def test_short_lists_come_in_pieces_too(api: Client, tokens: dict[TokenScope, dict[str, str]]) -> None:
    read, admin = tokens[TokenScope.READ], tokens[TokenScope.ADMIN]
    assert await pieces(api, "/api/v1/feeds?limit=2", read) == [["kota", "latest"], ["popular"]]
    assert await pieces(api, "/api/v1/tokens?limit=1", admin) == [["admin"], ["partner"], ["read"]]
    sources = (await api.get("/api/v1/sources?limit=1", read)).json
    assert [one["source"]["id"] for one in sources["items"]] == ["kota"]
    assert sources["next"] == "kota"
    feed = (await api.get("/api/v1/feeds/kota", read)).json
    assert feed["urls"]["rss"] == "https://feeds.example/news/feeds/kota.rss"
    assert feed["filter"]["source"] == ["kota"]


async def test_private_feeds_are_named_to_those_alone_whom_they_are_open_to(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    premium = FeedId("premium")
    spec = FeedSpec(id=premium, title="Premium", private=True)
    world.publisher.specs = {**world.publisher.specs, premium: spec}
    (article,) = await world.admit(story(1))
    place = Ranked(article_id=article, score=1.0)
    await world.store.popularity.note_ranks(premium, [place], world.clock(), unless_since=world.clock())
    new = new_token(Token(id=TokenId("a"), scopes=(TokenScope.READ,), feeds=(premium,)), world.clock())
    await world.access.keep(new)
    mine = {"Authorization": f"Bearer {new.value}"}
    for headers, is_open in (
        (tokens[TokenScope.READ], False),
        (mine, True),
        (tokens[TokenScope.ADMIN], True),
    ):
        listed = (await api.get("/api/v1/feeds", headers)).json["items"]
        assert ("premium" in {one["id"] for one in listed}) is is_open
        assert ((await api.get("/api/v1/feeds/premium", headers)).status == 200) is is_open
        ranks = (await api.get(f"/api/v1/articles/{article}", headers)).json["ranks"]
        assert bool(ranks) is is_open


async def test_stories_and_withdrawals_are_listed(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    fire = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
    first, _ = await world.admit(
        story(1, title=fire, body_html=f"<p>{fire}.</p>"),
        story(2, source="pelabuhan", title=fire, body_html=f"<p>{fire} malam ini.</p>"),
    )
    (told,) = (await api.get("/api/v1/stories", tokens[TokenScope.READ])).json["items"]
    assert (told["id"], len(told["told_by"])) == (first, 2)
    path = f"/api/v1/articles/{first}/withdraw"
    answer = await api.post(path, b'{"reason": "atas permintaan"}', tokens[TokenScope.ADMIN])
    assert answer.status == 200
    (gone,) = (await api.get("/api/v1/withdrawals", tokens[TokenScope.READ])).json["items"]
    assert (gone["id"], gone["reason"]) == (first, "atas permintaan")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=../x", "since=soon"])
async def test_what_is_asked_wrongly_is_said(
    api: Client, tokens: dict[TokenScope, dict[str, str]], query: str
) -> None:
    answer = await api.get(f"/api/v1/articles?{query}", tokens[TokenScope.READ])
    assert answer.status == 400
    assert query.partition("=")[0] in answer.json["detail"]


async def test_a_token_is_made_used_and_revoked(
    api: Client, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    admin = tokens[TokenScope.ADMIN]

    async def add(body: bytes) -> Answer:
        return await api.post("/api/v1/tokens", body, admin)

    made = await add(b'{"id": "koran", "scopes": ["read"]}')
    assert made.status == 201
    mine = {"Authorization": f"Bearer {made.json['token']}"}
    assert (await api.get("/api/v1/feeds", mine)).status == 200
    shown = (await api.get("/api/v1/tokens/koran", admin)).text
    assert made.json["token"] not in shown
    assert "sha256" not in shown
    assert (await add(b'{"id": "koran", "scopes": ["read"]}')).status == 409
    assert (await add(b'{"id": "other"}')).status == 409
    assert (await add(b'{"id": "d", "feeds": ["none"]}')).status == 400
    assert (await add(b'{"id": "A b", "scopes": ["read"]}')).status == 400
    assert (await add(b'{"id": "c", "scopes": ["read"], "more": 1}')).status == 400
    assert (await api.send("DELETE", "/api/v1/tokens/koran", admin)).json == {"ok": True, "id": "koran"}
    assert (await api.get("/api/v1/feeds", mine)).status == 401
    assert (await api.send("DELETE", "/api/v1/tokens/koran", admin)).status == 404


async def test_a_body_that_is_too_large_is_refused(
    api: Client, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    answer = await api.post("/api/v1/tokens", b'{"id": "' + b"a" * 70_000 + b'"}', tokens[TokenScope.ADMIN])
    assert answer.status == 413


async def test_long_answers_are_packed_for_who_takes_them(
    api: Client, world: World, tokens: dict[TokenScope, dict[str, str]]
) -> None:
    await world.admit(*(story(number) for number in range(10)))
    plain = await api.get("/api/v1/articles", tokens[TokenScope.READ])
    assert "Content-Encoding" not in plain.headers
    packed = await api.get("/api/v1/articles", tokens[TokenScope.READ] | {"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4
    refused = await api.get("/api/v1/articles", {"Accept-Encoding": "gzip"})
    assert (refused.status, "Content-Encoding" in refused.headers) == (401, False)


async def test_it_is_described_for_everybody(api: Client) -> None:
    described = await api.get("/api/v1/openapi.json")
    assert described.json["servers"] == [{"url": "https://feeds.example/news"}]
    assert described.headers["Access-Control-Allow-Origin"] == "*"
    page = await api.get("/api/docs")
    assert page.status == 200
    assert "/api/v1/articles/{article}" in page.text
    assert "<script" not in page.text
