"""Where the table of a source, feed, group or endpoint stands, as its page of the console says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import OPS, SPECS, Client, World, client_of, source

from syndicator.live_configuration import LiveConfiguration
from syndicator.model.delivery import Endpoint
from syndicator.model.feed import FeedSpec
from syndicator.model.ids import EndpointId, FeedId
from syndicator.observe.actor import acting
from syndicator.settings.shared_files import LocalConfiguration
from syndicator.store.store import Store

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
INDONESIAN = {"Accept": "text/html", "Accept-Language": "id"}
TAGS = ", ".join(f'"tag-{number}"' for number in range(80))
CITY = f"""# portals of the city
[group.regional]
language = "id"

[source.kota]
title = "<b>Kota</b> \\u202e"
kind = "feed"
url = "https://kota.example/rss?token=geheim&page=1"
group = "regional"
headers = {{ X-Key = "geheim" }}
schedule = {{ every = "5m" }}
tags = [{TAGS}]
"""
MAIN = f"""
[feed.latest]
title = "Terbaru"
description = "{"panjang " * 400}"

[endpoint.partner]
url = "https://partner.example/hook"
secret = "whsec_Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt"
headers = {{ Authorization = "Bearer geheim" }}

[alert.night]
url = "https://hooks.slack.com/services/T0/B0/geheim"
"""
DESA = {"title": "Desa", "kind": "feed", "url": "https://desa.example/rss", "schedule": {"every": "5m"}}


def endpoint(name: str) -> Endpoint:
    return Endpoint(id=EndpointId(name), url="https://partner.example/hook", secrets=())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "config"
    (found / "portals").mkdir(parents=True)
    (found / "portals" / "city.toml").write_text(CITY, "utf-8")
    (found / "main.toml").write_text(MAIN, "utf-8")
    return found


@pytest.fixture
def world(store: Store, clock: ManualClock, folder: Path) -> World:
    return World(
        store,
        clock,
        sources=(replace(source("kota", "Kota"), group="regional"), source("desa", "Desa")),
        specs=(*SPECS, FeedSpec(id=FeedId("desa"), title="Desa")),
        endpoints=(endpoint("partner"), endpoint("night")),
        live=LiveConfiguration(LocalConfiguration(folder, {}), store, clock, process="host:1"),
    )


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def section(operator: Client, path: str, headers: dict[str, str] = ENGLISH) -> tuple[str, str]:
    """Return what the section of a table says, and its block of TOML."""
    answer = await operator.get(path, headers)
    assert answer.status == 200
    assert "geheim" not in answer.text
    assert "Z2Vo" not in answer.text
    (found,) = LexborHTMLParser(answer.body).css("section.table")
    block = found.css("pre")
    text = block[0].text() if block else ""
    for one in found.css("details"):
        one.decompose()
    return " ".join(found.text(separator=" ").split()), text


@pytest.mark.parametrize(
    ("path", "place", "name"),
    [
        ("sources/kota", "portals/city.toml, line 5", "source.kota"),
        ("groups/regional", "portals/city.toml, line 2", "group.regional"),
        ("feeds/latest", "main.toml, line 2", "feed.latest"),
        ("endpoints/partner", "main.toml, line 6", "endpoint.partner"),
        ("endpoints/night", "main.toml, line 11", "alert.night"),
    ],
)
async def test_a_table_of_the_files_says_where_to_change_it(
    operator: Client, path: str, place: str, name: str
) -> None:
    said, block = await section(operator, f"/admin/{path}")
    told = f"In the configuration {place} It is configured in the files: change [{name}] there."
    assert said == told
    assert block.startswith(f"[{name}]\n")


async def test_a_block_is_whole_and_hides_secrets_alone(operator: Client) -> None:
    _, block = await section(operator, "/admin/sources/kota")
    assert 'url = "https://kota.example/rss?token=[hidden]&page=1"\n' in block
    assert 'headers = "[hidden]"\n' in block
    assert '"tag-79"' in block, "not cut"
    assert 'title = "<b>Kota</b> \\u202e"\n' in block, "as text; what turns the writing is escaped"
    _, block = await section(operator, "/admin/feeds/latest")
    assert block.count("panjang") == 400
    _, block = await section(operator, "/admin/endpoints/partner")
    assert block.splitlines()[1:] == [
        'url = "https://partner.example/hook"', 'secret = "[hidden]"', 'headers = "[hidden]"',
    ]  # fmt: skip
    assert (await section(operator, "/admin/endpoints/night"))[1] == '[alert.night]\nurl = "[hidden]"\n'


async def test_it_is_said_in_indonesian(operator: Client) -> None:
    said, _ = await section(operator, "/admin/sources/kota", INDONESIAN)
    assert said == "Di konfigurasi portals/city.toml, baris 5 Diatur di berkas: ubah [source.kota] di sana."


async def test_an_added_table_says_who_added_it_and_when(operator: Client, world: World) -> None:
    group = {"schedule": {"every": "5m"}}
    with acting("<i>night</i>"):
        await world.cases.editing.put(
            {"source": {"desa": DESA}, "feed": {"desa": {"title": "Desa"}}, "group": {"desa": group}}
        )
    for path, name in (("sources", "source"), ("feeds", "feed"), ("groups", "group")):
        said, block = await section(operator, f"/admin/{path}/desa")
        assert "Added beside the files by <i>night</i>, " in said
        assert "2026" in said
        assert said.endswith("Change its configuration")
        assert block.startswith(f"[{name}.desa]\n")
        page = LexborHTMLParser((await operator.get(f"/admin/{path}/desa", ENGLISH)).body)
        (link,) = page.css("section.table a")
        assert link.attributes["href"] == f"/admin/configuration/{name}/desa"
        assert (await operator.get(f"/admin/configuration/{name}/desa", ENGLISH)).status == 200


async def test_where_both_have_it_the_file_wins(world: World, folder: Path) -> None:
    await world.cases.editing.put({"source": {"desa": DESA | {"title": "Of Redis"}}})
    (folder / "more.toml").write_text('[source.desa]\ntitle = "Of the file"\n', "utf-8")
    world.live = LiveConfiguration(LocalConfiguration(folder, {}), world.store, world.clock, process="host:2")
    async with client_of(world.ops_app(), OPS) as newer:
        said, block = await section(newer, "/admin/sources/desa")
    assert "more.toml, line 1" in said
    assert "has no effect: the file wins" in said
    assert block == '[source.desa]\ntitle = "Of the file"\n'


async def test_files_of_another_process_are_named_with_their_version(
    operator: Client, world: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    theirs = '[source.kota]\ntitle = "Theirs"\nkind = "feed"\nurl = "https://kota.example/rss"\n'
    (other / "theirs.toml").write_text(theirs + 'schedule.every = "5m"\n', "utf-8")
    files = LocalConfiguration(other, {})
    assert await LiveConfiguration(files, world.store, world.clock, process="host:2").publish()
    said, block = await section(operator, "/admin/sources/kota")
    assert said.startswith("In the configuration theirs.toml, line 1 Version 1 It is configured in")
    assert 'title = "Theirs"' in block
    said, block = await section(operator, "/admin/feeds/latest")
    assert (block, "No file has it now" in said) == ("", True)
