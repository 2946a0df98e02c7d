"""Feeds over HTTP, from a real store to the bytes on the wire."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import brotli
import pytest
from lxml import etree
from support import unzstd
from web.web_world import Client, World, client_of, story

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import CONTENT_TYPES, Format
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.render.coding import by_brotli
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http import responses
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

LATEST = "/feeds/latest.rss"


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    await world.admit(story(1), story(2))
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


@pytest.mark.parametrize("form", Format)
async def test_a_feed_says_all_that_readers_and_caches_need(client: Client, form: Format) -> None:
    answer = await client.get(f"/feeds/latest.{form}")
    assert answer.status == 200
    own_type = CONTENT_TYPES[form]
    assert answer.headers["Content-Type"] == own_type
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"] == (
        "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"
    )
    assert answer.headers["Last-Modified"] == "Thu, 05 Nov 2026 12:00:00 GMT"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Link"] == (
        f'<https://feeds.example/news/feeds/latest.{form}>; rel="self"; type="{own_type.split(";")[0]}", '
        '<https://feeds.example/news/feeds/latest>; rel="alternate"; type="text/html"'
    )
    assert answer.headers["Server"] == "syndicator"
    assert not {"Set-Cookie", "Content-Encoding", "Expires", "Age"} & answer.headers.keys()
    assert int(answer.headers["Content-Length"]) == len(answer.body)


async def test_what_is_admitted_is_in_the_feed_at_once(world: World, client: Client) -> None:
    before = await client.get("/feeds/latest.json")
    world.clock.advance(60)
    await world.admit(story(0, title="Baru saja"))
    after = await client.get("/feeds/latest.json", {"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert json.loads(after.body)["items"][0]["title"] == "Baru saja"
    assert after.headers["Last-Modified"] == "Thu, 05 Nov 2026 12:01:00 GMT"


async def test_every_coding_has_its_bytes_and_its_tag(client: Client) -> None:
    plain = await client.get(LATEST)
    packed = await client.get(LATEST, {"Accept-Encoding": "gzip"})
    small = await client.get(LATEST, {"Accept-Encoding": "gzip, deflate, br, zstd"})
    quick = await client.get(LATEST, {"Accept-Encoding": "gzip;q=0.5, zstd"})
    assert gzip.decompress(packed.body) == brotli.decompress(small.body) == unzstd(quick.body) == plain.body
    told = [one.headers["Content-Encoding"] for one in (packed, small, quick)]
    assert told == ["gzip", "br", "zstd"]
    tag = plain.headers["ETag"].strip('"')
    tags = [one.headers["ETag"] for one in (packed, small, quick)]
    assert tags == [f'"{tag}-gzip"', f'"{tag}-br"', f'"{tag}-zstd"']
    assert {one.headers["Vary"] for one in (plain, packed, small, quick)} == {"Accept-Encoding"}


async def test_a_client_that_has_it_gets_304(client: Client) -> None:
    for coding in ("identity", "gzip", "br", "zstd"):
        accepted = {"Accept-Encoding": coding}
        full = await client.get(LATEST, accepted)
        conditions = (
            {"If-None-Match": full.headers["ETag"]},
            {"If-None-Match": f'"old", W/{full.headers["ETag"]}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": full.headers["Last-Modified"]},
            {"If-Modified-Since": "Thursday, 05-Nov-26 12:00:00 GMT"},
            {"If-Modified-Since": "Thu Nov  5 12:00:01 2026"},
        )
        for condition in conditions:
            answer = await client.get(LATEST, accepted | condition)
            assert (answer.status, answer.body) == (304, b""), condition
            for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Link", "Date"):
                assert name in answer.headers
            assert answer.headers["ETag"] == full.headers["ETag"]
            assert not {"Content-Type", "Content-Encoding"} & answer.headers.keys()


async def test_a_client_that_has_something_else_gets_all(client: Client) -> None:
    full = await client.get(LATEST)
    tag, date = full.headers["ETag"], full.headers["Last-Modified"]
    for condition in (
        {"If-None-Match": '"other"', "If-Modified-Since": date},
        {"If-None-Match": tag.replace('"', "")},
        {"If-None-Match": tag, "Accept-Encoding": "gzip"},
        {"If-Modified-Since": "Thu, 05 Nov 2026 11:59:59 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert (await client.get(LATEST, condition)).status == 200, condition


async def test_head_tells_what_get_would(client: Client) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}):
        get = await client.get(LATEST, headers)
        head = await client.get(LATEST, headers, "HEAD")
        assert (head.status, head.body) == (get.status, b"")
        same = {name: value for name, value in get.headers.items() if name != "Date"}
        assert {name: value for name, value in head.headers.items() if name != "Date"} == same


@pytest.mark.parametrize("path", ["/feeds/latest.rss", "/feeds.opml"])
async def test_a_client_that_wants_another_version_alone_gets_412(client: Client, path: str) -> None:
    tag = (await client.get(path)).headers["ETag"]
    for method in ("GET", "HEAD"):
        assert (await client.get(path, {"If-Match": tag}, method)).status == 200
        refused = await client.get(path, {"If-Match": '"other"', "If-None-Match": tag}, method)
        assert refused.status == 412
    told = (await client.get(path, {"If-Match": '"other"'})).json
    assert told["type"] == "https://feeds.example/news/problems/precondition-failed"
    assert (await client.get("/problems/precondition-failed", {"Accept": "text/html"})).status == 200


async def test_a_range_is_passed_over(client: Client) -> None:
    answer = await client.get(LATEST, {"Range": "bytes=0-3"})
    assert answer.status == 200
    assert len(answer.body) > 4


async def test_other_methods_are_refused_with_a_list_of_ours(client: Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await client.get(LATEST, method=method)
        assert answer.status == 405
        assert {one.strip() for one in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
        assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_page_elsewhere_may_read_it(client: Client) -> None:
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    answer = await client.get(LATEST, asked | {"Access-Control-Request-Headers": "if-none-match"}, "OPTIONS")
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "ETag" in (await client.get(LATEST)).headers["Access-Control-Expose-Headers"]


async def test_an_unknown_feed_is_a_problem_even_for_readers_that_take_html(client: Client) -> None:
    everything = {"Accept": "application/rss+xml, text/html, */*"}
    answer = await client.get("/feeds/nothing.rss", everything)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body) == {
        "type": "https://feeds.example/news/problems/not-found",
        "title": "There is nothing at this address",
        "status": 404,
        "detail": "No feed has this name.",
    }


@pytest.mark.parametrize("path", ["/feeds/latest.xml", "/feeds/latest.rss/", "/feeds/", "/feeds/%2e%2e.rss"])
async def test_near_misses(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_a_proxy_may_strip_the_path_or_keep_it(client: Client) -> None:
    kept, stripped = await client.get("/news/feeds/latest.rss"), await client.get(LATEST)
    assert kept.body == stripped.body
    assert b"https://feeds.example/news/feeds/latest" in kept.body
    assert (await client.get("/other/feeds/latest.rss")).status == 404


async def test_the_host_of_a_request_is_never_believed(client: Client) -> None:
    usual = await client.get(LATEST)
    odd = await client.get(LATEST, {"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert odd.body == usual.body
    assert "evil" not in str(odd.headers)


async def test_unknown_parameters_change_nothing(client: Client) -> None:
    assert (await client.get(f"{LATEST}?utm_source=x")).body == (await client.get(LATEST)).body


async def test_the_list_of_feeds(client: Client) -> None:
    answer = await client.get("/feeds.opml")
    assert answer.headers["Content-Type"] == "text/x-opml; charset=utf-8"
    outlines = etree.fromstring(answer.body).findall(".//outline")
    assert [one.get("xmlUrl") for one in outlines] == [
        f"https://feeds.example/news/feeds/{name}.rss" for name in ("latest", "popular", "kota")
    ]
    again = await client.get("/feeds.opml", {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("path", ["/feeds.opml", "/api/v1/openapi.json", "/api/docs", "/static/style.css"])
async def test_what_stays_as_it_is_is_packed_once(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[bytes] = []

    def pack(body: bytes) -> bytes:
        packed.append(body)
        return by_brotli(body)

    monkeypatch.setattr(responses, "by_brotli", pack)
    api = PublicApi(table=world.table, gate=Gate(world.access, world.clock))
    async with client_of(create_app(world.reading, WebOptions(), api=api)) as client:
        answers = [await client.get(path, {"Accept-Encoding": "br"}) for _ in range(3)]
        tag = answers[0].headers["ETag"]
        again = await client.get(path, {"Accept-Encoding": "br", "If-None-Match": tag})
    assert {(answer.status, answer.body) for answer in answers} == {(200, answers[0].body)}
    assert again.status == 304
    assert len(packed) == 1


async def test_answers_are_counted_by_route(world: World) -> None:
    counted: list[tuple[str, str, int]] = []
    took_s: list[float] = []

    def count(route: str, method: str, status: int, seconds: float) -> None:
        counted.append((route, method, status))
        took_s.append(seconds)

    options = WebOptions(count=count)
    async with client_of(create_app(world.reading, options)) as client:
        await client.get(LATEST)
        await client.get("/feeds/nothing.rss")
        await client.get("/nowhere")
    route = "/feeds/{feed}.{form}"
    assert counted == [(route, "GET", 200), (route, "GET", 404), ("unknown", "GET", 404)]
    assert all(seconds > 0 for seconds in took_s)


async def test_a_popular_feed_shows_its_ranking(world: World, client: Client) -> None:
    first, second = await world.admit(story(1), story(2))
    await world.rank(second, first)
    items = json.loads((await client.get("/feeds/popular.json")).body)["items"]
    assert [item["_syndicator"]["popularity"]["rank"] for item in items] == [1, 2]
    assert items[0]["_syndicator"]["popularity"] == {"rank": 1, "score": 9.0, "views": 1200}
    assert items[0]["url"] == story(2).url
    world.clock.now += timedelta(minutes=1)


@pytest.mark.parametrize(
    "opening",
    ["GET {} HTTP/1.0", "GET {} HTTP/1.0\r\nConnection: keep-alive", "GET {} HTTP/1.1\r\nConnection: close"],
)
async def test_clients_that_keep_no_connection_get_the_same(client: Client, opening: str) -> None:
    usual = await client.get(LATEST)
    host, _, port = client.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{opening.format(LATEST)}\r\nHost: x\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    body = await reader.readexactly(int(usual.headers["Content-Length"]))
    writer.close()
    assert body == usual.body
    assert "transfer-encoding" not in head
    for name in usual.headers.keys() - {"Date"}:
        assert f"{name}: {usual.headers[name]}".lower() in head


async def test_requests_sent_ahead_are_answered_in_order(client: Client) -> None:
    usual = await client.get(LATEST)
    host, _, port = client.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    ask = f"GET {LATEST} HTTP/1.1\r\nHost: x\r\n"
    tag = usual.headers["ETag"]
    writer.write(f"{ask}\r\n{ask}If-None-Match: {tag}\r\n\r\n{ask}Accept-Encoding: br\r\n\r\n".encode())
    statuses = []
    for length in (len(usual.body), 0, None):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        statuses.append(head.split(" ", 2)[1])
        own = head.lower().partition("content-length: ")[2].partition("\r\n")[0]
        await reader.readexactly(int(own or 0) if length is None else length)
    writer.close()
    assert statuses == ["200", "304", "200"]


async def test_the_date_of_the_last_change_goes_on_where_an_entry_leaves(
    world: World, client: Client
) -> None:
    (newest,) = await world.admit(story(0))
    before = await client.get(LATEST)
    world.clock.advance(60)
    withdrawer = Withdrawer(world.store, world.specs, open_metrics(), world.clock, count_coverage)
    await withdrawer.withdraw(newest, WithdrawnBy.OPERATOR, "keliru")
    after = await client.get(LATEST, {"If-Modified-Since": before.headers["Last-Modified"]})
    assert after.status == 200
    assert before.headers["Last-Modified"] == "Thu, 05 Nov 2026 12:00:00 GMT"
    assert after.headers["Last-Modified"] == "Thu, 05 Nov 2026 12:01:00 GMT"
    assert (await client.get(LATEST, {"If-Modified-Since": after.headers["Last-Modified"]})).status == 304


async def test_a_header_in_several_lines_is_one_list(client: Client) -> None:
    full = await client.get(LATEST, {"Accept-Encoding": "br"})
    host, _, port = client.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = f'If-None-Match: "x"\r\nIf-None-Match: {full.headers["ETag"]}\r\n'
    lines += "Accept-Encoding: gzip;q=0.5\r\nAccept-Encoding: br\r\n"
    writer.write(f"GET {LATEST} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 304 ")


async def test_readers_hear_of_one_pause_between_two_requests(client: Client) -> None:
    answer = await client.get(LATEST)
    assert "max-age=60," in answer.headers["Cache-Control"]
    assert b"<ttl>1</ttl>" in answer.body


async def test_a_page_elsewhere_may_ask_for_what_changed(client: Client) -> None:
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "GET"}
    answer = await client.get(
        LATEST, asked | {"Access-Control-Request-Headers": "a-im, if-none-match"}, "OPTIONS"
    )
    assert "A-IM" in answer.headers["Access-Control-Allow-Headers"]
    assert {"ETag", "IM", "Retry-After"} <= {
        name.strip()
        for name in (await client.get(LATEST)).headers["Access-Control-Expose-Headers"].split(",")
    }
