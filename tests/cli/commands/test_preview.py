"""`syndicator preview`: what it finds, the block that it writes, what it compares, what it keeps."""

import json
import shlex
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cli.cli_world import configured
from gather.portal_pages import Story
from support import answering
from warm_program import run

from syndicator.settings import load

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar "Kota" Kita</title>
<link>{url}/</link><language>id</language>{items}</channel></rss>"""
ITEM = "<item><title>{title}</title><link>{url}/read/{n}/pasar</link><description>{lead}</description></item>"
NEWS = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>"""
NEWS_URL = """<url><loc>{url}/read/{n}/pasar</loc><news:news><news:publication><news:name>Kota</news:name>
<news:language>id</news:language></news:publication><news:publication_date>2025-11-1{n}T10:00:00+07:00</news:publication_date>
<news:title>Pasar {n} dibuka</news:title></news:news></url>"""


class Town:
    """A portal whose pages a test may change."""

    def __init__(self) -> None:
        self.url = ""
        self.pages: dict[str, tuple[str, str]] = {}
        self.moved: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.Response:
        if request.path in self.moved:
            raise web.HTTPMovedPermanently(self.moved[request.path])
        if request.path not in self.pages:
            raise web.HTTPNotFound
        media_type, text = self.pages[request.path]
        headers = {"Set-Cookie": "session=very-private-words"}
        return web.Response(text=text, content_type=media_type, headers=headers)

    def publish(self, *stories: Story) -> None:
        """Fill the list page and an article page for each story."""
        rows = "".join(
            f'<div class="kabar"><h3><a href="/read/{100000 + s.n}/{s.slug}">{s.title}</a></h3>'
            f'<span class="tanggal">{s.long_date}</span></div>'
            for s in stories
        )
        head = "<!doctype html><html lang='id'><head><title>Terkini | Kabar Kota</title></head>"
        self.pages["/berita"] = ("text/html", f"{head}<body><div class='daftar'>{rows}</div></body></html>")
        for s in stories:
            self.pages[f"/read/{100000 + s.n}/{s.slug}"] = ("text/html", self.article(s))

    @staticmethod
    def article(s: Story, extra: str = "") -> str:
        return (
            f"<!doctype html><html lang='id'><body><div class='artikel'><h1>{s.title}</h1>"
            f"<div class='tanggal'>{s.long_date}</div><div class='penulis'>Penulis: {s.reporter}</div>"
            f"<div class='isi-berita'>{s.text()}{extra}</div></div></body></html>"
        )


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    played = Town()
    async with answering(played.answer) as played.url:
        yield played


@pytest.fixture
def config(tmp_path: Path, town: Town) -> Path:
    return configured(
        tmp_path,
        f"""
[site]
timezone = "Asia/Jakarta"
[source.kota]
title = "Kabar Kota"
kind = "page"
url = "{town.url}/berita"
language = "id"
timezone = "Asia/Jakarta"
schedule = {{ every = "5m" }}
list = {{ item = ".kabar", url = "h3 a", title = "h3 a", date = ".tanggal" }}
article = {{ title = "h1", body = ".isi-berita", date = ".tanggal", authors = ".penulis", quote = "blockquote" }}
[source.warta]
title = "Warta"
kind = "feed"
url = "{town.url}/rss"
schedule = {{ every = "5m" }}
headers = {{ authorization = "Bearer very-private-words" }}
[feed.latest]
title = "Terbaru"
""",
    )


def feed(url: str, *leads: str) -> str:
    items = (ITEM.format(title=f"Pasar {n} dibuka", url=url, n=n, lead=lead) for n, lead in enumerate(leads))
    return FEED.format(url=url, items="".join(items))


async def document(config: Path, *command: str, code: int = 0) -> dict[str, Any]:
    exit_code, out, err = await run(config, "preview", *command, "--json")
    assert exit_code == code, out + err
    told: dict[str, Any] = json.loads(out)
    return told


