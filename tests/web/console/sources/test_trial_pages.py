"""Adding a source by its address, and the preview of a source, over a real portal."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from aiohttp import web
from egress.raw_server import egress_on
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from structlog.testing import capture_logs
from support import ManualClock, answering
from web.web_world import OPS, Answer, Client, World, client_of, source
from yarl import URL

from syndicator.errors import ConfigError, Fault
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.model.clock import system_clock
from syndicator.model.ops.configuration import AddedTable
from syndicator.model.source import FetchLimits
from syndicator.sample.server import Sample, SampleOptions, open_sample
from syndicator.store.store import Store
from syndicator.web.console.sources.trial_pages import fault_of

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


async def look(operator: Client, url: str, **chosen: str) -> LexborHTMLParser:
    """Give an address to the form, and return the page to which it leads."""
    led = await send(operator, "/admin/add", url=url, **chosen)
    assert led.status == 303
    return LexborHTMLParser((await operator.get(led.headers["Location"].partition("#")[0], ENGLISH)).body)


def words_of(page: LexborHTMLParser, css: str) -> list[str]:
    return [" ".join(one.text(separator=" ").split()) for one in page.css(css)]


def fields_of(page: LexborHTMLParser, css: str = "section[aria-labelledby=take] form") -> dict[str, str]:
    """Return what a form of a page would send."""
    (form,) = page.css(css)
    inputs = {one.attributes["name"]: one.attributes.get("value") or "" for one in form.css("input")}
    return {str(name): value for name, value in inputs.items()} | {
        str(one.attributes["name"]): one.text() for one in form.css("textarea")
    }


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar Timur</title><link>{url}/</link>
<language>id</language>
<item><title>Banjir di {path}</title><link>{url}/read/{path}/1</link>
<pubDate>Thu, 05 Nov 2026 {hour}:00:00 {offset}</pubDate></item></channel></rss>"""


