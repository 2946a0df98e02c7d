"""Sources and feeds that are added, changed and removed while the service runs, beside its files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
from e2e.conftest import Start, articles
from e2e.test_live_configuration import answers_with, status
from support import until
from warm_program import run

from syndicator.sample.server import Sample

TABLE = {"title": "Third", "kind": "feed", "url": "http://127.0.0.1:9/rss", "schedule": {"every": "1h"}}


async def admin_token(config: Path) -> str:
    code, out, err = await run(config, "tokens", "add", "ops", "--scope", "admin", "--json")
    assert code == 0, err
    token: str = json.loads(out)["token"]
    return token


class Api:
    """The API with an administrator's token."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers=self._headers) as client,
            client.request(method, f"{self._base}/{path}", json=body) as answer,
        ):
            return answer.status, await answer.json()


async def listed(config: Path) -> dict[str, Any]:
    code, out, err = await run(config, "sources", "list", "--json")
    assert code == 0, err
    return {item["id"]: item for item in json.loads(out)["items"]}


async def test_a_source_and_its_feed_come_and_go_over_the_api(start: Start, config: Path) -> None:
    program = await start(config, "run")
    url = await program.ready()
    api = Api(url, await admin_token(config))
    assert (await api.ask("PUT", "sources/third", TABLE))[0] == 200
    code, answer = await api.ask("PUT", "feeds/third", {"title": "Third", "filter": {"source": ["third"]}})
    assert (code, answer["by"]) == (200, "ops")
    await answers_with(f"{url}/feeds/third.rss", 200)
    await until(lambda: listed(config), lambda found: found.get("third", {}).get("failing"))
    # The feed needs the source: both stay.
    code, answer = await api.ask("DELETE", "sources/third")
    assert (code, answer["errors"][0]["key"]) == (422, "feed.third.filter.source")
    assert (await api.ask("DELETE", "feeds/third"))[0] == 200
    assert (await api.ask("DELETE", "sources/third"))[0] == 200
    assert (await api.ask("DELETE", "sources/third"))[0] == 404
    await until(lambda: listed(config), lambda found: "third" not in found)
    await until(lambda: status(f"{url}/feeds/third.rss"), lambda code: code in {404, 410})
    code, answer = await api.ask("GET", "audit")
    assert [(item["what"], item["name"]) for item in answer["items"]][:4] == [
        ("source.removed", "third"),
        ("feed.removed", "third"),
        ("feed.added", "third"),
        ("source.added", "third"),
    ]
    assert await program.stop() == 0


async def test_what_is_wrong_is_refused_with_every_reason(start: Start, config: Path) -> None:
    program = await start(config, "run")
    api = Api(await program.ready(), await admin_token(config))
    code, answer = await api.ask("PUT", "sources/third", {"title": "Third", "kind": "blog", "colour": "red"})
    assert code == 422
    assert {fault["key"] for fault in answer["errors"]} == {
        "source.third.kind", "source.third.url", "source.third.colour",
    }  # fmt: skip
    code, answer = await api.ask("PUT", "sources/berita-kota", TABLE)
    assert code == 409
    assert "files" in answer["detail"]
    code, answer = await api.ask("DELETE", "sources/berita-kota")
    assert code == 409
    assert "third" not in await listed(config)


async def test_files_win_over_what_was_added_visibly(start: Start, config: Path, tmp_path: Path) -> None:
    program = await start(config, "run")
    url = await program.ready()
    added = tmp_path / "third.toml"
    added.write_text(
        '[feed.third]\ntitle = "Added"\nsize = 7\n[source.third]\ntitle = "Third"\nkind = "feed"\n'
        'url = "http://127.0.0.1:9/rss"\nheaders = { X-Key = "a secret" }\n',
        "utf-8",
    )
    code, out, err = await run(config, "config", "add", str(added))
    assert code == 0, err
    await answers_with(f"{url}/feeds/third.rss", 200)
    code, exported, _ = await run(config, "config", "export")
    assert tomllib.loads(exported) == tomllib.loads(added.read_text("utf-8"))
    (config / "third.toml").write_text('[feed.third]\ntitle = "Of the files"\n', "utf-8")

    async def title() -> str:
        async with aiohttp.ClientSession() as client, client.get(f"{url}/feeds/third.json") as answer:
            return str((await answer.json(content_type=None)).get("title"))

    await until(title, lambda found: "Of the files" in found)
    code, out, _ = await run(config, "config", "show", "--json")
    shown = json.loads(out)
    assert shown["in_files_too"] == ["feed.third"]
    assert "a secret" not in out
    assert "a secret" not in (await run(config, "audit", "list", "--json"))[1]
    code, out, err = await run(config, "config", "remove", "feed.third")
    assert code == 0, err
    code, out, err = await run(config, "config", "remove", "source.berita-kota")
    assert code == 1
    assert "files" in err


async def test_what_was_added_survives_a_restart(start: Start, config: Path, tmp_path: Path) -> None:
    added = tmp_path / "third.toml"
    added.write_text('[feed.third]\ntitle = "Added"\n', "utf-8")
    program = await start(config, "run")
    await program.ready()
    assert (await run(config, "config", "add", str(added)))[0] == 0
    assert await program.stop() == 0
    program = await start(config, "run")
    await answers_with(f"{await program.ready()}/feeds/third.rss", 200)


async def carried(config: Path, source: str) -> list[dict[str, Any]]:
    code, out, _ = await run(config, "articles", "list", "--source", source, "--json")
    return list(json.loads(out)["items"]) if code == 0 else []


async def test_a_source_is_found_added_and_removed_by_its_address(
    start: Start, config: Path, sample: Sample
) -> None:
    sources = config / "sources.toml"
    table, rest = sources.read_text("utf-8").split("[source.kabar-nusantara]")
    sources.write_text(table, "utf-8")
    program = await start(config, "run")
    url = await program.ready()
    address = rest.split('url = "')[1].split('"')[0]
    code, out, err = await run(config, "sources", "add", address, "--id", "wire")
    assert code == 0, err
    await answers_with(f"{url}/feeds/wire.rss", 200)
    code, out, err = await run(config, "sources", "show", "wire")
    assert code == 0, err
    assert address in out
    brought = {item["id"] for item in await until(lambda: carried(config, "wire")) if not item["copy_of"]}
    code, out, err = await run(config, "sources", "remove", "wire", "--purge")
    assert code == 0, err
    assert out.startswith("Removed: source wire and feed wire.\nWithdrawn: ")
    assert brought.isdisjoint(item["id"] for item in await articles(config))
    code, out, err = await run(config, "sources", "remove", "berita-kota")
    assert code == 1
    assert "stands in the files" in err
