"""A service over Sentinel whose primary is killed ten times while it gathers and delivers."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Start, announced
from e2e.crashes.chaos import FEEDS, Portal, Reader
from e2e.crashes.test_chaos import delivered, settled, tell
from redis_processes import SentinelGroup, sentinel_group
from support import until
from warm_program import run

from syndicator.sample.server import SAMPLE_SECRET, Sample

KILLS = 10
PAUSE_S = (0.2, 0.8)
"""Between two articles."""
GOES_ON_S = 30
"""Of which Sentinel takes 2 to see that a primary is dead, and 1 or 2 to choose another one."""

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[SentinelGroup]:
    """Servers as operators are told to set them up."""
    settings = ("min-replicas-to-write 1", "min-replicas-max-lag 10")
    async with sentinel_group(tmp_path / "group", settings=settings) as started:
        await started.settled()
        yield started


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    opened = Portal(random.Random(11))
    async with opened.open():
        yield opened


@pytest.fixture
def on_sentinel(tmp_path: Path, group: SentinelGroup, portal: Portal, sample: Sample) -> Path:
    """A configuration over one portal, which is asked every second, and one partner."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "all.toml").write_text(
        f'[server]\nport = 0\nops_port = 0\n[store]\nurl = "{group.url}"\ndata_dir = "{tmp_path}/data"\n'
        '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
        f'[endpoint.partner]\nurl = "{sample.partner_url}/hook"\nsecret = "{SAMPLE_SECRET}"\n'
        f"retry = {{ delays = {['1s'] * 20} }}\n".replace("'", '"')
        + f'[source.portal]\ntitle = "Portal"\nkind = "feed"\nurl = "{portal.url}/rss"\n'
        'schedule = { every = "1s" }\n[feed.latest]\ntitle = "Terbaru"\nsize = 5000\nper = "article"\n',
        "utf-8",
    )
    return config


async def test_a_change_that_no_replica_has_is_answered_with_a_warning(
    start: Start, on_sentinel: Path, group: SentinelGroup, tmp_path: Path
) -> None:
    web = await start(on_sentinel, "serve")
    url = await web.ready()
    kept = tmp_path / "data" / "admin.token"
    await until(kept.exists)
    admin = kept.read_text("utf-8").strip()
    primary = await group.primary()
    await primary.ask("CONFIG", "SET", "min-replicas-to-write", 0)
    for command in ("check", "doctor"):
        code, out, told = await run(on_sentinel, command)
        assert (code, "set min-replicas-to-write 1" in told) == (0, True), out + told
    others = [one for one in group.servers if one is not primary]
    headers = {"Authorization": f"Bearer {admin}", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}

    async def made(session: aiohttp.ClientSession, name: str) -> str | None:
        wanted = {"id": name, "scopes": ["read"]}
        async with session.post(f"{url}/api/v1/tokens", json=wanted, headers=headers) as answer:
            assert answer.status == 201
            return answer.headers.get("Syndicator-Warning")

    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        assert await made(session, "a") is None
        async with session.get(f"{url}/api/v1/status", headers=headers) as answer:
            assert (await answer.json())["redis"] == primary.place
        await session.post(f"{url}/admin/sign-in", data={"token": admin}, headers=headers)
        async with session.get(f"{url}/admin/", headers=headers) as page:
            assert primary.place in await page.text()
        _, _, told = await run(on_sentinel, "status", "--port", "8081")
        assert f"The data is in the Redis at {primary.place}." in told
        for one in others:
            one.freeze()
        assert await made(session, "b") == "not-replicated"
        for path, form in (("/tokens", {"id": "c", "scope": "read"}), ("/tokens/a/revoke", {})):
            async with session.post(f"{url}/admin{path}", data=form, headers=headers) as page:
                assert page.status == 200
                assert "no replica of Redis has it yet" in await page.text()
        adding = await start(on_sentinel, "tokens", "add", "d", "--scope", "read")
        assert await adding.wait() == 0
        for one in others:
            one.thaw()
    for program in (web, adding):
        assert any(event["event"] == "redis_not_replicated" for event in program.events)
    assert any(event["event"] == "redis_may_lose_writes" for event in adding.events), "so each start is told"


async def goes_on(portal: Portal, sample: Sample, reader: Reader) -> float:
    """Return after how many seconds an article published from now on is both delivered and shown."""
    begins_at, after = time.monotonic(), len(portal.pieces)
    await until(lambda: any(number >= after for number in delivered(sample)))
    while not any(number >= after for number, _ in await reader.read("latest.json")):
        await asyncio.sleep(0.05)
    return time.monotonic() - begins_at


async def test_a_primary_that_is_killed_ten_times_loses_and_repeats_nothing(
    start: Start, on_sentinel: Path, group: SentinelGroup, portal: Portal, sample: Sample
) -> None:
    web, worker = await start(on_sentinel, "serve"), await start(on_sentinel, "work")
    took_s = list[float]()
    async with aiohttp.ClientSession() as session:
        url = await web.ready()
        publishing = asyncio.create_task(portal.publish_on(PAUSE_S))
        first = Reader(url, session)
        while not all([await first.read(feed) for feed in FEEDS]):
            await asyncio.sleep(0.2)
        reader = Reader(url, session)
        reading = asyncio.create_task(reader.read_on())
        for _ in range(KILLS):
            killed = await group.settled()
            killed.kill()
            took_s.append(await goes_on(portal, sample, reader))
            followed = await group.primary(besides=killed)
            await killed.start("--replicaof", "127.0.0.1", str(followed.port))
        publishing.cancel()
        missing = await settled(portal, reader, sample)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        shown = Counter(number for number, _ in await reader.read("latest.json"))
        async with session.get(f"{url}/feeds/latest.json") as answer:
            ids = [item["id"] for item in (await answer.json())["items"]]
    tell(f"went on after {', '.join(f'{one:.1f}' for one in took_s)} s")
    tell(f"{len(shown)} articles, {sample.inbox.repeats} deliveries repeated, {reader.summary()}")
    assert missing == ""
    assert shown == dict.fromkeys(portal.shown(), 1)
    assert len(set(ids)) == len(shown)
    assert {number: one.ids for number, one in delivered(sample).items() if len(one.ids) > 1} == {}
    assert {url: times for url, times in announced(sample).items() if times > 1} == {}
    assert set(reader.statuses) == {200}
    assert max(took_s) < GOES_ON_S
    for program in (web, worker):
        assert await program.stop() == 0, program.told()
        assert program.faults() == []
        assert "data_lost" not in program.told()
    code, out, _ = await run(on_sentinel, "doctor")
    assert code == 0, out