async def check_block(config: Path, out: str) -> dict[str, Any]:
    """Give the block that is printed, once the whole configuration has been read with it."""
    text = "[source." + out.partition("[source.")[2]
    told = tomllib.loads(text)
    (config / "mine.toml").write_text(text, "utf-8")
    (name,) = told["source"]
    assert name in load(config, {}).sources
    assert name in load(config, {}).feeds
    code, _, err = await run(config, "check")
    assert code == 0, err
    return told


async def test_a_page_is_proposed_as_a_block_that_the_configuration_takes(config: Path, town: Town) -> None:
    town.publish(*map(Story, range(5)))
    code, out, err = await run(config, "preview", f"{town.url}/berita")
    assert code == 0, err
    assert "robots.txt allows this page." in out
    assert "the structure of the page" in out
    assert "3 of 3" in out
    told = await check_block(config, out)
    source = told["source"]["kabar-kota"]
    assert (source["title"], source["kind"], source["timezone"]) == ("Kabar Kota", "page", "Asia/Jakarta")
    assert source["article"]["body"] == ".isi-berita"
    shown = await document(config, "--source", "kabar-kota")
    assert [one["title"] for one in shown["candidates"]] == [Story(n).title for n in range(3)]
    assert [one["authors"] for one in shown["candidates"]] == [[Story(n).reporter] for n in range(3)]


async def test_a_news_sitemap_is_found_by_robots(config: Path, town: Town) -> None:
    town.pages["/"] = ("text/html", "<!doctype html><html><title>Kota</title><body>x</body></html>")
    town.pages["/robots.txt"] = (
        "text/plain",
        f"User-agent: *\nDisallow:\nSitemap: {town.url}/peta-berita.xml\n",
    )
    urls = "".join(NEWS_URL.format(url=town.url, n=n) for n in range(3))
    town.pages["/peta-berita.xml"] = ("application/xml", NEWS.format(urls=urls))
    code, out, err = await run(config, "preview", f"{town.url}/")
    assert code == 0, err
    assert "named in robots.txt" in out
    told = await check_block(config, out)
    (source,) = told["source"].values()
    assert (source["kind"], source["url"]) == ("sitemap", f"{town.url}/peta-berita.xml")
    shown = await document(config, f"{town.url}/peta-berita.xml")
    assert [one["how"] for one in shown["found"]] == ["the address itself"]
    assert len(shown["candidates"]) == 3


async def test_a_feed_gets_a_block_of_a_free_name(config: Path, town: Town) -> None:
    town.pages["/rss"] = ("application/rss+xml", feed(town.url, "Pagi."))
    town.moved["/lama"] = "/rss"
    code, out, err = await run(config, "preview", f"{town.url}/lama")
    assert code == 0, err
    assert f"→ {town.url}/rss (301, for good)" in out
    assert "1 article in the list" in out
    told = await check_block(config, out)
    assert told["source"]["kabar-kota-kita"]["title"] == 'Kabar "Kota" Kita'
    assert "[source.kabar-kota-kita-2]" in (await run(config, "preview", f"{town.url}/rss"))[1]


async def test_the_document_of_a_url(config: Path, town: Town) -> None:
    town.publish(*map(Story, range(4)))
    told = await document(config, f"{town.url}/berita")
    assert told["ok"] is True
    assert {
        "source", "gathered_as", "requested_url", "final_url", "redirects", "canonical_url", "robots", "found", "notes", "title",
        "home_url", "language", "counts", "candidates", "listed", "next_url", "popular", "yields", "missing", "warnings", "block",
    } == told.keys() - {"ok", "items", "next", "errors"}  # fmt: skip
    robots = {"allowed": True, "url": f"{town.url}/berita", "rule": "", "crawl_delay_s": None}
    assert told["robots"] == robots
    (found,) = [one for one in told["found"] if one["problem"] is None]
    assert set(found) == {"kind", "url", "how", "title", "entries", "newest", "problem"}
    assert (found["kind"], found["entries"]) == ("page", 4)
    assert {"key", "selector", "found", "of", "sample"} == set(told["yields"][0])
    assert told["block"].startswith("[source.kabar-kota]\n")


