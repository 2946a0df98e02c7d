"""The console's pages of the configuration."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import OPS, Answer, Client, World, client_of

from syndicator.errors import SealError
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.ops.configuration import AddedTable, ProcessNote
from syndicator.observe.actor import acting
from syndicator.settings.shared_files import LocalConfiguration
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store
from syndicator.web.console.configuration_pages import ON_PAGE

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


async def save(operator: Client, block: str) -> Answer:
    """See what a block changes, and save it."""
    seen = await review(operator, block, await mark_of(operator))
    assert seen.status == 200
    return await operator.send("POST", PATH, FORM, form_of(seen, "save"))


async def mark_of(operator: Client) -> str:
    page = LexborHTMLParser((await operator.get(PATH, ENGLISH)).body)
    return page.css("input[name=seen]")[0].attributes["value"] or ""


async def review(operator: Client, block: str, mark: str) -> Answer:
    body = urlencode({"block": block.replace("\n", "\r\n"), "seen": mark}).encode()
    return await operator.send("POST", PATH, FORM, body)


def form_of(answer: Answer, step: str) -> bytes:
    """Fill in the form of a page as a browser does, with one of its buttons."""
    page = LexborHTMLParser(answer.body)
    assert page.css(f"button[name=step][value={step}]")
    block = page.css("textarea[name=block]")[0].text()
    mark = page.css("input[name=seen]")[0].attributes["value"]
    return urlencode({"block": block, "seen": mark, "step": step}).encode()


def lines_of(answer: Answer) -> list[str]:
    return [
        " ".join(one.text(separator=" ").split()) for one in LexborHTMLParser(answer.body).css(".toml li")
    ]


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
    done = await save(operator, block.replace("Desa", "Desa Baru").replace("5m", "10m"))
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
        ("[source.desa", "line 1: not valid toml"), ("[server]\nport = 1", "cannot be added"),
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


async def test_a_change_is_shown_before_anything_is_written(world: World, operator: Client) -> None:
    block = (await block_of(operator)).replace("Desa", "<b>Desa</b>") + "# a note of mine\n"
    shown = await review(operator, block, await mark_of(operator))
    assert shown.status == 200
    assert lines_of(shown)[:3] == ["[source.desa]", '− title = "Desa"', '+ title = "<b>Desa</b>"']
    assert "geheim" not in shown.text
    assert [one.table for one in await world.cases.editing.added()] == [TABLE], "nothing is written"
    back = await operator.send("POST", PATH, FORM, form_of(shown, "edit"))
    assert (back.status, LexborHTMLParser(back.body).css("#block")[0].text().strip()) == (200, block.strip())
    assert (await operator.send("POST", PATH, FORM, form_of(shown, "save"))).status == 303
    assert (await world.cases.editing.added())[0].table == TABLE | {"title": "<b>Desa</b>"}


async def test_a_new_secret_is_named_and_not_shown(world: World, operator: Client) -> None:
    lines = [
        'headers = { X-Key = "rahasia" }' if line.startswith("headers") else line
        for line in (await block_of(operator)).splitlines()
    ]
    shown = await review(operator, "\n".join(lines), await mark_of(operator))
    page = LexborHTMLParser(shown.body)
    assert page.css("section[aria-labelledby=changes] p code")[0].text() == "headers"
    assert "rahasia" not in page.css("section[aria-labelledby=changes]")[0].text()
    assert (await operator.send("POST", PATH, FORM, form_of(shown, "save"))).status == 303
    assert (await world.cases.editing.added())[0].table == TABLE | {"headers": {"X-Key": "rahasia"}}


async def test_order_alone_changes_nothing(operator: Client) -> None:
    head, *rest = (await block_of(operator)).splitlines()
    shown = await review(operator, "\n".join([head, *reversed(rest)]), await mark_of(operator))
    page = LexborHTMLParser(shown.body)
    assert page.css("p.empty")[0].text() == "Nothing would change."
    assert not page.css("button[value=save]")


async def test_what_another_operator_changed_meanwhile_is_not_overwritten(
    world: World, operator: Client
) -> None:
    block = (await block_of(operator)).replace("5m", "10m")
    first = await review(operator, block, await mark_of(operator))
    other = TABLE | {"title": "Of another"}
    with acting("<i>night</i>"):
        await world.cases.editing.put({"source": {"desa": other}})
    refused = await operator.send("POST", PATH, FORM, form_of(first, "save"))
    assert refused.status == 409
    said = LexborHTMLParser(refused.body).css("[role=alert]")[0].text()
    assert "<i>night</i> changed this table meanwhile" in said
    assert '− title = "Of another"' in lines_of(refused)
    assert (await world.cases.editing.added())[0].table == other
    assert (await operator.send("POST", PATH, FORM, form_of(refused, "save"))).status == 303, "it was seen"
    assert (await world.cases.editing.added())[0].table == TABLE | {"schedule": {"every": "10m"}}


async def test_what_was_removed_meanwhile_does_not_come_back(world: World, operator: Client) -> None:
    block = (await block_of(operator)).replace("5m", "10m")
    first = await review(operator, block, await mark_of(operator))
    await world.cases.editing.remove(("source", "desa"))
    refused = await operator.send("POST", PATH, FORM, form_of(first, "save"))
    page = LexborHTMLParser(refused.body)
    assert refused.status == 422
    assert "is not configured" in page.css("#fault")[0].text()
    assert page.css("#block")[0].text().strip() == block.strip(), "what was typed stays"
    assert await world.cases.editing.added() == ()


async def test_every_fault_stands_at_its_line(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    (tmp_path / "main.toml").write_text('[site]\ntitle = "Warta"\n', "utf-8")
    live = LiveConfiguration(LocalConfiguration(tmp_path, {}), store, clock, process="host:1")
    world = World(store, clock, live=live)
    table = {"title": "Desa", "kind": "feed", "url": "https://desa.example/rss", "schedule": {"every": "5m"}}
    await world.cases.editing.put({"source": {"desa": table}})
    block = (
        '[source.desa]\ntitle = "Desa"\nkind = "feed"\n# a note\nurl = "https://desa.example/rss"\n'
        'colour = "red"\n[source.desa.schedule]\nevery = "soon"\n'
    )
    async with client_of(world.ops_app(), OPS) as operator:
        refused = await review(operator, block, await mark_of(operator))
        deep = await review(operator, "[source.desa]\nx = " + "[" * 9000, await mark_of(operator))
    page = LexborHTMLParser(refused.body)
    told = [" ".join(one.text().split()) for one in page.css("#fault li")]
    assert refused.status == 422
    assert len(told) == 2
    assert any(one.startswith("Line 6: source.desa.colour: ") for one in told)
    assert any(one.startswith("Line 8: source.desa.schedule.every: ") for one in told)
    wrong = [" ".join(one.text(separator=" ").split()) for one in page.css(".toml .wrong")]
    assert wrong == ['▶ 6 colour = "red"', '▶ 8 every = "soon"']
    assert page.css("#block")[0].text().strip() == block.strip()
    assert (await world.cases.editing.added())[0].table == table
    assert deep.status == 422


async def test_a_page_opens_only_the_added_tables_that_it_shows(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "main.toml").write_text(
        '[site]\ntitle = "Warta"\n[source.s-0001]\ntitle = "Kota"\nkind = "feed"\n'
        'url = "https://kota.example/rss"\nschedule = { every = "5m" }\n',
        "utf-8",
    )
    live = LiveConfiguration(LocalConfiguration(tmp_path, {}), store, clock, process="host:1")
    world = World(store, clock, live=live)
    rows = [
        AddedTable(kind="source", id=f"s-{number:04}", table={"title": "T" * 80}, by="ops", at=clock())
        for number in range(ON_PAGE + 50)
    ]
    await store.configuration.add(rows, (), after=0)
    last = rows[-1].id
    await store.connection.call(
        "HSET", Keys(store.again.namespace).configuration_added(), f"source:{last}", "not sealed"
    )
    with pytest.raises(SealError):
        await store.configuration.load()
    async with client_of(world.ops_app(), OPS) as operator:
        first = await operator.get("/admin/configuration", ENGLISH)
        one = await operator.get("/admin/configuration/source/s-0120", ENGLISH)
        gone = await operator.get("/admin/configuration/source/s-9999", ENGLISH)
    page = LexborHTMLParser(first.body)
    names = [row.text() for row in page.css("section[aria-labelledby=added] tbody th")]
    assert names == [f"source.s-{number:04}" for number in range(ON_PAGE)]
    assert page.css(".and-more a")[0].attributes["href"] == "?from=source.s-0100"
    assert [
        "the files have it, too" in row.text() for row in page.css("section[aria-labelledby=added] tbody tr")
    ][:3] == [
        False,
        True,
        False,
    ]
    assert len(first.body) < 100_000
    assert [one.status, gone.status] == [200, 404]
