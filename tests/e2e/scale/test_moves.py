"""Moves from one server to Sentinel, to a cluster, and back, with data in place: nothing changes, nothing is lost."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import permutations
from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Program, Start, articles
from e2e.crashes.test_crashes import published, settle
from redis_cluster import redis_cluster
from redis_processes import DURABLE, RedisProcess, sentinel_group, watched
from support import until
from warm_program import run

from syndicator.sample.server import Sample

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

PUBLIC = ("latest.rss", "latest.atom", "latest.json", "city.rss", "desk.json")
_REPLICATED = ("min-replicas-to-write 1", "min-replicas-max-lag 10")
_DESK = (
    '[site]\npublic_url = "https://news.example"\n[feed.desk]\ntitle = "Meja"\nsize = 100\nprivate = true\n'
)


@asynccontextmanager
async def place_of(kind: str, folder: Path) -> AsyncIterator[str | None]:
    """Have a place for data run; yield its URL, None for the embedded server."""
    async with AsyncExitStack() as stack:
        if kind == "sentinel":
            group = await stack.enter_async_context(sentinel_group(folder, settings=_REPLICATED))
            await group.settled()
            yield group.url
        elif kind == "cluster":
            yield (await stack.enter_async_context(redis_cluster(folder))).url
        else:
            yield None


def configured(config: Path, folder: Path, url: str | None) -> Path:
    """Write the same configuration for another machine: its data are in the folder and at the URL."""
    shutil.copytree(config, folder / "config")
    rest = folder / "config" / "rest.toml"
    lines = rest.read_text("utf-8").splitlines()
    store = ["[store]", f'data_dir = "{folder}/data"', *([f'url = "{url}"'] if url else ())]
    at = lines.index("[store]")
    rest.write_text("\n".join((*lines[:at], *store, *lines[at + 2 :], _DESK)), "utf-8")
    return rest.parent


async def behave(sample: Sample, **how: int) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(f"{sample.partner_url}/behave", json=how)


async def waiting(config: Path) -> set[str]:
    """Return the ids of the events that wait for the partner."""
    code, out, err = await run(config, "deliveries", "list", "--limit", "0", "--json")
    assert code == 0, err
    return {one["event"] for one in json.loads(out)["items"]}


async def new_token(config: Path) -> str:
    """Make a token that opens the private feed."""
    code, out, err = await run(config, "tokens", "add", "mitra", "--feed", "desk", "--json")
    assert code == 0, err
    return str(json.loads(out)["token"])


async def bodies(url: str, token: str) -> list[bytes]:
    """Read every feed as a reader who has the token."""
    found = list[bytes]()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for name in PUBLIC:
            async with session.get(f"{url}/feeds/{name}") as answer:
                assert answer.status == 200, name
                found.append(await answer.read())
    return found


async def gather_all(config: Path, sample: Sample) -> None:
    """Wait until all that was published is stored, and some of it waits for the partner."""
    wanted = await published(sample)
    await until(lambda: articles(config), lambda found: {one["url"] for one in found} >= wanted)
    await until(lambda: waiting(config))


async def listening(web: Program) -> str:
    """Wait until a web server is up; return where it listens, which is not where the site says that it is."""
    await web.ready()
    return next(str(event["listening"]) for event in web.events if event["event"] == "ready")


async def served(start: Start, config: Path, token: str) -> list[bytes]:
    """Return every feed as a web server gives it while no worker runs."""
    web = await start(config, "serve")
    found = await bodies(await listening(web), token)
    assert await web.stop() == 0, web.told()
    return found


@pytest.mark.parametrize("move", [*permutations(("one", "sentinel", "cluster"), 2)], ids="-".join)
async def test_a_move_by_back_up_keeps_feeds_tokens_and_deliveries(
    start: Start, config: Path, sample: Sample, tmp_path: Path, move: tuple[str, str]
) -> None:
    before, after = move
    await behave(sample, status=503)
    async with place_of(before, tmp_path / "a-redis") as url:
        first = configured(config, tmp_path / "a", url)
        program = await start(first, "run")
        await program.ready()
        for _ in range(5):
            sample.world.publish()
        await gather_all(first, sample)
        assert await program.stop() == 0, program.told()
        token = await new_token(first)
        shown = await served(start, first, token)
        waited = await waiting(first)
        assert (await run(first, "backup", str(tmp_path / "now.syn")))[0] == 0
    async with place_of(after, tmp_path / "b-redis") as url:
        second = configured(config, tmp_path / "b", url)
        (tmp_path / "b" / "data").mkdir(mode=0o700)
        shutil.copy(tmp_path / "a" / "data" / "seal.key", tmp_path / "b" / "data")
        code, _, err = await run(second, "restore", str(tmp_path / "now.syn"))
        assert code == 0, err
        assert await waiting(second) == waited
        assert await served(start, second, token) == shown
        await behave(sample)
        worker = await start(second, "work")
        await worker.ready()
        sample.world.publish()
        await settle(second, sample)
        assert waited <= {one.id for one in sample.inbox.newest_first()}
        assert await worker.stop() == 0, worker.told()
        assert worker.faults() == []


async def test_one_server_becomes_the_primary_of_a_group_while_all_goes_on(
    start: Start, config: Path, sample: Sample, tmp_path: Path
) -> None:
    """Replicas and sentinels join it, processes change one by one, and then the first server is lost."""
    server = RedisProcess(tmp_path / "alone", DURABLE)
    await server.start()
    try:
        first = configured(config, tmp_path / "a", f"redis://{server.place}/0")
        before = [await start(first, "serve"), await start(first, "work")]
        await before[0].ready()
        await settle(first, sample)
        token = await new_token(first)
        async with watched(tmp_path / "group", server, settings=_REPLICATED) as group:
            await group.settled()
            second = configured(config, tmp_path / "b", group.url)
            shutil.copytree(tmp_path / "a" / "data", tmp_path / "b" / "data")
            after = [await start(second, "serve"), await start(second, "work")]
            url = await listening(after[0])
            for program in before:
                assert await program.stop() == 0, program.told()
            await server.ask("CONFIG", "SET", "min-replicas-to-write", 1)
            sample.world.publish()
            await settle(second, sample)
            shown = await bodies(url, token)
            server.kill()
            await group.primary(besides=server)
            assert await bodies(url, token) == shown
            sample.world.publish()
            await settle(second, sample)
            for program in after:
                assert await program.stop() == 0, program.told()
                assert program.faults() == []
    finally:
        server.kill()