async def test_the_difference_to_what_is_stored(config: Path, town: Town) -> None:
    town.publish(Story(1), Story(2))
    town.pages["/rss"] = ("application/rss+xml", feed(town.url, "Pagi."))
    assert (await run(config, "once", "gather", "--all"))[0] == 0
    stories = Story(1), Story(2), Story(3)
    town.publish(*stories)
    path = f"/read/100001/{Story(1).slug}"
    town.pages[path] = ("text/html", town.article(Story(1), "<p>Tambahan dari redaksi.</p>"))
    told = await document(config, "--source", "kota", "--diff")
    judged = {one["title"]: one for one in told["diff"]}
    assert [judged[story.title]["verdict"] for story in stories] == ["changed", "unchanged", "new"]
    (change,) = judged[Story(1).title]["changes"]
    assert (change["field"], change["kind"]) == ("body", "changed")
    assert change["difference"].endswith("{+Tambahan dari redaksi.+}")
    assert told["missing"] == ["article.quote"]
    code, out, _ = await run(config, "preview", "--source", "kota", "--diff")
    assert code == 0
    assert "1 new, 1 changed, 1 unchanged" in out
    assert "article.quote found nothing" in out
    # Nothing was written: the same again, and as many articles as before.
    assert (await document(config, "--source", "kota", "--diff"))["diff"] == told["diff"]
    _, out, _ = await run(config, "stats")
    assert json.loads(out)["articles"] == 3


async def test_a_second_source_of_an_article_is_told(config: Path, town: Town) -> None:
    town.publish(Story(1), Story(2))
    assert (await run(config, "once", "gather", "--source", "kota"))[0] == 0
    link = f"{town.url}/read/100001/{Story(1).slug}"
    item = f"<item><title>{Story(1).title}</title><link>{link}</link></item>"
    town.pages["/rss"] = ("application/rss+xml", FEED.format(url=town.url, items=item))
    (judged,) = (await document(config, "--source", "warta", "--diff"))["diff"]
    assert (judged["verdict"], judged["owner"], judged["changes"]) == ("duplicate", "kota", [])
    assert (await run(config, "once", "gather", "--source", "warta"))[0] == 0
    _, out, _ = await run(config, "sources", "show", "warta")
    assert "1: 1 duplicate (another source had them first), 0 copies" in out


async def test_a_snapshot_is_read_again_without_the_network(config: Path, town: Town, tmp_path: Path) -> None:
    town.publish(*map(Story, range(4)))
    folder = tmp_path / "snapshots" / "kota"
    code, out, err = await run(config, "preview", "--source", "kota", "--save", str(folder))
    assert code == 0, err
    assert "saved in" in out
    printed = shlex.split(out.splitlines()[-1])
    assert printed == [
        "syndicator", "--config", str(config), "preview", "--source", "kota", "--snapshot", str(folder)
    ]  # fmt: skip
    kept = "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.is_file())
    assert Story(0).paragraphs[1] in kept
    assert "very-private-words" not in kept
    town.pages.clear()
    code, out, err = await run(config, "preview", "--snapshot", str(folder))
    assert code == 0, err
    assert "All is read as expected." in out
    # The selectors change: what they lose is told, and fails.
    text = (config / "all.toml").read_text("utf-8")
    (config / "all.toml").write_text(text.replace('".penulis"', '".reporter"'), "utf-8")
    told = await document(config, "--source", "kota", "--snapshot", str(folder), code=1)
    assert told["ok"] is False
    assert [(one["part"], one["kind"]) for one in told["differences"]] == [("article", "changed")] * 3
    (change,) = told["differences"][0]["changes"]
    assert (change["field"], change["kind"], change["before"]) == ("authors", "lost", Story(0).reporter)
    assert told["missing"] == ["article.authors", "article.quote"]
    # What is read now may be what is wanted.
    code, out, _ = await run(config, "preview", "--snapshot", str(folder), "--accept")
    assert code == 0
    assert "expected from now on" in out
    assert (await document(config, "--snapshot", str(folder)))["differences"] == []
    # What comes in addition is told, and is no failure.
    (config / "all.toml").write_text(text, "utf-8")
    told = await document(config, "--snapshot", str(folder))
    assert {change["kind"] for one in told["differences"] for change in one["changes"]} == {"gained"}


