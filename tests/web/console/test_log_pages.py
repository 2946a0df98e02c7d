"""The console's pages of changes and of the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import structlog
from selectolax.lexbor import LexborHTMLParser
from web.web_world import OPS, Client, World, client_of

from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe import logs
from syndicator.observe.recent_lines import KEPT_LINES, RECENT
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.web.console import log_pages

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
log = logs.get_logger("test")


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    logs.configure("info", json=True)
    RECENT._lines.clear()
    yield
    structlog.reset_defaults()


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def lines(operator: Client, query: str = "") -> list[str]:
    page = LexborHTMLParser((await operator.get(f"/admin/log{query}", ENGLISH)).body)
    return [" ".join(one.text(separator=" ").split()) for one in page.css(".log li")]


async def test_the_log_is_shown_newest_first_without_secrets(operator: Client) -> None:
    log.info("source_gathered", source="kota", new=3)
    log.warning(
        "delivery_retrying", endpoint="koran", url="https://user:geheim@koran.example", token="synd_x"
    )
    first, second = await lines(operator)
    assert "delivery_retrying warning" in first
    assert "geheim" not in first
    assert "synd_x" not in first
    assert "source_gathered source= kota new= 3" in second
    assert len(await lines(operator, "?level=warning")) == 1
    assert len(await lines(operator, "?word=KOTA")) == 1
    assert await lines(operator, "?word=source%3Dkota") == [second]
    assert (await operator.get("/admin/log?level=loud", ENGLISH)).status == 400


async def test_what_strangers_wrote_stays_text(operator: Client) -> None:
    log.info("odd", title="<script>alert(1)</script>")
    page = LexborHTMLParser((await operator.get("/admin/log", ENGLISH)).body)
    assert [str(one.attributes.get("src"))[:15] for one in page.css("script")] == ["/static/log.js?"]


async def test_new_lines_come_as_server_sent_events(operator: Client) -> None:
    async with (
        aiohttp.ClientSession() as session,
        asyncio.timeout(10),
        session.get(f"{operator.base}/admin/log/live?word=kota", headers=dict(OPS)) as stream,
    ):
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        while not RECENT._listening:
            await asyncio.sleep(0.01)
        log.info("source_gathered", source="desa")
        log.info("source_gathered", source="kota", new=2)
        line = await stream.content.readline()
        told = json.loads(line.removeprefix(b"data: "))
    assert told["event"] == "source_gathered"
    assert told["fields"] == [["source", "kota"], ["new", "2"]]
    async with asyncio.timeout(10):
        while RECENT._listening:
            log.info("source_gathered", source="kota")
            await asyncio.sleep(0.01)


async def test_a_stream_ends_when_its_reader_may_read_no_more(
    world: World, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_pages, "_BEAT_S", 0.05)
    night = TokenId("night")
    new = new_token(Token(id=night, scopes=(TokenScope.ADMIN,)), world.clock())
    await world.access.keep(new)
    signed_in = await operator.send("POST", "/admin/sign-in", FORM, f"token={new.value}".encode())
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    for headers in (cookie, {"Authorization": f"Bearer {new.value}"}):
        if await world.access.token(night) is None:
            await world.access.keep(new)
        async with (
            aiohttp.ClientSession() as session,
            asyncio.timeout(10),
            session.get(f"{operator.base}/admin/log/live", headers=headers) as stream,
        ):
            assert await stream.content.readline() == b":\n"
            await world.access.revoke(night)
            while await stream.content.readline():
                pass


async def test_the_page_stays_small_however_much_is_logged(operator: Client) -> None:
    for number in range(KEPT_LINES + 100):
        log.info("source_gathered", source=f"s{number}", note="x" * 900)
    answer = await operator.get("/admin/log", ENGLISH)
    assert len(answer.body) < 300_000
    assert "s2099" in answer.text
    assert len(list(RECENT.newest())) == KEPT_LINES


async def test_changes_are_listed_with_before_and_after(world: World, operator: Client) -> None:
    await world.store.audit.append("source.changed", "kota", before={"a": 1, "b": "<b>"}, after={"a": 2})
    page = LexborHTMLParser((await operator.get("/admin/changes", ENGLISH)).body)
    (row,) = page.css("tbody tr")
    text = " ".join(row.text(separator=" ").split())
    assert "service source.changed kota a 1 2 b <b>" in text
    assert (await operator.get("/admin/changes?before=junk", ENGLISH)).status == 400


async def test_many_changes_come_in_pieces(world: World, operator: Client) -> None:
    for number in range(450):
        await world.store.audit.append("token.added", f"t{number}")
    names: list[str] = []
    path = "/admin/changes"
    while path:
        answer = await operator.get(path, ENGLISH)
        assert len(answer.body) < 300_000
        page = LexborHTMLParser(answer.body)
        names += [one.text() for one in page.css("td .id")]
        more = page.css(".and-more a")
        path = f"/admin/changes{more[0].attributes['href']}" if more else ""
    assert names == [f"t{number}" for number in reversed(range(450))]
