"""Adding a source by its address, and the preview of a source, over a real portal."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from egress.raw_server import egress_on
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from structlog.testing import capture_logs
from support import ManualClock
from web.web_world import OPS, Answer, Client, World, client_of, source
from yarl import URL

from syndicator.gather.documents.parser_pool import open_pool
from syndicator.model.clock import system_clock
from syndicator.model.ops.configuration import AddedTable
from syndicator.model.source import FetchLimits
from syndicator.sample.server import Sample, SampleOptions, open_sample
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH


@pytest.fixture
async def sample() -> AsyncIterator[Sample]:
    async with open_sample(SampleOptions(interval_s=None), system_clock) as opened:
        yield opened


@pytest.fixture
async def operator(store: Store, clock: ManualClock) -> AsyncIterator[Client]:
    clock.now = system_clock()
    async with egress_on("127.0.0.0/8") as egress, open_pool() as pool:
        world = World(store, clock, sources=(source("kota", "Kota"),))
        world.egress, world.pool = egress, pool
        async with client_of(world.ops_app(), OPS) as opened:
            yield opened


async def stored_tables(store: Store) -> tuple[AddedTable, ...]:
    stored = await store.configuration.load()
    return stored.added if stored else ()


async def send(operator: Client, path: str, **fields: str) -> Answer:
    return await operator.send("POST", path, FORM, urlencode(fields).encode())


async def test_a_portal_is_found_by_its_address_and_added(
    operator: Client, sample: Sample, store: Store
) -> None:
    answer = await send(operator, "/admin/add", url=f"{sample.city_url}/", kind="")
    assert answer.status == 200
    page = LexborHTMLParser(answer.body)
    assert len(page.css("section[aria-labelledby=found] tbody tr")) >= 1
    assert len(page.css("section[aria-labelledby=brought] tbody tr")) >= 1
    block = page.css("#block")[0].text()
    assert "[source." in block
    assert "[feed." in block
    done = await send(operator, "/admin/add/found", block=block)
    assert done.status == 303
    assert "note=source_added" in done.headers["Location"]
    led = LexborHTMLParser((await operator.get(done.headers["Location"], ENGLISH)).body)
    (name,) = [one.id for one in (await stored_tables(store)) if one.kind == "source"]
    assert f"/admin/sources/{name}" in [one.attributes["href"] for one in led.css("main a")]
    stored = await store.configuration.load()
    assert stored is not None
    assert {one.kind for one in stored.added} == {"source", "feed"}
    assert {one.by for one in stored.added} == {"operators"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("portal.example", "Write a full address"), ("ftp://portal.example/", "Write a full address"),
        ("http://127.0.0.1:9/", "check the port"), ("http://169.254.169.254/latest/", "not a public address"),
        ("", "Write a full address"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_address_stands_beside_it(operator: Client, url: str, told: str) -> None:
    answer = await send(operator, "/admin/add", url=url)
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    assert told in page.css("#fault")[0].text()
    assert page.css("#url")[0].attributes["value"] == url, "what was typed stays"


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("", "there is no table"), ("[source", "end of document"), ("[server]\nport = 1", "cannot be added"),
        ("[endpoint.x]\nurl = 'https://x.example/'", "cannot be added"), ("source = 1", "with an id"),
        ("[source.x]\nheaders = { X_file = '/etc/passwd' }", "source.x.headers.X_file: names a file"),
        ("[source.x]\nurl = 'https://x.example/'\n</textarea><script>", "line 3"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_a_block_stands_beside_it(
    operator: Client, store: Store, block: str, told: str
) -> None:
    answer = await send(operator, "/admin/add/found", block=block)
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    assert told.lower() in page.css("#fault")[0].text().lower()
    assert page.css("script") == []
    assert await store.configuration.load() is None


async def test_a_preview_shows_what_would_come_and_stores_nothing(
    store: Store, clock: ManualClock, sample: Sample
) -> None:
    clock.now = system_clock()
    described = replace(source("kota", "Kota"), url=f"{sample.wire_url}/atom.xml")
    async with egress_on("127.0.0.0/8") as egress, open_pool() as pool:
        world = World(store, clock, sources=(described,))
        world.egress, world.pool = egress, pool
        async with client_of(world.ops_app(), OPS) as operator:
            answer = await send(operator, "/admin/sources/kota/preview")
            assert answer.status == 200
            page = LexborHTMLParser(answer.body)
            verdicts = {one.text() for one in page.css("section[aria-labelledby=compared] .mark")}
            assert verdicts == {"New"}
            assert (await send(operator, "/admin/sources/none/preview")).status == 404
    assert await store.articles.count() == 0


async def test_a_source_that_cannot_be_read_says_why(operator: Client) -> None:
    answer = await send(operator, "/admin/sources/kota/preview")
    assert answer.status == 422
    assert "→" in LexborHTMLParser(answer.body).css("[role=alert]")[0].text()


@pytest.mark.parametrize("path", ["/admin/sources/kota/preview", "/admin/add"])
async def test_a_trial_ends_when_the_browser_goes_away(store: Store, clock: ManualClock, path: str) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def answer_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        assert await reader.read() == b""
        left.set()
        writer.close()

    clock.now = system_clock()
    portal = await asyncio.start_server(answer_nothing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{portal.sockets[0].getsockname()[1]}/rss"
    async with portal, egress_on("127.0.0.0/8") as egress, open_pool() as pool:
        world = World(store, clock, sources=(replace(source("kota", "Kota"), url=url),))
        world.egress, world.pool = egress, pool
        body = urlencode({"url": url}).encode()
        with capture_logs() as logs:
            async with client_of(world.ops_app()) as server:
                _, browser = await asyncio.open_connection("127.0.0.1", URL(server.base).port)
                lines = {**FORM, **OPS, "Host": "127.0.0.1", "Content-Length": str(len(body))}
                head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                browser.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
                async with asyncio.timeout(FetchLimits().timeout_s / 2):
                    await asked.wait()
                    browser.close()
                    await left.wait()
    assert "request_failed" not in [line["event"] for line in logs]
