"""Signals from partners, as they send them: through HTTP, counted once and within bounds."""

import asyncio
import gzip
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from web.web_world import Answer, Client, World, story

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, TokenId
from syndicator.model.signal import SignalKind
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.store.popularity.partner_reports import key_digest

PATH = "/api/v1/signals"


@pytest.fixture
async def headers(world: World) -> dict[str, str]:
    return await partner(world, "koran")


async def partner(world: World, name: str) -> dict[str, str]:
    new = new_token(Token(id=TokenId(name), scopes=(TokenScope.PARTNER,)), world.clock())
    await world.access.keep(new)
    return {"Authorization": f"Bearer {new.value}", "Content-Type": "application/json"}


async def send(api: Client, headers: dict[str, str], key: str, *signals: Any) -> Answer:
    body = json.dumps({"signals": signals}).encode()
    return await api.post(PATH, body, headers | {"Idempotency-Key": key})


async def counted(world: World, article: ArticleId, kind: SignalKind = SignalKind.READS) -> float:
    (sums,) = (await world.store.signals.sums([article], [Window.ALL], world.clock()))[Window.ALL]
    return sums.get(kind, 0.0)


def reads(article: ArticleId, **more: Any) -> dict[str, Any]:
    return {"kind": "reads", "article": article} | more


