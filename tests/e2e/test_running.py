"""The program as a user starts it: up by itself, the same after a restart, well-behaved in every arrangement."""

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import feedparser
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from e2e.conftest import Start, articles
from support import until
from warm_program import run

from syndicator.sample.server import Sample

pytestmark = pytest.mark.timeout(180)


async def get(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200, url
        return await answer.text()


async def feed(url: str, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(await get(f"{url}/feeds/{name}.json"))["items"]
    return items


async def test_everything_on_the_portals_comes_out_and_a_restart_repeats_and_loses_nothing(
    start: Start, config: Path, sample: Sample
) -> None:
    program = await start(config, "run")
    url = await program.ready()
    await until(lambda: any(event["event"] == "feeds_ranked" for event in program.events))
    await until(lambda: sample.inbox.distinct >= 30)
    for kind in ("rss", "atom"):
        parsed = feedparser.parse(await get(f"{url}/feeds/latest.{kind}"))
        assert not parsed.bozo
        assert len(parsed.entries) >= 20
    city = [item for item in await feed(url, "city") if item["url"].startswith(sample.city_url)]
    assert len(city) >= 20
    for item in city:
        assert item["title"]
        assert item["authors"][0]["name"]
        assert item["image"].startswith(sample.city_url)
        assert "<blockquote>" in item["content_html"]
        assert item["tags"]
        assert item["date_published"]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/feeds/latest.rss") as answer:
            etag = answer.headers["ETag"]
        async with session.get(f"{url}/feeds/latest.rss", headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304
    before = {item["id"]: item for item in await feed(url, "latest")}
    popular = [item["id"] for item in await feed(url, "popular")]
    assert popular
    assert await program.stop() == 0
    assert program.faults() == []
    (token,) = re.findall(r"synd_[0-9a-f]{48}", "\n".join(program.other_lines))
    assert token not in json.dumps(program.events)
    kept_in = config.parent / "data" / "admin.token"
    assert str(kept_in) in "\n".join(program.other_lines)
    assert (kept_in.stat().st_mode & 0o777, kept_in.read_text("utf-8").strip()) == (0o600, token)
    code, out, _ = await run(config, "tokens", "show", "first-admin", "--value")
    assert (code, out.strip()) == (0, token)

    events = sample.inbox.distinct
    fresh = sample.world.publish()
    program = await start(config, "run")
    url = await program.ready()
    await until(lambda: sample.inbox.distinct > events)
    # That may be what was on its way at the stop: the new article comes by and by.
    after = await until(
        lambda: feed(url, "latest"), lambda items: any(item["id"] not in before for item in items)
    )
    new = [item for item in after if item["id"] not in before]
    assert [item["title"] for item in new] == [sample.world.city_text(fresh).title]
    kept = {item["id"]: item["date_published"] for item in after}
    assert {name: item["date_published"] for name, item in before.items()}.items() <= kept.items()
    assert set(popular) <= {item["id"] for item in await feed(url, "popular")}
    assert await program.stop() == 0
    assert "synd_" not in program.told(), "the first start alone prints a token for the administrator"


async def test_one_round_by_hand(config: Path, sample: Sample) -> None:
    code, out, err = await run(config, "once", "gather", "--all", "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["totals"]["new"] >= 24
    assert {source["status"] for source in result["sources"].values()} == {"ok"}
    code, out, err = await run(config, "once", "deliver", "--json")
    assert code == 0, err
    told = [article for article in await articles(config) if not article["copy_of"]]
    assert sample.inbox.distinct == len(told)
    code, out, err = await run(config, "once", "rank", "--json")
    assert code == 0, err
    code, out, err = await run(config, "stats")
    counts = json.loads(out)
    assert counts["deliveries"]["delivered"] == len(told)
    code, out, err = await run(config, "stories", "list", "--limit", "0", "--json")
    assert counts["stories"] == len(json.loads(out)["items"]) > 0
    code, out, err = await run(config, "once", "gather", "--json")
    assert json.loads(out)["totals"]["failed"] == 0


async def test_several_processes_share_one_port_and_one_redis(
    start: Start, config: Path, sample: Sample
) -> None:
    (config / "processes.toml").write_text("[work]\nprocesses = 2\n", "utf-8")
    rest = (config / "rest.toml").read_text("utf-8")
    async with TestServer(web.Application()) as free:
        port = free.make_url("").port
    (config / "rest.toml").write_text(
        rest.replace("port = 0\nops", f"port = {port}\nprocesses = 2\nops"), "utf-8"
    )
    program = await start(config, "run")
    url = await program.ready()
    await until(lambda: sample.inbox.distinct >= 24)
    await until(lambda: feed(url, "latest"), lambda items: len(items) >= 20)
    await until(lambda: len([event for event in program.events if event["event"] == "ready"]) == 3)
    assert await program.stop() == 0
    assert program.faults() == []


async def test_behind_a_proxy_with_a_prefix_every_url_is_right(
    start: Start, config: Path, sample: Sample
) -> None:
    async with proxied("/berita") as (public_url, target):
        (config / "site.toml").write_text(f'[site]\npublic_url = "{public_url}"\n', "utf-8")
        rest = (config / "rest.toml").read_text("utf-8")
        trusted = 'port = 0\ntrusted_proxies = ["127.0.0.0/8"]\nops'
        (config / "rest.toml").write_text(rest.replace("port = 0\nops", trusted), "utf-8")
        program = await start(config, "run")
        await until(lambda: any("listening" in event for event in program.events))
        target.append(next(event["listening"] for event in program.events if "listening" in event))
        await until(lambda: sample.inbox.distinct >= 24)
        page = await get(f"{public_url}/")
        links = set(re.findall(r'(?:href|src|value)="([^"#]+)"', page))
        own = {urljoin(f"{public_url}/", link) for link in links}
        own = {link for link in own if link.startswith(public_url.rsplit("/", 1)[0])}
        assert {f"{public_url}/feeds/latest.rss", f"{public_url}/feeds/latest"} <= own
        for link in sorted(own):
            assert link.startswith(public_url), link
            await get(link)
        parsed = feedparser.parse(await get(f"{public_url}/feeds/latest.atom"))
        assert f"{public_url}/feeds/latest.atom" in [
            link.href for link in parsed.feed.links if link.rel == "self"
        ]
        assert await program.stop() == 0


@asynccontextmanager
async def proxied(prefix: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A reverse proxy that strips its prefix and tells the client's address."""
    target: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        headers = {"X-Forwarded-For": "203.0.113.9", "Host": "internal.example"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(target[0] + request.path_qs.removeprefix(prefix), headers=headers) as answer,
        ):
            return web.Response(
                body=await answer.read(),
                status=answer.status,
                headers={"Content-Type": answer.headers["Content-Type"]},
            )

    app = web.Application()
    app.router.add_get(prefix + "/{path:.*}", forward)
    async with TestServer(app) as server:
        yield str(server.make_url(prefix)), target


async def test_a_taken_port_is_named_with_a_remedy(config: Path) -> None:
    async with TestServer(web.Application()) as other:
        port = other.make_url("").port
        rest = (config / "rest.toml").read_text("utf-8")
        (config / "rest.toml").write_text(rest.replace("port = 0\nops", f"port = {port}\nops"), "utf-8")
        code, _, err = await run(config, "serve")
    assert code == 1
    assert str(port) in err
    assert "[server] port" in err


async def test_a_broken_configuration_is_told_whole(config: Path) -> None:
    (config / "broken.toml").write_text(
        '[source.one]\ntitle = "x"\nkind = "fed"\nurl = "ftp://x"\nschedule = { every = "soon" }\n', "utf-8"
    )
    for command in (("check",), ("run",), ("once", "gather")):
        code, _, err = await run(config, *command)
        assert code == 2
        for word in ("source.one.kind", "source.one.url", "source.one.schedule"):
            assert word in err
    code, out, _ = await run(config, "check", "--json")
    assert (code, json.loads(out)["ok"]) == (2, False)
    assert len(json.loads(out)["errors"]) >= 3


async def several(config: Path) -> None:
    """Make `run` a family: one server more, one worker more."""
    rest = (config / "rest.toml").read_text("utf-8")
    async with TestServer(web.Application()) as free:
        port = free.make_url("").port
    own = f"[work]\nprocesses = 2\n[server]\nport = {port}\nprocesses = 2\nops"
    (config / "rest.toml").write_text(rest.replace("[server]\nport = 0\nops", own), "utf-8")


def children_of(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text("utf-8")
    return [int(word) for word in text.split()]


def arguments(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_text("utf-8").split("\0")


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_killed_parent_leaves_no_process_behind(start: Start, config: Path) -> None:
    await several(config)
    program = await start(config, "run")
    await until(lambda: len([event for event in program.events if event["event"] == "ready"]) == 3)
    family = [one for one in children_of(program.process.pid) if "syndicator" in arguments(one)]
    assert len(family) == 2
    for one in family:
        assert "--log-json" in arguments(one)
        assert arguments(one)[arguments(one).index("--log-level") + 1] == "info"
    program.process.kill()
    await until(lambda: not any(alive(one) for one in family))
