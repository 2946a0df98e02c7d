"""Lists of feeds: in as sources, out as feeds, through the real program."""

import json
import tomllib
from pathlib import Path

import pytest
from warm_program import run

from syndicator.gather.listings.opml import read_opml
from syndicator.settings import load

LIST = """<opml version="2.0"><body>
<outline text="Ekonomi">
<outline text="Kabar Bisnis" xmlUrl="https://bisnis.example/rss" htmlUrl="https://bisnis.example/" language="id"/>
<outline text="Kabar Bisnis" xmlUrl="feed://lain.example/rss" language="bahasa indonesia"/>
</outline>
<outline text="Wire again" xmlUrl="https://WIRE.example:443/rss#top"/>
<outline text="Twice" xmlUrl="https://bisnis.example/rss"/>
<outline text="Ours" xmlUrl="https://feeds.example/feeds/latest.rss"/>
<outline text="Bad \x1b[31m" xmlUrl="javascript:alert(1)"/>
<outline text="Secret" xmlUrl="https://me:pw@secret.example/rss"/>
<outline xmlUrl="https://untitled.example/rss"/>
</body></opml>""".replace("\x1b", "&#x9b;")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.toml").write_text(
        """
[site]
public_url = "https://feeds.example"
[source.wire]
title = "Wire"
kind = "feed"
url = "https://wire.example/rss"
section = "Dunia"
schedule = { every = "5m" }
[feed.latest]
title = "Terbaru"
[feed.desk]
title = "Meja"
private = true
""",
        "utf-8",
    )
    (tmp_path / "My list.opml").write_text(LIST, "utf-8")
    return folder


async def test_a_list_becomes_sources_that_the_configuration_takes(config: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "My list.opml")
    code, out, err = await run(config, "opml", "import", file)
    assert code == 1  # two of them cannot be taken
    sources = tomllib.loads(out)["source"]
    assert sources["kabar-bisnis"] == {
        "title": "Kabar Bisnis",
        "kind": "feed",
        "url": "https://bisnis.example/rss",
        "home_url": "https://bisnis.example/",
        "language": "id",
        "section": "Ekonomi",
        "schedule": {"adaptive": True},
    }
    assert sources["kabar-bisnis-2"]["url"] == "http://lain.example/rss"
    assert "language" not in sources["kabar-bisnis-2"]
    assert sources["untitled-example"]["title"] == "untitled.example"
    assert len(sources) == 3
    assert "Wire again: is gathered already, as [source.wire]" in err
    assert "Twice: stands there twice: it is [source.kabar-bisnis]" in err
    assert "Ours: is a feed of our own" in err
    assert ":9: " in err
    assert "url is not an http or https URL" in err
    assert "holds a name or password" in err
    assert "pw" not in err.replace("password", "")
    assert "\x9b" not in err
    assert "3 sources, 3 left out, 2 faults" in err


async def test_it_can_be_written_and_nothing_is_ever_overwritten(config: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "My list.opml")
    code, out, _ = await run(config, "opml", "import", file, "--write", "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (1, False)
    assert told["written"] == str(config / "opml-my-list.toml")
    assert [one["id"] for one in told["items"]] == ["kabar-bisnis", "kabar-bisnis-2", "untitled-example"]
    assert [one["reason"][:8] for one in told["skipped"]] == ["is gathe", "stands t", "is a fee"]
    assert [one["key"] for one in told["errors"]] == ["line 9", "line 10"]
    settings = load(config, {})
    assert settings.sources.keys() == {"wire", "kabar-bisnis", "kabar-bisnis-2", "untitled-example"}
    again = json.loads((await run(config, "opml", "import", file, "--write", "--json"))[1])
    assert (again["items"], again["written"]) == ([], None)
    (config / "opml-other.toml").write_text("# mine\n", "utf-8")
    (tmp_path / "other.opml").write_text(
        '<opml><body><outline text="o" xmlUrl="https://o.example/"/></body></opml>', "utf-8"
    )
    code, out, _ = await run(config, "opml", "import", str(tmp_path / "other.opml"), "--write", "--json")
    assert (code, json.loads(out)["written"]) == (0, str(config / "opml-other-2.toml"))
    assert (config / "opml-other.toml").read_text("utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("<rss/>", "this is not OPML"),
        ('<!DOCTYPE o [<!ENTITY a "b">]><opml/>', "declares entities"),
    ],
)
async def test_what_is_no_list_is_refused_in_one_document(
    config: Path, tmp_path: Path, content: str | None, says: str
) -> None:
    file = tmp_path / "x.opml"
    if content is not None:
        file.write_text(content, "utf-8")
    code, out, _ = await run(config, "opml", "import", str(file), "--json")
    assert code in {1, 2}
    (error,) = json.loads(out)["errors"]
    assert says in error["reason"]


async def test_who_has_no_configuration_yet_can_begin_with_a_list(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "l.opml").write_text(
        '<opml><body><outline text="o" xmlUrl="https://o.example/"/></body></opml>', "utf-8"
    )
    code, _, err = await run(folder, "opml", "import", str(tmp_path / "l.opml"), "--write")
    assert code == 0, err
    assert load(folder, {}).sources.keys() == {"o"}


async def test_feeds_and_sources_go_out_and_come_in_again(config: Path) -> None:
    _, out, _ = await run(config, "opml", "export")
    feeds = read_opml(out.encode())
    assert [one.url for one in feeds.outlines] == ["https://feeds.example/feeds/latest.rss"]
    _, out, _ = await run(config, "opml", "export", "--sources")
    (source,) = read_opml(out.encode()).outlines
    assert (source.url, source.title, source.folder) == ("https://wire.example/rss", "Wire", "Dunia")