async def test_a_batch_is_counted_by_id_and_by_address(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    one, two = await world.admit(story(1), story(2))
    earlier = (world.clock() - timedelta(hours=12)).isoformat()
    answer = await send(
        api, headers, '"first"',
        reads(one, count=3), {"kind": "clicks", "article": one, "at": earlier},
        {"kind": "reads", "url": "https://kota.example/read/2/kabar?utm_source=koran"},
    )  # fmt: skip
    assert answer.status == 200
    assert answer.json == {"ok": True, "taken": 3, "counted": 5, "uncounted": 0, "errors": []}
    assert [await counted(world, each) for each in (one, two)] == [3, 1]
    (sums,) = (await world.store.signals.sums([one], [Window.DAY], world.clock()))[Window.DAY]
    assert sums[SignalKind.CLICKS] == pytest.approx(0.5)


async def test_the_same_key_gives_the_same_answer_and_counts_once(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    batch = (reads(one), reads(ArticleId("a" * 16)))
    first = await send(api, headers, "k", *batch)
    world.clock.advance(3600)
    again = await send(api, headers, '"k"', *batch)
    assert first.json == again.json
    assert await counted(world, one) == 1
    other = await send(api, headers, "k", reads(one))
    assert (other.status, other.json["type"].rsplit("/", 1)[1]) == (422, "key-reused")
    assert (await send(api, await partner(world, "lain"), "k", reads(one))).json["taken"] == 1
    assert await counted(world, one) == 2


async def test_a_batch_that_was_cut_short_is_completed(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    await send(api, headers, "k", *[reads(one)] * 250)
    keys, redis = world.store.reports._keys, world.store.connection
    name, digest = keys.reports_done("koran", key_digest("k")), key_digest("k")
    await redis.call("SET", name, (await redis.call("GET", name))[:32])  # its answer was never kept
    assert await redis.call("DEL", keys.signals_done(f"koran:{digest}:200")) == 1  # nor its second part taken
    assert (await send(api, headers, "k", *[reads(one)] * 250)).json["taken"] == 250
    assert await counted(world, one) == 300


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "impressions"}, ("kind", "impressions are no signal")),
        ({"kind": "likes"}, ("kind", "Invalid enum value")),
        ({"article": "x"}, ("article", "not the id")),
        ({"article": "a" * 16}, ("article", "no article")),
        ({"article": None}, ("article", "or else url")),
        ({"article": None, "url": "https://kota.example/none"}, ("url", "no article")),
        ({"url": "https://kota.example/read/1/kabar"}, ("article", "not both")),
        ({"count": 0}, ("count", ">= 1")),
        ({"count": 10_001}, ("count", "<= 10000")),
        ({"count": 1.5}, ("count", "int")),
        ({"count": 2, "visitor": "12345678"}, ("count", "1 beside visitor")),
        ({"visitor": "budi"}, ("visitor", "regex")),
        ({"at": "2026-11-05T12:00:00"}, ("at", "timezone")),
        ({"at": "2026-10-05T12:00:00Z"}, ("at", "7 days")),
        ({"at": "2026-11-05T13:00:00Z"}, ("at", "7 days")),
        ({"user": 3}, ("user", "unknown field")),
    ],
)
async def test_a_faulty_item_is_named_and_the_others_are_counted(
    api: Client, world: World, headers: dict[str, str], change: dict[str, Any], told: tuple[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    answer = await send(api, headers, "k", reads(one), reads(one) | change, 7, reads(one))
    assert answer.status == 200
    fault, other = answer.json["errors"]
    assert (answer.json["ok"], answer.json["taken"], answer.json["counted"]) == (False, 2, 2)
    assert (fault["index"], fault["key"], other["index"]) == (1, told[0], 2)
    assert told[1] in fault["reason"]
    assert fault["remedy"]
    assert await counted(world, one) == 2


async def test_one_partner_cannot_raise_an_article_at_will(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    first = (await send(api, headers, "a", reads(one, count=900))).json
    second = (await send(api, headers, "b", reads(one, count=9000), reads(one, count=9000))).json
    assert (first["uncounted"], second["counted"], second["uncounted"]) == (0, 100, 17_900)
    assert await counted(world, one) == 1000
    clicks = {"kind": "clicks", "article": one, "count": 5}
    assert (await send(api, headers, "c", clicks)).json["counted"] == 5
    assert (await send(api, await partner(world, "lain"), "a", reads(one))).json["counted"] == 1
    world.clock.advance(86400)
    assert (await send(api, headers, "d", reads(one))).json["counted"] == 1


async def test_a_visitor_counts_once_per_article_and_day(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    one, two = await world.admit(story(1), story(2))
    budi, sari = reads(one, visitor="budi-hash"), reads(one, visitor="sari-hash")
    first = (await send(api, headers, "a", budi, budi, sari, budi | {"article": two})).json
    assert (first["taken"], first["counted"], first["uncounted"]) == (4, 3, 1)
    assert (await send(api, headers, "b", budi, reads(one))).json["counted"] == 1
    assert [await counted(world, each) for each in (one, two)] == [3, 1]
    world.clock.advance(86400)
    assert (await send(api, headers, "c", budi)).json["counted"] == 1
    names = b" ".join(await world.store.connection.call("KEYS", "*"))
    assert b"budi" not in names


async def test_an_article_that_was_found_to_be_another_counts_for_that(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    gone = ArticleId("b" * 16)
    namespace = world.store.articles._keys
    await world.store.connection.call("HSET", namespace.article(gone), "merged", one)
    answer = await send(api, headers, "k", reads(gone), reads(one), reads(gone, count=4))
    assert answer.json == {"ok": True, "taken": 3, "counted": 6, "uncounted": 0, "errors": []}
    assert await counted(world, one) == 6


async def test_bodies_may_be_compressed_and_are_bounded(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    packed = headers | {"Content-Encoding": "gzip", "Idempotency-Key": "a"}
    body = json.dumps({"signals": [reads(one)] * 10_000}).encode()
    answer = await api.post(PATH, gzip.compress(body), packed)
    assert (answer.status, answer.json["taken"], answer.json["counted"]) == (200, 10_000, 1000)
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    assert (await api.post(PATH, bomb, packed | {"Idempotency-Key": "b"})).status == 413
    more = json.dumps({"signals": [reads(one)] * 10_001}).encode()
    answer = await api.post(PATH, more, headers | {"Idempotency-Key": "c"})
    assert (answer.status, "10000" in answer.json["detail"]) == (400, True)
    assert (await api.post(PATH, b"not gzip", packed | {"Idempotency-Key": "d"})).status == 400


async def test_what_is_no_batch_is_refused_and_its_key_stays_free(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    assert (await api.post(PATH, b"{}", headers)).status == 400
    for key in ("", '"a', 'a"b', "x" * 300):
        assert (await api.post(PATH, b"{}", headers | {"Idempotency-Key": key})).status == 400
    plain = headers | {"Idempotency-Key": "k", "Content-Type": "text/plain"}
    assert (await api.post(PATH, b"{}", plain)).status == 415
    for body in (b"", b"{", b"[]", b'{"signals": []}', b'{"signals": 1}', b'{"signals": [1], "x": 1}'):
        assert (await api.post(PATH, body, headers | {"Idempotency-Key": "k"})).status in {400, 429}
        world.clock.advance(60)
    wrong = await send(api, headers, "k", *[1] * 1001, reads(one))
    assert (wrong.status, len(wrong.json["errors"])) == (400, 1000)
    assert wrong.json["errors"][0]["key"] == "signals[0]"
    assert await counted(world, one) == 0
    assert (await send(api, headers, "k", reads(one))).json["counted"] == 1


async def test_batches_of_a_partner_are_slowed(api: Client, world: World, headers: dict[str, str]) -> None:
    (one,) = await world.admit(story(1))
    statuses = [(await send(api, headers, f"k{number}", reads(one))).status for number in range(11)]
    assert statuses == [200] * 10 + [429]
    assert (await send(api, await partner(world, "lain"), "k", reads(one))).status == 200


async def test_uploads_that_hang_keep_no_other_partner_out(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    host, port = api.base.removeprefix("http://").split(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(8)]
    for number, (told, upload) in enumerate(opened):
        sent = headers | {"Host": host, "Content-Length": "1000", "Idempotency-Key": f"k{number}"}
        sent["Expect"] = "100-continue"
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        upload.write(f"POST {PATH} HTTP/1.1\r\n{lines}\r\n{{".encode())
        assert b"100" in await told.readline()
    try:
        async with asyncio.timeout(30):
            answer = await send(api, await partner(world, "lain"), "k", reads(one))
        assert answer.status == 200
    finally:
        for _, upload in opened:
            upload.close()


async def test_what_the_page_tells_to_send_is_taken(
    api: Client, world: World, headers: dict[str, str]
) -> None:
    (one,) = await world.admit(story(1))
    page = (Path(__file__).parents[3] / "docs" / "popularity.md").read_text("utf-8")
    (told,) = re.findall(r"    curl .*?/api/v1/signals\n", page, re.DOTALL)
    names = dict(re.findall(r'-H "([\w-]+): ([^"]+)"', told))
    assert told.rstrip().endswith(PATH)
    (body,) = re.findall(r"-d '(.*)'", told)
    sent = names | {"Authorization": headers["Authorization"]}
    answer = await api.post(PATH, body.replace("5uvqk4bqvtgfkp3a", one).encode(), sent)
    assert answer.json["counted"] == 12