async def test_a_feed_can_be_kept_too(config: Path, town: Town, tmp_path: Path) -> None:
    town.pages["/rss"] = ("application/rss+xml", feed(town.url, "Pagi.", "Sore."))
    folder = tmp_path / "warta"
    assert (await run(config, "preview", "--source", "warta", "--save", str(folder)))[0] == 0
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert [one["lead"] for one in expected["articles"].values()] == ["Pagi.", "Sore."]
    assert (folder / "documents" / "001.xml").exists()
    assert (await run(config, "preview", "--snapshot", str(folder)))[0] == 0


async def test_a_folder_that_is_none_is_refused(config: Path, tmp_path: Path, town: Town) -> None:
    code, _, err = await run(config, "preview", "--source", "kota", "--snapshot", str(tmp_path / "none"))
    assert (code, "is not a snapshot" in err) == (1, True)
    town.publish(*map(Story, range(4)))
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "diary.txt").write_text("x", "utf-8")
    code, _, err = await run(config, "preview", "--source", "kota", "--save", str(taken))
    assert (code, "is not empty" in err) == (1, True)
    assert [path.name for path in taken.iterdir()] == ["diary.txt"]
    (taken / "snapshot.json").write_text('{"format": 1, "source": 3}', "utf-8")
    code, _, err = await run(config, "preview", "--snapshot", str(taken))
    assert (code, "cannot be understood" in err) == (1, True)


@pytest.mark.parametrize(
    ("command", "reason", "remedy"),
    [
        (("http://10.0.0.1/rss",), "blocked", '[egress] allow = ["10.0.0.1:80"]'),
        (("http://portal-that-is-not-there.invalid/",), "dns", "spelled right"),
        (("{url}/nothing",), "http_404", "home page"),
        (("{url}/plain",), "not_a_feed", 'kind = "page"'),
        (("{url}/plain", "--kind", "page"), "not_a_feed: there is no list of articles", 'kind = "page"'),
        (("{url}/data",), "not_a_feed", ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_what_cannot_be_read_is_told_with_a_way_on(
    config: Path, town: Town, command: tuple[str, ...], reason: str, remedy: str
) -> None:
    town.pages["/plain"] = ("text/html", "<!DOCTYPE html><html><p>x</p></html>")
    town.pages["/data"] = ("text/plain", "neither markup nor feed")
    words = [word.format(url=town.url) for word in command]
    code, out, _ = await run(config, "preview", *words, "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["items"]) == (1, False, [])
    (error,) = told["errors"]
    assert error["reason"].startswith(reason)
    assert remedy in error["remedy"]
    code, out, err = await run(config, "preview", *words)
    assert (code, out) == (1, "")
    assert error["reason"] in err


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("portal.example",),
        ("http://portal.example/", "--source", "kota"),
        ("http://portal.example/", "--diff"),
        ("--source", "kota", "--kind", "page"),
        ("--source", "kota", "--accept"),
        ("--source", "kota", "--diff", "--save", "x"),
        ("--source", "kota", "--snapshot", "x", "--diff"),
        ("--source", "kota", "--articles", "0"),
    ],
    ids=" ".join,
)
async def test_options_that_do_not_go_together_are_refused(config: Path, options: tuple[str, ...]) -> None:
    code, out, _ = await run(config, "preview", *options, "--json")
    assert (code, json.loads(out)["ok"]) == (2, False)