class Portal:
    """A portal of eastern Indonesia: three feeds of one title, one of them broken, and nothing else."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.asked: list[str] = []
        self.url = ""

    def build(self) -> None:
        head = "".join(
            f'<link rel="alternate" type="application/rss+xml" title="RSS" href="/rss/{path}">'
            for path in ("utama", "bola", "lama")
        )
        self.documents["/"] = f"<!DOCTYPE html><html lang=id><head><title>Kabar</title>{head}</head></html>"
        self.documents["/rss/utama"] = FEED.format(url=self.url, path="utama", hour="20", offset="+0900")
        self.documents["/rss/bola"] = FEED.format(url=self.url, path="bola", hour="12", offset="+0800")

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/lama":
            return web.Response(status=301, headers={"Location": "/"})
        if request.path not in self.documents:
            return web.Response(status=404)
        return web.Response(text=self.documents[request.path], content_type="text/html")


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    played = Portal()
    async with answering(played.answer) as played.url:
        played.build()
        yield played


async def test_a_portal_is_found_by_its_address_and_added(
    operator: Client, sample: Sample, store: Store
) -> None:
    page = await look(operator, f"{sample.city_url}/")
    found = words_of(page, "section[aria-labelledby=found] tbody tr")
    assert len(found) == 2
    assert "feed announced by the page" in found[0]
    assert "Proposed: a feed brings titles and dates" in found[0]
    assert found[0].endswith("Shown below")
    assert "page the structure of the page" in found[1]
    assert found[1].endswith("Choose")
    assert len(page.css("section[aria-labelledby=brought] tbody tr")) >= 1
    fields = fields_of(page)
    assert fields["title"] == "Berita Kota"
    done = await send(operator, "/admin/add/found", **fields | {"id": "kota-baru", "title": "Kota Baru"})
    assert done.status == 303
    assert "note=source_added" in done.headers["Location"]
    led = LexborHTMLParser((await operator.get(done.headers["Location"], ENGLISH)).body)
    assert "/admin/sources/kota-baru" in [one.attributes["href"] for one in led.css("main a")]
    tables = {one.kind: one for one in await stored_tables(store)}
    assert tables["source"].id == tables["feed"].id == "kota-baru"
    assert tables["source"].table["title"] == tables["feed"].table["title"] == "Kota Baru"
    assert tables["feed"].table["filter"] == {"source": ["kota-baru"]}
    assert {one.by for one in tables.values()} == {"operators"}


async def test_each_find_has_its_kind_its_date_and_a_button(operator: Client, portal: Portal) -> None:
    page = await look(operator, portal.url)
    found = words_of(page, "section[aria-labelledby=found] tbody tr")
    assert [one.replace(portal.url, "") for one in found] == [
        (
            "Kabar Timur /rss/utama Proposed: the feed that the portal names first; others often are single "
            "channels. feed announced by the page 1 5 Nov 2026, 18:00 WIB Shown below"
        ),
        "Kabar Timur /rss/bola feed announced by the page 1 5 Nov 2026, 11:00 WIB Choose",
        "RSS /rss/lama feed announced by the page It answered with status 404 – – –",
        "Kabar  page the structure of the page no list of links to articles is seen on the page – – –",
    ]
    assert fields_of(page)["title"] == "Kabar Timur – utama"
    assert 'timezone = "Asia/Jayapura"' in fields_of(page)["settings"]


async def test_any_find_is_chosen_without_a_script(operator: Client, portal: Portal, store: Store) -> None:
    page = await look(operator, portal.url)
    (button,) = page.css("section[aria-labelledby=found] form")
    assert button.attributes["method"] == "get"
    query = urlencode(fields_of(page, "section[aria-labelledby=found] form"))
    chosen = LexborHTMLParser((await operator.get(f"/admin/add?{query}", ENGLISH)).body)
    assert words_of(chosen, "section[aria-labelledby=found] tbody tr")[1].endswith("Shown below")
    assert "Banjir di bola" in words_of(chosen, "section[aria-labelledby=brought]")[0]
    fields = fields_of(chosen)
    assert (fields["title"], fields["id"]) == ("Kabar Timur – bola", "kabar-timur-bola")
    assert 'timezone = "Asia/Makassar"' in fields["settings"]
    done = await send(operator, "/admin/add/found", **{**fields, "feed": ""})
    assert done.status == 303
    (added,) = await stored_tables(store)
    assert added.table["url"] == f"{portal.url}/rss/bola"


async def test_going_back_and_reloading_looks_no_second_time(operator: Client, portal: Portal) -> None:
    await look(operator, portal.url)
    asked = len(portal.asked)
    query = urlencode({"url": portal.url})
    assert (await operator.get(f"/admin/add?{query}", ENGLISH)).status == 200
    assert len(portal.asked) == asked
    await look(operator, portal.url)
    assert len(portal.asked) > asked, "the form looks anew"


async def test_a_link_elsewhere_sends_no_requests(operator: Client, portal: Portal) -> None:
    query = urlencode({"url": portal.url})
    answer = await operator.get(f"/admin/add?{query}", ENGLISH | {"Sec-Fetch-Site": "cross-site"})
    page = LexborHTMLParser(answer.body)
    assert page.css("#url")[0].attributes["value"] == portal.url
    assert page.css("#found") == []
    assert portal.asked == []


@pytest.mark.parametrize("secret", ["http://me:hush@{host}/rss/bola", "http://{host}/rss/bola?token=hush"])
async def test_an_address_with_a_secret_does_not_get_into_the_history(
    operator: Client, portal: Portal, secret: str
) -> None:
    url = secret.format(host=portal.url.removeprefix("http://"))
    answer = await send(operator, "/admin/add", url=url)
    assert answer.status == 200
    page = LexborHTMLParser(answer.body)
    (found,) = words_of(page, "section[aria-labelledby=found] tbody")
    assert "/rss/bola" in found
    shown = words_of(page, "section[aria-labelledby=found], section[aria-labelledby=brought]")
    assert "hush" not in " ".join(shown)


async def test_redirects_are_told(operator: Client, portal: Portal) -> None:
    page = await look(operator, f"{portal.url}/lama")
    assert f"The address leads to {portal.url}/ (301)" in words_of(
        page, "section[aria-labelledby=found] .facts"
    )


async def test_what_is_gathered_already_is_linked(store: Store, clock: ManualClock, portal: Portal) -> None:
    clock.now = system_clock()
    described = replace(source("bola", "Bola"), url=f"{portal.url}/rss/bola")
    async with egress_on("127.0.0.0/8") as egress, open_pool() as pool:
        world = World(store, clock, sources=(described,))
        world.egress, world.pool = egress, pool
        async with client_of(world.ops_app(), OPS) as operator:
            page = await look(operator, portal.url)
            rows = page.css("section[aria-labelledby=found] tbody tr")
            assert rows[1].css("a[href='/admin/sources/bola']")
            assert not page.css("section[aria-labelledby=take] details summary + form")
            page = await look(operator, f"{portal.url}/rss/bola")
            take = page.css("section[aria-labelledby=take]")[0]
            assert take.css(".refusal a[href='/admin/sources/bola']")
            assert take.css("details.folded form"), "it is added all the same only after one more click"


async def test_a_second_click_adds_nothing_more(operator: Client, portal: Portal, store: Store) -> None:
    fields = fields_of(await look(operator, portal.url))
    first, second = await asyncio.gather(*(send(operator, "/admin/add/found", **fields) for _ in range(2)))
    assert first.status == second.status == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert len(await stored_tables(store)) == 2
    entries, _ = await store.audit.list(0)
    assert [entry.what for entry in entries] == ["feed.added", "source.added"]


async def test_an_id_that_is_taken_is_told_beside_it(operator: Client, portal: Portal, store: Store) -> None:
    fields = fields_of(await look(operator, portal.url))
    assert (await send(operator, "/admin/add/found", **fields)).status == 303
    stored = await stored_tables(store)
    other = await send(operator, "/admin/add/found", **fields | {"title": "Another"})
    assert other.status == 422
    page = LexborHTMLParser(other.body)
    assert "is there already" in page.css("#fault")[0].text()
    assert page.css("#id[aria-invalid]")
    assert page.css("#title")[0].attributes["value"] == "Another"
    assert await stored_tables(store) == stored


async def test_settings_that_are_no_toml_are_told_beside_them(operator: Client, store: Store) -> None:
    answer = await send(operator, "/admin/add/found", id="x", title="X", settings="kind = ", url="", feed="")
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    assert page.css("details[open] #settings[aria-invalid]")
    assert await store.configuration.load() is None


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("source.x", "id"), ("feed.x", "id"), ("source.x.title", "title"), ("source.x.schedule.every", "settings"),
    ],
)  # fmt: skip
def test_a_fault_stands_beside_the_field_that_it_is_about(key: str, named: str) -> None:
    error = ConfigError((Fault(file="", key=key, reason="is wrong", remedy="mend it"),))
    assert fault_of(error, {"id": "x"}, by_hand=False).field == named


async def test_nothing_at_an_address_is_told_with_what_was_tried(operator: Client, portal: Portal) -> None:
    for path in ("/rss/utama", "/rss/bola"):
        del portal.documents[path]
    page = await look(operator, portal.url)
    told = page.css("#fault")[0].text()
    assert "neither a feed nor a sitemap nor a list of articles" in told
    assert f"{portal.url}/rss/utama (http_404)" in told
    assert page.css("a[href='/admin/add?by=hand']")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("portal.example", "Write a full address"), ("ftp://portal.example/", "Write a full address"),
        ("", "Write a full address"),
    ],
)  # fmt: skip
async def test_what_is_no_address_is_told_beside_it(operator: Client, url: str, told: str) -> None:
    answer = await send(operator, "/admin/add", url=url)
    assert answer.status == 422
    page = LexborHTMLParser(answer.body)
    assert told in page.css("#fault")[0].text()
    assert page.css("#url")[0].attributes["value"] == url, "what was typed stays"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/", "check the port"),
        ("http://169.254.169.254/latest/", "not a public address"),
        ("http://127.0.0.1:9/", "No connection to 127.0.0.1:9: connection refused. →"),
    ],
)
async def test_an_address_that_cannot_be_read_says_why(operator: Client, url: str, told: str) -> None:
    page = await look(operator, url)
    assert told in page.css("#fault")[0].text()
    assert page.css("#url")[0].attributes["value"] == url


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


@pytest.mark.parametrize("request_line", ["POST /admin/sources/kota/preview", "GET /admin/add?{query}"])
async def test_a_trial_ends_when_the_browser_goes_away(
    store: Store, clock: ManualClock, request_line: str
) -> None:
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
        line = request_line.format(query=urlencode({"url": url}))
        with capture_logs() as logs:
            async with client_of(world.ops_app()) as server:
                _, browser = await asyncio.open_connection("127.0.0.1", URL(server.base).port)
                lines = {**FORM, **OPS, "Host": "127.0.0.1", "Content-Length": "0"}
                head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                browser.write(f"{line} HTTP/1.1\r\n{head}\r\n".encode())
                async with asyncio.timeout(FetchLimits().timeout_s / 2):
                    await asked.wait()
                    browser.close()
                    await left.wait()
    assert "request_failed" not in [line["event"] for line in logs]
