"""The console's pages of the configuration."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser
from web.web_world import OPS, Answer, Client, World, client_of

from syndicator.model.ops.configuration import ProcessNote

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH
PATH = "/admin/configuration/source/desa"
TABLE = {
    "title": "Desa", "kind": "feed", "url": "https://user:geheim@desa.example/rss",
    "headers": {"X-Key": "geheim"}, "schedule": {"every": "5m"},
}  # fmt: skip


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    await world.cases.editing.put({"source": {"desa": TABLE}})
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def send(operator: Client, path: str, block: str = "") -> Answer:
    return await operator.send("POST", path, FORM, urlencode({"block": block}).encode())


async def block_of(operator: Client) -> str:
    answer = await operator.get(PATH, ENGLISH)
    assert answer.status == 200
    assert "geheim" not in answer.text
    return LexborHTMLParser(answer.body).css("#block")[0].text()


async def test_an_added_source_is_changed_and_keeps_its_secrets(world: World, operator: Client) -> None:
    listed = await operator.get("/admin/configuration", ENGLISH)
    assert "source.desa" in listed.text
    assert "geheim" not in listed.text
    block = await block_of(operator)
    done = await send(operator, PATH, block.replace("Desa", "Desa Baru").replace("5m", "10m"))
    assert done.headers["Location"] == "/admin/configuration?note=table_changed"
    (one,) = await world.cases.editing.added()
    assert one.table == TABLE | {"title": "Desa Baru", "schedule": {"every": "10m"}}
    assert one.by == "operators"
    entries, _ = await world.store.audit.list(1)
    assert entries[0].what == "source.changed"


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("[source.other]\ntitle = 'x'", "write [source.desa] alone"), ("", "there is no table"),
        ("[source.desa]\nauth = { user = 'x', password_file = '/etc/passwd' }", "password_file: names a file"),
        ("[source.desa", "at end of document"), ("[server]\nport = 1", "cannot be added"),
    ],
)  # fmt: skip
async def test_what_is_wrong_stands_beside_the_form(operator: Client, block: str, told: str) -> None:
    answer = await send(operator, PATH, block)
    page = LexborHTMLParser(answer.body)
    assert answer.status == 422
    assert told.lower() in page.css("#fault")[0].text().lower()
    assert page.css("#block")[0].text().strip() == block.strip(), "what was typed stays"


async def test_it_is_removed(world: World, operator: Client) -> None:
    assert (await send(operator, f"{PATH}/remove")).status == 303
    assert await world.cases.editing.added() == ()
    assert (await send(operator, f"{PATH}/remove")).status == 404
    assert (await operator.get(PATH, ENGLISH)).status == 404
    assert (await operator.get("/admin/configuration/source/none", ENGLISH)).status == 404


async def test_each_process_says_what_it_runs_and_why_no_newer_one(world: World, operator: Client) -> None:
    note = ProcessNote(
        process="host:1", version=3, refused=("feeds.toml:3: feed.x: <unknown>",), at=world.clock()
    )
    await world.store.configuration.note(note)
    page = LexborHTMLParser((await operator.get("/admin/configuration", ENGLISH)).body)
    (row,) = page.css("section[aria-labelledby=processes] tbody tr")
    text = " ".join(row.text(separator=" ").split())
    assert text.startswith("host:1 3 Refused feeds.toml:3: feed.x: <unknown>")
    assert (await send(operator, "/admin/configuration/reload")).status == 303
